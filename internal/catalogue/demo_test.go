package catalogue

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestTheDemoCatalogueTakesWhatIsSentToIt holds it to the payloads that the README,
// the playground's examples and the end-to-end tests send (P-20).
func TestTheDemoCatalogueTakesWhatIsSentToIt(t *testing.T) {
	text, err := os.ReadFile(demoFile)
	require.NoError(t, err)
	r := newRig(t)
	r.apply(string(text))
	types := r.live.EventTypes(r.tenant())
	require.Len(t, types, 20)
	starts := func(typ, operation, data string) []string {
		e := r.event(typ, operation, data)
		plan, err := r.live.Plan(&e, nil)
		require.NoError(t, err, "%s:%s %s", typ, operation, data)
		var workflows []string
		for _, d := range plan.Dispatches {
			workflows = append(workflows, d.WorkflowType)
		}
		return workflows
	}
	for _, typ := range types {
		require.NotEmpty(t, typ.DisplayName)
		require.NotEmpty(t, starts(typ.Type, typ.Operation, `{"current":3,"threshold":10}`), typ.Name())
		if typ.Sample != nil {
			require.NotEmpty(t, starts(typ.Type, typ.Operation, string(typ.Sample)), typ.Name())
		}
	}
	for _, c := range []struct {
		typ, operation, data string
		want                 []string
	}{
		{"inventory", "low_stock_alert", "", []string{"ReorderStock"}},
		{"inventory", "low_stock_alert", `{"current":3,"threshold":10,"warehouse":"w1"}`, []string{"ReorderStock"}},
		{"customer", "complaint_received", `{"severity":"high"}`, []string{"NotifyCustomer"}},
		{"customer", "complaint_received", `{"severity":"critical"}`, []string{"EscalateWorkflow", "NotifyCustomer"}},
		{"customer", "complaint_received", `{"channel":"email","text":"Late."}`, []string{"NotifyCustomer"}},
		{"order", "delivery_delay", `{"days":3}`, []string{"NotifyCustomer", "HandleOrderException"}},
		{"order", "bulk_order_discount", `{"total":5000,"items":50}`, []string{"HandleOrderException"}},
		{"order", "order_modification", `{"i":1}`, []string{"HandleOrderException"}},
		{"quality", "inspection_failed", `{"failed":4,"inspected":200}`, []string{"InvestigateQuality"}},
	} {
		require.Equal(t, c.want, starts(c.typ, c.operation, c.data), "%s:%s %s", c.typ, c.operation, c.data)
	}
	rule, found := r.live.Rule(r.tenant(), "discount-large-orders")
	require.True(t, found)
	require.Equal(t, signalbox.RuleShadow, rule.State)
}
