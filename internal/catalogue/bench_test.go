package catalogue

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// BenchmarkStoredEvents looks at 100,000 stored events (X-04: in under 20 s on two cores).
func BenchmarkStoredEvents(b *testing.B) {
	r := newRig(b)
	r.apply(`
types: [{ type: order, operations: [{ name: placed, fields: { total: number, currency: string, items: "array?", customer: "object?", note: "string?" } }] }]
rules:
  - { name: large, on: { event: "order:placed" }, when: 'payload.data.total > 100 && payload.data.currency == "EUR"', start: { workflow: W, taskQueue: q, input: { total: payload.data.total } } }
  - { name: dollars, on: { event: "order:placed" }, when: 'payload.data.currency == "USD"', start: { workflow: W, taskQueue: q } }
  - { name: vip, on: { event: "order:placed" }, when: payload.data.customer.vip, start: { workflow: W, taskQueue: q } }
`)
	const events = 100_000
	appender := postgres.NewAppender(r.store.DB)
	began := time.Now()
	var records []*signalbox.Record
	for i := range events {
		e := r.event("order", "placed", fmt.Sprintf(`{"total":%d.50,"currency":"EUR","items":[{"sku":"a-%d","n":1},{"sku":"b-%d","n":2}],"customer":{"id":"c-%d","vip":false,"name":"Somebody with a name"},"note":"%0100d"}`, i%200, i, i, i, i))
		plan, err := r.live.Plan(&e, nil)
		require.NoError(b, err)
		e.Decisions = plan.Decisions
		records = append(records, &signalbox.Record{Event: e})
		if len(records) == 1000 {
			appender.Append(records)
			for _, record := range records {
				require.NoError(b, record.Err)
			}
			records = records[:0]
		}
	}
	b.Logf("%d events planned and stored in %s", events, time.Since(began))
	draft := definition(`payload.data.total > 50 && payload.data.customer.id.startsWith("c-1") && size(payload.data.items) == 2`)
	b.Run("preview", func(b *testing.B) {
		for b.Loop() {
			p, err := r.explainer.Preview(b.Context(), r.tenant(), "large", draft, signalbox.Window{Limit: events})
			require.NoError(b, err)
			require.Equal(b, events, p.Scanned)
			require.Positive(b, p.NewlyMatched.Count)
		}
	})
	b.Run("compare", func(b *testing.B) {
		for b.Loop() {
			c, err := r.explainer.Compare(b.Context(), r.tenant(), "vip", "large", signalbox.Window{Limit: events})
			require.NoError(b, err)
			require.Equal(b, events, c.Scanned)
		}
	})
}
