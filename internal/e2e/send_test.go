package e2e

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/signalbox/signalbox/internal/app"
)

// catalogue is P-20's.
var catalogue = map[string][]string{
	"inventory": {"low_stock_alert", "reorder_point_reached", "excess_stock_detected", "item_expired"},
	"customer":  {"milestone_reached", "payment_overdue", "preference_updated", "complaint_received"},
	"order":     {"rush_order_received", "bulk_order_discount", "order_modification", "delivery_delay"},
	"quality":   {"inspection_failed", "compliance_violation", "supplier_rating_changed", "recall_initiated"},
	"workflow":  {"manual_approval_required", "process_exception", "sla_breach", "escalation_triggered"},
}

func TestThePrintedCurlLineWorks(t *testing.T) {
	body, err := exec.CommandContext(within(t), "sh", "-c", server.curl).Output()
	require.NoError(t, err, server.curl)
	require.Regexp(t, `"success":true,"outcome":"STARTED","workflows":\[\{"type":"ReorderStock","id":"reorder-stock/[0-9a-f-]{36}","runID":"[0-9a-f-]{36}"\}\]`, string(body))
}

func TestEveryOperationOfTheCatalogueStartsAWorkflowThatCompletes(t *testing.T) { // P-20
	c := temporal(t)
	type run struct{ name, id, runID string }
	var runs []run
	for typ, operations := range catalogue {
		for _, operation := range operations {
			got := send(t, fmt.Sprintf(`{"type":%q,"operation":%q,"payload":{"id":"e-1","data":{"current":3,"threshold":10}}}`, typ, operation))
			require.Equal(t, "STARTED", got.Outcome, "%s/%s", typ, operation)
			require.NotEmpty(t, got.Workflows)
			for _, w := range got.Workflows {
				runs = append(runs, run{typ + "/" + operation, w.ID, w.RunID})
			}
		}
	}
	require.Greater(t, len(runs), 20, "delivery_delay starts two")
	for _, r := range runs {
		var result json.RawMessage
		require.NoError(t, c.GetWorkflow(within(t), r.id, r.runID).Get(within(t), &result), r.name)
	}
}

func TestARunSaysWhatItIsFor(t *testing.T) { // P-09
	c := temporal(t)
	got := send(t, `{"type":"inventory","operation":"low_stock_alert","payload":{"id":"item-42"}}`)
	w := got.Workflows[0]
	described, err := c.DescribeWorkflowExecution(within(t), w.ID, w.RunID)
	require.NoError(t, err)
	info := described.GetWorkflowExecutionInfo()
	require.Equal(t, w.Type, info.GetType().GetName())
	require.Equal(t, w.RunID, info.GetExecution().GetRunId())
	require.Contains(t, string(info.GetMemo().GetFields()["eventID"].GetData()), got.EventID)
	summary := string(described.GetExecutionConfig().GetUserMetadata().GetSummary().GetData())
	require.Contains(t, summary, "inventory/low_stock_alert")
	require.Contains(t, summary, got.EventID)
	require.NoError(t, c.GetWorkflow(within(t), w.ID, w.RunID).Get(within(t), nil))
}

// A client that knows nothing but the primary contract.
func TestTheContractOfTheReferenceWorks(t *testing.T) { // P-01, P-08
	const query = `mutation SendCustomEvent($input: SendCustomEventInput!) { sendCustomEvent(input: $input) { success workflows { type id runID } } }`
	a := post(t, query, `{"input":{"type":"customer","operation":"complaint_received","payload":{"id":"c-1","data":{"severity":"high"}}}}`)
	require.Empty(t, a.Errors)
	require.Regexp(t, `^\{"sendCustomEvent":\{"success":true,"workflows":\[\{"type":"NotifyCustomer","id":"[^"]+","runID":"[^"]+"\}\]\}\}$`, string(a.Data))
}

// The rule is applied while the server runs; the workflow returns what it got.
func TestDigitsArriveAndARuleIsLiveWithinASecond(t *testing.T) { // P-05, H-01
	rule := "echo-" + uuid.NewString()[:8]
	apply(t, fmt.Sprintf(`
types: [{type: %[1]s, operations: [sent]}]
rules: [{name: %[1]s, on: {event: "%[1]s:sent"}, start: {workflow: Record, taskQueue: signalbox-demo}}]`, rule))
	data := `{"big":123456789012345678901234567890,"dec":0.30000000000000000000000000004,"emoji":"😀","deep":[[{"x":9007199254740993}]]}`
	input := fmt.Sprintf(`{"type":%q,"operation":"sent","payload":{"id":"e","data":%s}}`, rule, data)
	var got sent
	require.Eventually(t, func() bool {
		a := post(t, sendQuery, `{"input":`+input+`}`)
		if len(a.Errors) > 0 {
			return false
		}
		var out struct{ SendCustomEvent sent }
		a.into(t, &out)
		got = out.SendCustomEvent
		return got.Outcome == "STARTED"
	}, inForce, often)

	// The same as a literal, beside a send that fails and one that is repeated.
	literal := strings.NewReplacer(`"big":`, `big:`, `"dec":`, `dec:`, `"emoji":`, `emoji:`, `"deep":`, `deep:`, `"x":`, `x:`, "😀", `\uD83D\uDE00`).Replace(data)
	var out struct{ A, B, C *sent }
	a := post(t, fmt.Sprintf(`mutation {
  a: sendCustomEvent(input: {type: %[1]q, operation: "sent", payload: {id: "e", data: %[2]s}}) { ...F }
  b: sendCustomEvent(input: {type: "nope", operation: "sent", payload: {id: "e"}}) { ...F }
  c: sendCustomEvent(input: {type: %[1]q, operation: "sent", payload: {id: "f", data: {n: 1}}}) { ...F }
  c: sendCustomEvent(input: {type: %[1]q, operation: "sent", payload: {id: "f", data: {n: 1}}}) { outcome }
} fragment F on SendCustomEventResponse { outcome eventID workflows { id runID } }`, rule, literal), "")
	require.Len(t, a.Errors, 1)
	require.Equal(t, []any{"b"}, a.Errors[0].Path)
	require.NoError(t, json.Unmarshal(a.Data, &out))
	require.Nil(t, out.B)

	c := temporal(t)
	for name, run := range map[string]struct {
		sent *sent
		want string
	}{"variable": {&got, data}, "literal": {out.A, data}, "its neighbour": {out.C, `{"n":1}`}} {
		var result json.RawMessage
		w := run.sent.Workflows[0]
		require.NoError(t, c.GetWorkflow(within(t), w.ID, w.RunID).Get(within(t), &result), name)
		require.Contains(t, string(result), `"data":`+run.want, name)
		require.Contains(t, string(result), run.sent.EventID, name)
	}
}

func apply(t *testing.T, file string) {
	t.Helper()
	operator := app.Operator{DSN: server.dsn, SecretKeys: server.secretKeys}
	_, err := operator.Apply(t.Context(), "default", []byte(file), false, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
}

// A start that fails for good is listed with its reason and can be tried again
// once the reason is gone.
func TestAFailedStartIsListedAndRedriven(t *testing.T) { // P-19, X-08
	name := "ns-" + uuid.NewString()[:8]
	apply(t, fmt.Sprintf(`
types: [{type: %[1]s, operations: [sent]}]
rules: [{name: %[1]s, on: {type: %[1]s, operation: sent}, start: {workflow: Complete, taskQueue: signalbox-demo, namespace: %[1]s}}]`, name))
	var got sent
	require.Eventually(t, func() bool {
		a := post(t, sendQuery, fmt.Sprintf(`{"input":{"type":%q,"operation":"sent","payload":{"id":"e"}}}`, name))
		if len(a.Errors) > 0 {
			return false
		}
		var out struct{ SendCustomEvent sent }
		a.into(t, &out)
		got = out.SendCustomEvent
		return true
	}, inForce, often)
	require.True(t, got.Success, "accepted, all the same")
	require.Equal(t, "FAILED", got.Outcome)
	require.Equal(t, "NAMESPACE_NOT_FOUND", got.Dispatches[0].LastError.Code)

	var listed struct {
		Dispatches struct{ Nodes []struct{ ID, Status string } }
	}
	require.Eventually(t, func() bool {
		post(t, fmt.Sprintf(`{ dispatches(filter: {statuses: [FAILED], namespace: %q}) { nodes { id status } } }`, name), "").into(t, &listed)
		return len(listed.Dispatches.Nodes) == 1
	}, soon, often, "the mark is written after the answer")
	require.Equal(t, got.Dispatches[0].ID, listed.Dispatches.Nodes[0].ID)

	_, err := temporal(t).WorkflowService().RegisterNamespace(within(t), &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool { // Temporal's frontends learn of a namespace after a while
		var out struct{ RedriveDispatches struct{ Redriven int } }
		post(t, fmt.Sprintf(`mutation { redriveDispatches(filter: {namespace: %q}) { redriven } }`, name), "").into(t, &out)
		var event struct {
			Event struct {
				Outcome   string
				Workflows []struct{ RunID string }
			}
		}
		post(t, fmt.Sprintf(`{ event(id: %q) { outcome workflows { runID } } }`, got.EventID), "").into(t, &event)
		return event.Event.Outcome == "STARTED" && len(event.Event.Workflows) == 1
	}, soon, 500*time.Millisecond)
}

func TestTheEventLog(t *testing.T) { // P-22
	entity := "entity-" + uuid.NewString()
	for i := range 5 {
		send(t, fmt.Sprintf(`{"type":"order","operation":"order_modification","source":"shop-%d","payload":{"id":%q,"data":{"i":%d}}}`, i%2, entity, i))
	}
	var page struct {
		Events struct {
			Nodes []struct {
				Payload struct {
					ID   string
					Data struct{ I json.Number }
				}
				Outcome string
			}
			PageInfo struct {
				HasNextPage bool
				EndCursor   *string
			}
		}
	}
	const query = `query($f: EventFilter, $n: Int, $a: String) { events(filter: $f, first: $n, after: $a) { nodes { payload { id data } outcome } pageInfo { hasNextPage endCursor } } }`
	var seen []string
	after := "null"
	for range 3 {
		post(t, query, fmt.Sprintf(`{"f":{"entityID":%q},"n":2,"a":%s}`, entity, after)).into(t, &page)
		for _, n := range page.Events.Nodes {
			seen = append(seen, n.Payload.Data.I.String())
		}
		after = `"` + *page.Events.PageInfo.EndCursor + `"`
	}
	require.Equal(t, []string{"4", "3", "2", "1", "0"}, seen, "newest first, each once")
	require.False(t, page.Events.PageInfo.HasNextPage)

	for filter, want := range map[string]int{
		`{"entityID":%q,"source":"shop-0"}`:                       3,
		`{"entityID":%q,"type":"order"}`:                          5,
		`{"entityID":%q,"type":"order","operation":"sla_breach"}`: 0,
		`{"entityID":%q,"outcomes":["NO_RULE","FAILED"]}`:         0,
		`{"entityID":%q,"receivedFrom":"2020-01-01T00:00:00Z"}`:   5,
		`{"entityID":%q,"receivedBefore":"2020-01-01T00:00:00Z"}`: 0,
	} {
		post(t, query, fmt.Sprintf(`{"f":`+filter+`,"n":50}`, entity)).into(t, &page)
		require.Len(t, page.Events.Nodes, want, filter)
	}
	require.Eventually(t, func() bool {
		post(t, query, fmt.Sprintf(`{"f":{"entityID":%q,"outcomes":["STARTED"]},"n":50}`, entity)).into(t, &page)
		return len(page.Events.Nodes) == 5
	}, soon, often)
}

func TestIdempotencyHeaderAndRepeatedSends(t *testing.T) {
	key := uuid.NewString()
	const query = `mutation { a: sendCustomEvent(input: {type: "quality", operation: "recall_initiated", payload: {id: "1"}}) { eventID duplicate workflows { runID } }
	b: sendCustomEvent(input: {type: "quality", operation: "recall_initiated", payload: {id: "1"}}) { eventID duplicate workflows { runID } } }`
	var first, second struct{ A, B sent }
	postHeader(t, query, "", map[string]string{"Idempotency-Key": key}).into(t, &first)
	postHeader(t, query, "", map[string]string{"Idempotency-Key": key}).into(t, &second)
	require.NotEqual(t, first.A.EventID, first.B.EventID, "each alias is a send of its own")
	require.False(t, first.A.Duplicate)
	require.True(t, second.A.Duplicate)
	require.Equal(t, first.A.EventID, second.A.EventID)
	require.Equal(t, first.B.Workflows, second.B.Workflows)
	other := strings.Replace(query, `id: "1"`, `id: "2"`, 1)
	a := postHeader(t, other, "", map[string]string{"Idempotency-Key": key})
	require.Len(t, a.Errors, 1)
	require.Equal(t, "IDEMPOTENCY_CONFLICT", a.Errors[0].Extensions["code"])
}

func TestBulk(t *testing.T) {
	var inputs []string
	for i := range 1000 {
		typ := "inventory"
		if i == 500 {
			typ = "inventroy"
		}
		inputs = append(inputs, fmt.Sprintf(`{"type":%q,"operation":"item_expired","waitFor":"ACCEPTED","payload":{"id":"i-%d"}}`, typ, i))
	}
	var out struct {
		SendCustomEvents []struct {
			Response *sent
			Error    *struct {
				Code        string
				Suggestions []string
			}
		}
	}
	const query = `mutation($inputs: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $inputs) { response { eventID outcome } error { code suggestions } } }`
	post(t, query, `{"inputs":[`+strings.Join(inputs, ",")+`]}`).into(t, &out)
	require.Len(t, out.SendCustomEvents, 1000)
	for i, one := range out.SendCustomEvents {
		if i == 500 {
			require.Nil(t, one.Response)
			require.Equal(t, "UNKNOWN_EVENT_TYPE", one.Error.Code)
			require.Equal(t, []string{"inventory"}, one.Error.Suggestions)
			continue
		}
		require.Nil(t, one.Error)
		require.Equal(t, "PENDING", one.Response.Outcome)
	}
	a := post(t, query, `{"inputs":[`+strings.Join(inputs, ",")+`,`+inputs[0]+`]}`)
	require.Len(t, a.Errors, 1)
	require.Equal(t, "INVALID_INPUT", a.Errors[0].Extensions["code"])
	require.Eventually(t, func() bool {
		var pending struct {
			Dispatches struct{ Nodes []struct{ ID string } }
		}
		post(t, `{ dispatches(filter: {statuses: [PENDING]}) { nodes { id } } }`, "").into(t, &pending)
		return len(pending.Dispatches.Nodes) == 0
	}, soon, 200*time.Millisecond, "all are started")
}

func TestHealth(t *testing.T) {
	base := strings.TrimSuffix(server.url, "/graphql")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/playground": 200, "/nothing-here": 404} {
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Equal(t, want, resp.StatusCode, path)
	}
}
