package demo_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"github.com/signalbox/signalbox/cmd/signalbox-dev/demo"
)

// catalogue is P-20: five types with four operations each.
var catalogue = map[string]struct {
	workflow   any
	operations []string
}{
	"inventory": {demo.ReorderStock, []string{"low_stock_alert", "reorder_point_reached", "excess_stock_detected", "item_expired"}},
	"customer":  {demo.NotifyCustomer, []string{"milestone_reached", "payment_overdue", "preference_updated", "complaint_received"}},
	"order":     {demo.HandleOrderException, []string{"rush_order_received", "bulk_order_discount", "order_modification", "delivery_delay"}},
	"quality":   {demo.InvestigateQuality, []string{"inspection_failed", "compliance_violation", "supplier_rating_changed", "recall_initiated"}},
	"workflow":  {demo.EscalateWorkflow, []string{"manual_approval_required", "process_exception", "sla_breach", "escalation_triggered"}},
}

func TestEveryOperationCompletesAndNamesItsEvent(t *testing.T) {
	t.Parallel()
	for typ, entry := range catalogue {
		for _, operation := range entry.operations {
			t.Run(typ+"/"+operation, func(t *testing.T) {
				t.Parallel()
				env := environment()
				env.ExecuteWorkflow(entry.workflow, envelope(t, typ, operation, `{"note": "any"}`))
				require.True(t, env.IsWorkflowCompleted())
				require.NoError(t, env.GetWorkflowError())

				var r demo.Result
				require.NoError(t, env.GetWorkflowResult(&r))
				require.Equal(t, typ+"/"+operation, r.Event)
				require.Equal(t, "0190f4a1-7d6e-7cc3-98c4-dc0c0c07398f", r.EventID)
				require.Equal(t, "item-42", r.EntityID)
				require.NotEmpty(t, r.Outcome)
				require.JSONEq(t, `{"note": "any"}`, string(r.Data))

				answer, err := env.QueryWorkflow(demo.StatusQuery)
				require.NoError(t, err)
				var status demo.Status
				require.NoError(t, answer.Get(&status))
				require.True(t, status.Done)
				require.Equal(t, r.Steps, status.Steps)
			})
		}
	}
}

func TestStatusTellsWhereARunIs(t *testing.T) {
	t.Parallel()
	env := environment()
	var status demo.Status
	env.RegisterDelayedCallback(func() {
		answer, err := env.QueryWorkflow(demo.StatusQuery)
		if err == nil {
			err = answer.Get(&status)
		}
		if err != nil {
			t.Error(err)
		}
	}, 100*time.Millisecond) // within the timer; the environment's clock skips ahead
	env.ExecuteWorkflow(demo.ReorderStock, envelope(t, "inventory", "low_stock_alert", `{}`))
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, "waiting for other orders to join", status.Step)
	require.False(t, status.Done)
}

func TestReorderStockWorksOutTheQuantityExactly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, data, quantity, outcome string
	}{
		{"integers", `{"current": 5, "threshold": 20}`, "35", "ordered 35"},
		{"over 2^53", `{"current": 1, "threshold": 9007199254740993}`, "18014398509481985", "ordered 18014398509481985"},
		{"long decimals", `{"current": 0.1, "threshold": 0.12345678901234567890}`, "0.1469135780246913578", "ordered 0.1469135780246913578"},
		{"exponent", `{"current": 0, "threshold": 1e3}`, "2000", "ordered 2000"},
		{"enough", `{"current": 100, "threshold": 20}`, "0", "enough in stock: nothing ordered"},
		{"half of it", `{"current": 5}`, "", "ordered"},
		{"text for a number", `{"current": "5", "threshold": 20}`, "", "ordered"},
		{"no object", `[1]`, "", "ordered"},
		{"null", `null`, "", "ordered"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := environment()
			env.ExecuteWorkflow(demo.ReorderStock, envelope(t, "inventory", "low_stock_alert", tt.data))
			require.NoError(t, env.GetWorkflowError())
			var r demo.Result
			require.NoError(t, env.GetWorkflowResult(&r))
			require.Equal(t, tt.quantity, r.Quantity.String())
			require.Equal(t, tt.outcome, r.Outcome)
		})
	}
}

func TestTheSameEventMakesTheSameRecord(t *testing.T) {
	t.Parallel()
	var references []string
	for range 2 {
		env := environment()
		env.ExecuteWorkflow(demo.InvestigateQuality, envelope(t, "quality", "inspection_failed", `{"lot": 1}`))
		var r demo.Result
		require.NoError(t, env.GetWorkflowResult(&r))
		references = append(references, r.Reference)
	}
	require.Equal(t, references[0], references[1])
}

func TestLongTextsOfAnEventDoNoHarm(t *testing.T) {
	t.Parallel()
	owner := make([]byte, 10_000)
	for i := range owner {
		owner[i] = 'o'
	}
	env := environment()
	env.ExecuteWorkflow(demo.EscalateWorkflow, envelope(t, "workflow", "sla_breach", `{"owner": "`+string(owner)+`"}`))
	require.NoError(t, env.GetWorkflowError())
}

func TestAnInputWithoutAnEventIsRefused(t *testing.T) {
	t.Parallel()
	env := environment()
	env.ExecuteWorkflow(demo.NotifyCustomer, demo.Input{Payload: demo.Payload{ID: "x"}})
	require.ErrorContains(t, env.GetWorkflowError(), "names no event")
}

func TestCompleteAndRecordReturnTheBytesTheyGot(t *testing.T) {
	t.Parallel()
	// Spaces, order, digits and escapes that any decoder would change.
	text := `{"payload" : {"data":{"z":1.00,"a":12345678901234567890.10, "<":"\u003c"}}, "event":{}}`
	for name, workflow := range map[string]any{"Complete": demo.Complete, "Record": demo.Record} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment()
			env.ExecuteWorkflow(workflow, converter.NewRawValue(&commonpb.Payload{
				Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)},
				Data:     []byte(text),
			}))
			require.NoError(t, env.GetWorkflowError())
			var out converter.RawValue
			require.NoError(t, env.GetWorkflowResult(&out))
			require.Equal(t, text, string(out.Payload().GetData()))
		})
	}
}

func environment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	demo.Register(env)
	return env
}

// envelope decodes what Signalbox sends.
func envelope(t *testing.T, typ, operation, data string) demo.Input {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"event": map[string]any{
			"id": "0190f4a1-7d6e-7cc3-98c4-dc0c0c07398f", "type": typ, "operation": operation,
			"source": "test", "subject": nil,
			"occurredAt": "2026-01-02T03:04:05.678Z", "receivedAt": "2026-01-02T03:04:06Z",
			"schemaVersion": nil, "metadata": map[string]any{}, "tenant": "acme", "rule": "any", "ruleVersion": 1,
		},
		"payload": map[string]any{"id": "item-42", "data": json.RawMessage(data)},
	})
	require.NoError(t, err)
	var in demo.Input
	require.NoError(t, json.Unmarshal(text, &in))
	return in
}
