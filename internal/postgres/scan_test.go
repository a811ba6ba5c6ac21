package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// at makes an id of a moment.
func at(t time.Time) signalbox.ID {
	id := signalbox.ID(uuid.Must(uuid.NewV7()))
	first := signalbox.FirstID(t)
	copy(id[:6], first[:6])
	return id
}

func TestScanChoosesByPatternAndWindow(t *testing.T) { // X-04, I7
	db := pgtest.Open(t)
	start := time.Now().Add(-time.Minute)
	var records []*signalbox.Record
	for i, name := range []string{"order:placed", "order:paid", "order_x:paid", "orderly:paid", "stock:low", "order:placed", "or%r:paid"} {
		r := record("", "a")
		r.Event.ID = at(start.Add(time.Duration(i) * time.Second))
		r.Event.Type, r.Event.Operation, _ = strings.Cut(name, ":")
		r.Event.EntityID, r.Event.Omitted, r.Dispatches = fmt.Sprint(i), 3, nil
		records = append(records, r)
	}
	foreign := record("")
	foreign.Event.Tenant, foreign.Event.Type, foreign.Event.Operation = signalbox.ID{7}, "order", "placed"
	stored(t, db, append(records, foreign)...)
	second := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }

	for name, c := range map[string]struct {
		on        []signalbox.Pattern
		window    signalbox.Window
		want      string
		truncated bool
	}{
		"nothing":                {nil, signalbox.Window{Limit: 10}, "", false},
		"one name":               {[]signalbox.Pattern{{Type: "order", Operation: "placed"}}, signalbox.Window{Limit: 10}, "50", false},
		"two names, one twice":   {[]signalbox.Pattern{{Type: "order", Operation: "placed"}, {Type: "stock", Operation: "low"}, {Type: "order", Operation: "placed"}}, signalbox.Window{Limit: 10}, "540", false},
		"all":                    {[]signalbox.Pattern{{Type: "*", Operation: "*"}}, signalbox.Window{Limit: 10}, "6543210", false},
		"any operation":          {[]signalbox.Pattern{{Type: "order", Operation: "*"}}, signalbox.Window{Limit: 10}, "510", false},
		"any type":               {[]signalbox.Pattern{{Type: "*", Operation: "paid"}}, signalbox.Window{Limit: 10}, "6321", false},
		"patterns that overlap":  {[]signalbox.Pattern{{Type: "order*", Operation: "*"}, {Type: "*", Operation: "placed"}}, signalbox.Window{Limit: 10}, "53210", false},
		"_ is no wildcard":       {[]signalbox.Pattern{{Type: "order_*", Operation: "*"}}, signalbox.Window{Limit: 10}, "2", false},
		"% is no wildcard":       {[]signalbox.Pattern{{Type: "or%r*", Operation: "*"}}, signalbox.Window{Limit: 10}, "6", false},
		"the newest few":         {[]signalbox.Pattern{{Type: "*", Operation: "*"}}, signalbox.Window{Limit: 3}, "654", true},
		"as many as there are":   {[]signalbox.Pattern{{Type: "*", Operation: "*"}}, signalbox.Window{Limit: 7}, "6543210", false},
		"from, inclusive":        {[]signalbox.Pattern{{Type: "*", Operation: "*"}}, signalbox.Window{From: second(4), Limit: 10}, "654", false},
		"before, exclusive":      {[]signalbox.Pattern{{Type: "order", Operation: "*"}}, signalbox.Window{Before: second(5), Limit: 10}, "10", false},
		"a window of exact ones": {[]signalbox.Pattern{{Type: "order", Operation: "placed"}, {Type: "stock", Operation: "low"}}, signalbox.Window{From: second(1), Before: second(6), Limit: 1}, "5", true},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			truncated, err := db.ScanEvents(t.Context(), defaultTenant, postgres.EventScan{On: c.on, Window: c.window}, func(page []signalbox.Event) error {
				for _, e := range page {
					got += e.EntityID
					require.Equal(t, 3, e.Omitted)
					require.Len(t, e.Decisions, 1)
				}
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.Equal(t, c.truncated, truncated)
		})
	}
}

func TestScanPagesMeetWithoutAGap(t *testing.T) {
	db := pgtest.Open(t)
	const n = 2500
	records := make([]*signalbox.Record, n)
	for i := range records {
		records[i] = record("")
	}
	stored(t, db, records...)
	for name, on := range map[string]signalbox.Pattern{
		"by name": {Type: "inventory", Operation: "low_stock_alert"}, "by time": {Type: "inv*", Operation: "*"},
	} {
		for _, limit := range []int{1, 999, 1000, 1001, 2000, n - 1, n, n + 1} {
			t.Run(fmt.Sprint(name, " up to ", limit), func(t *testing.T) {
				seen := map[signalbox.ID]bool{}
				var last signalbox.ID
				truncated, err := db.ScanEvents(t.Context(), defaultTenant, postgres.EventScan{On: []signalbox.Pattern{on}, Window: signalbox.Window{Limit: limit}}, func(page []signalbox.Event) error {
					for _, e := range page {
						if len(seen) > 0 {
							require.Less(t, e.ID.String(), last.String(), "newest first")
						}
						seen[e.ID], last = true, e.ID
					}
					return nil
				})
				require.NoError(t, err)
				require.Len(t, seen, min(limit, n))
				require.Equal(t, limit < n, truncated)
			})
		}
	}
}

func TestScansEndWhenToldAndAreFew(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := pgtest.Connect(t, dsn)
	impatient := pgtest.With(t, postgres.Config{DSN: dsn, Timeout: time.Second}) // to be refused soon
	stored(t, db, record(""))
	other := record("")
	other.Event.Tenant = signalbox.ID{7}
	stored(t, db, other)
	scanAs := func(tenant signalbox.ID, page func([]signalbox.Event) error) error {
		_, err := impatient.ScanEvents(t.Context(), tenant, postgres.EventScan{On: []signalbox.Pattern{{Type: "*", Operation: "*"}}, Window: signalbox.Window{Limit: 1}}, page)
		return err
	}
	scan := func(page func([]signalbox.Event) error) error { return scanAs(defaultTenant, page) }
	own := errors.New("enough")
	require.ErrorIs(t, scan(func([]signalbox.Event) error { return own }), own)

	inside, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
	wait := func(tenant signalbox.ID) {
		done <- scanAs(tenant, func([]signalbox.Event) error { inside <- struct{}{}; <-release; return nil })
	}
	go wait(defaultTenant)
	<-inside
	err := scan(func([]signalbox.Event) error { return nil })
	require.Equal(t, signalbox.CodeOverloaded, signalbox.ErrorCode(err), "one tenant has half of the places")
	go wait(signalbox.ID{7})
	<-inside
	err = scanAs(signalbox.ID{8}, func([]signalbox.Event) error { return nil })
	require.Equal(t, signalbox.CodeOverloaded, signalbox.ErrorCode(err), "and there are two")
	var refused *signalbox.Error
	require.ErrorAs(t, err, &refused)
	require.Positive(t, refused.RetryAfter)
	// Meanwhile events are stored: a scan keeps no connection while it is looked at.
	stored(t, db, record(""))
	close(release)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

// Run with -bench Scan: 100,000 events of some 300 bytes, with three decisions each.
func BenchmarkScan(b *testing.B) {
	db := pgtest.Open(b)
	appender := postgres.NewAppender(db)
	const n = 100_000
	data := `{"sku":"` + strings.Repeat("x", 280) + `","n":42}`
	for range n / 1000 {
		records := make([]*signalbox.Record, 1000)
		for i := range records {
			records[i] = record("")
			records[i].Event.Data = []byte(data)
			for _, name := range []string{"a", "b", "c"} {
				records[i].Event.Decisions = append(records[i].Event.Decisions, signalbox.Decision{
					Rule: name, RuleVersion: 1, Verdict: signalbox.VerdictFiltered, Reason: "payload.data.n is 42, and the rule asks for > 100",
					Clause: "payload.data.n > 100", Path: "payload.data.n", Expected: "> 100", Observed: "42", Failed: 1, Clauses: 2, Micros: 3,
				})
			}
		}
		appender.Append(records)
		for _, r := range records {
			require.NoError(b, r.Err)
		}
	}
	for name, on := range map[string]signalbox.Pattern{
		"by name": {Type: "inventory", Operation: "low_stock_alert"}, "by time": {Type: "inv*", Operation: "*"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				seen := 0
				_, err := db.ScanEvents(b.Context(), defaultTenant, postgres.EventScan{On: []signalbox.Pattern{on}, Window: signalbox.Window{Limit: n}}, func(page []signalbox.Event) error {
					seen += len(page)
					return nil
				})
				require.NoError(b, err)
				require.Equal(b, n, seen)
			}
		})
	}
}
