package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

// own makes names that no other test, and no earlier run, has used.
func own(prefix string) string {
	return prefix + "_" + strings.ReplaceAll(uuid.NewString()[:8], "-", "")
}

func register(t *testing.T, input string) map[string]any {
	t.Helper()
	var out struct{ SaveEventType map[string]any }
	post(t, `mutation($input: EventTypeInput!) { saveEventType(input: $input) {
		change { action } warnings { code message } breaks { pointer message } brokenRules { rule reason } sampledEvents refusedEvents { count }
		eventType { schemas { version } } } }`, `{"input":`+input+`}`).into(t, &out)
	return out.SaveEventType
}

func createRule(t *testing.T, input string, options string) {
	t.Helper()
	a := post(t, `mutation($input: RuleInput!) { createRule(input: $input, `+options+`) { rule { name version } } }`, `{"input":`+input+`}`)
	require.Empty(t, a.Errors, input)
}

type explained struct {
	Rule, Verdict, Reason, Clause, Path, Expected, Observed string
	FailedClauses                                           int
}

const explainedFields = `rule verdict reason clause path expected observed failedClauses`

type explainedSend struct {
	Outcome, EventID string
	Workflows        []struct{ Type, ID, RunID string }
	Decisions        []explained
	Warnings         []struct{ Code, Pointer, Message string }
}

func sendExplained(t *testing.T, input string) explainedSend {
	t.Helper()
	var out struct{ SendCustomEvent explainedSend }
	post(t, `mutation($input: SendCustomEventInput!) { sendCustomEvent(input: $input) {
		outcome eventID workflows { type id runID } decisions { `+explainedFields+` } warnings { code pointer message } } }`, `{"input":`+input+`}`).into(t, &out)
	return out.SendCustomEvent
}

// The tickets of Alloy's guide: a display name with spaces, the short form of a
// schema, every violation at once, a rule that says why it did not fire.
func TestTickets(t *testing.T) { // A-03 …, P-16, P-25, X-01, X-12
	name := own("ticket")
	display := "Ticket Created " + name
	saved := register(t, `{"type": "`+name+`", "operation": "created", "displayName": "`+display+`",
		"fields": {"ticketName": "string", "customerEmail": "email", "description": {"type": "string", "optional": true}, "priority": "integer"},
		"sample": {"ticketName": "Alloy 123", "customerEmail": "ann@example.com", "priority": 2}}`)
	require.Equal(t, "CREATED", saved["change"].(map[string]any)["action"])

	a := post(t, sendQuery, `{"input": {"type": "`+display+`", "operation": "created", "payload": {"id": "t-1", "data": {"customerEmail": "nobody", "priority": "high"}}}}`)
	require.Len(t, a.Errors, 1)
	require.Equal(t, "INVALID_PAYLOAD", a.Errors[0].Extensions["code"])
	var at []string
	for _, v := range a.Errors[0].Extensions["violations"].([]any) {
		at = append(at, v.(map[string]any)["pointer"].(string))
		require.NotContains(t, v.(map[string]any)["message"], "nobody")
	}
	require.ElementsMatch(t, []string{"/payload/data/ticketName", "/payload/data/customerEmail", "/payload/data/priority"}, at)

	good := `{"type": "` + display + `", "operation": "` + display + `", "payload": {"id": "t-2", "data": {"ticketName": "Broken", "customerEmail": "ann@example.com", "priority": 3}}}`
	none := sendExplained(t, good)
	require.Equal(t, "NO_RULE", none.Outcome)

	rule := func(when string) string {
		return `{"name": "` + name + `", "on": {"event": "` + name + `:created"}, "when": ` + quoted(when) + `,
			"start": {"workflow": "HandleOrderException", "taskQueue": "signalbox-demo", "id": "\"` + name + `-\" + payload.id", "input": {"name": "payload.data.ticketName", "priority": "payload.data.priority"}},
			"tests": [{"name": "urgent", "event": {"id": "7", "data": {"ticketName": "x", "customerEmail": "a@b.de", "priority": 1}}, "expect": "MATCHED", "workflowID": "` + name + `-7", "input": {"name": "x", "priority": 1}}]}`
	}
	for when, want := range map[string]string{
		`payload.data.prioriti < 2`:    `did you mean "priority"?`,
		`payload.data.priority == "1"`: "is a number and is compared with",
		`payload.data.priority < `:     "does not compile",
		`payload.data.priority > 2`:    `"urgent" fails`,
	} {
		a := post(t, `mutation($input: RuleInput!) { createRule(input: $input) { rule { name } } }`, `{"input":`+rule(when)+`}`)
		require.Len(t, a.Errors, 1, when)
		require.Contains(t, a.Errors[0].Message, want)
		require.NotEmpty(t, a.Errors[0].Extensions["violations"])
	}

	createRule(t, rule(`payload.data.priority < 2`), "publish: false")
	draft := sendExplained(t, good)
	require.Equal(t, "NO_RULE", draft.Outcome)
	require.Equal(t, "DISABLED", draft.Decisions[0].Verdict)
	require.Contains(t, draft.Decisions[0].Reason, "never been published")

	post(t, `mutation { publishRule(name: "`+name+`") { rule { version state } } }`, "").into(t, new(any))
	filtered := sendExplained(t, good)
	require.Equal(t, "FILTERED", filtered.Outcome)
	require.Equal(t, explained{
		Rule: name, Verdict: "FILTERED", Clause: "payload.data.priority < 2", Path: "payload.data.priority", Expected: "< 2", Observed: "3", FailedClauses: 1,
		Reason: "payload.data.priority < 2 does not hold: payload.data.priority is 3",
	}, filtered.Decisions[0])

	started := sendExplained(t, strings.ReplaceAll(good, `"priority": 3`, `"priority": 1`))
	require.Equal(t, "STARTED", started.Outcome)
	require.Equal(t, name+"-t-2", started.Workflows[0].ID)
	require.JSONEq(t, `{"name": "Broken", "priority": 1}`, inputOf(t, started.Workflows[0].ID, started.Workflows[0].RunID))

	var stored struct {
		Event struct{ Decisions []explained }
	}
	post(t, `{ event(id: "`+filtered.EventID+`") { decisions { `+explainedFields+` } } }`, "").into(t, &stored)
	require.Equal(t, filtered.Decisions, stored.Event.Decisions)

	// A version that refuses what stands tells so, and what it would break.
	broken := register(t, `{"type": "`+name+`", "operation": "created", "displayName": "`+display+`",
		"fields": {"ticketName": "string", "customerEmail": "email", "assignee": "string"}}`)
	require.NotEmpty(t, broken["breaks"])
	require.Equal(t, name, broken["brokenRules"].([]any)[0].(map[string]any)["rule"])
	require.NotEqual(t, float64(0), toFloat(t, broken["sampledEvents"]))
	old := sendExplained(t, strings.ReplaceAll(good, `"type"`, `"schemaVersion": 1, "type"`))
	require.Equal(t, "FILTERED", old.Outcome, "producers of the old version keep working")
}

func toFloat(t *testing.T, v any) float64 {
	t.Helper()
	f, err := v.(json.Number).Float64()
	require.NoError(t, err)
	return f
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// inputOf is the argument that a run has got, as its history has it.
func inputOf(t *testing.T, workflowID, runID string) string {
	t.Helper()
	history := temporal(t).GetWorkflowHistory(within(t), workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := history.Next()
	require.NoError(t, err)
	return string(first.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()[0].GetData())
}

// A dry run tells what a send would do, exactly, and does none of it.
func TestDryRun(t *testing.T) { // P-05, P-28
	name := own("dry")
	register(t, `{"type": "`+name+`", "operation": "run"}`)
	createRule(t, `{"name": "`+name+`", "on": {"event": "`+name+`:run"}, "start": {"workflow": "W", "taskQueue": "nobody", "input": {"n": "payload.data.n"}}}`, "publish: true")
	var out struct {
		TestCustomEvent struct {
			Outcome string
			Starts  []struct {
				WorkflowID string
				Request    json.RawMessage
			}
		}
	}
	post(t, `query($input: SendCustomEventInput!) { testCustomEvent(input: $input) { outcome starts { workflowID request } } }`,
		`{"input": {"type": "`+name+`", "operation": "run", "payload": {"id": "1", "data": {"n": 12345678901234567890.10}}}}`).into(t, &out)
	require.Equal(t, "STARTED", out.TestCustomEvent.Outcome)
	require.Len(t, out.TestCustomEvent.Starts, 1)
	request := string(out.TestCustomEvent.Starts[0].Request)
	require.Contains(t, request, "12345678901234567890.10")
	require.Contains(t, request, `"requestId"`)

	var events struct{ Events struct{ Nodes []any } }
	post(t, `{ events(filter: {type: "`+name+`"}) { nodes { id } } }`, "").into(t, &events)
	require.Empty(t, events.Events.Nodes)
}

// A rule at fault is told as such, and the others go on.
func TestAFaultyRuleDisturbsNoOther(t *testing.T) { // P-19
	name := own("fault")
	register(t, `{"type": "`+name+`", "operation": "happened"}`)
	for rule, when := range map[string]string{"sound": "payload.data.n > 1", "broken": `payload.data.n.startsWith("a")`, "missing": "payload.data.m > 1"} {
		createRule(t, `{"name": "`+name+`-`+rule+`", "on": {"event": "`+name+`:*"}, "when": `+quoted(when)+`, "start": {"workflow": "HandleOrderException", "taskQueue": "signalbox-demo"}}`, "publish: true")
	}
	got := sendExplained(t, `{"type": "`+name+`", "operation": "happened", "payload": {"id": "1", "data": {"n": 2}}}`)
	require.Equal(t, "STARTED", got.Outcome)
	require.Len(t, got.Workflows, 1)
	var verdicts []string
	for _, d := range got.Decisions {
		verdicts = append(verdicts, strings.TrimPrefix(d.Rule, name+"-")+" "+d.Verdict)
	}
	require.Equal(t, []string{"sound MATCHED", "broken ERROR", "missing FILTERED"}, verdicts)
	require.Contains(t, got.Decisions[1].Reason, "payload.data.n is a number")
	require.Equal(t, "payload.data.m is missing", got.Decisions[2].Reason)
}

// Why did my event not trigger? Asked of a rule that was no candidate, of a draft on
// past events, and of a shadow rule beside the enabled one.
func TestExplainPreviewAndCompare(t *testing.T) {
	name := own("why")
	register(t, `{"type": "`+name+`", "operation": "changed"}`)
	rule := func(rule, when string) string {
		return `{"name": "` + name + `-` + rule + `", "on": {"event": "` + name + `:changed"}, "when": ` + quoted(when) + `, "start": {"workflow": "HandleOrderException", "taskQueue": "signalbox-demo"}}`
	}
	createRule(t, rule("live", "payload.data.n >= 8"), "publish: true")
	createRule(t, rule("shadow", "payload.data.n >= 5"), "publish: true, state: SHADOW")
	var last string
	for n := range 10 {
		last = sendExplained(t, fmt.Sprintf(`{"type": %q, "operation": "changed", "waitFor": "ACCEPTED", "payload": {"id": "e", "data": {"n": %d}}}`, name, n)).EventID
	}
	var out struct {
		ExplainEvent struct {
			Candidate bool
			Reason    string
			Clauses   []struct{ Text, Result, Reason string }
			Stored    *explained
		}
	}
	post(t, `{ explainEvent(eventID: "`+last+`", ruleName: "reorder-stock") { candidate reason clauses { text result reason } stored { `+explainedFields+` } } }`, "").into(t, &out)
	require.False(t, out.ExplainEvent.Candidate)
	require.Equal(t, "the rule is on inventory:*, the event is "+name+":changed", out.ExplainEvent.Reason)
	require.Nil(t, out.ExplainEvent.Stored)
	post(t, `{ explainEvent(eventID: "`+last+`", ruleName: "`+name+`-shadow") { candidate reason clauses { text result reason } stored { `+explainedFields+` } } }`, "").into(t, &out)
	require.True(t, out.ExplainEvent.Candidate)
	require.Equal(t, "SHADOW", out.ExplainEvent.Stored.Verdict)
	require.Equal(t, "TRUE", out.ExplainEvent.Clauses[0].Result)

	var preview struct {
		PreviewRule struct {
			Scanned, Matched              int
			NewlyMatched, NoLongerMatched struct {
				Count    int
				EventIDs []string
			}
			Errors struct{ Count int }
		}
	}
	post(t, `query($draft: RuleInput!) { previewRule(draft: $draft) { scanned matched newlyMatched { count eventIDs } noLongerMatched { count eventIDs } errors { count } } }`,
		`{"draft":`+rule("live", "payload.data.n >= 3 && payload.data.n < 9")+`}`).into(t, &preview)
	require.Equal(t, 10, preview.PreviewRule.Scanned)
	require.Equal(t, 6, preview.PreviewRule.Matched)
	require.Equal(t, 5, preview.PreviewRule.NewlyMatched.Count)
	require.Equal(t, []string{last}, preview.PreviewRule.NoLongerMatched.EventIDs)

	var compared struct {
		CompareRules struct {
			Scanned, Both           int
			OnlyShadow, OnlyEnabled struct{ Count int }
		}
	}
	post(t, `{ compareRules(shadow: "`+name+`-shadow", enabled: "`+name+`-live") { scanned both onlyShadow { count } onlyEnabled { count } } }`, "").into(t, &compared)
	require.Equal(t, 10, compared.CompareRules.Scanned)
	require.Equal(t, 2, compared.CompareRules.Both)
	require.Equal(t, 3, compared.CompareRules.OnlyShadow.Count)
	require.Zero(t, compared.CompareRules.OnlyEnabled.Count)
}

// The answer to a key stands, whatever has been registered since.
func TestARetryIsAnsweredThoughTheSchemaHasChanged(t *testing.T) {
	name := own("retry")
	register(t, `{"type": "`+name+`", "operation": "done"}`)
	input := `{"type": "` + name + `", "operation": "done", "idempotencyKey": "` + name + `", "payload": {"id": "1", "data": {"n": "text"}}}`
	first := send(t, input)
	register(t, `{"type": "`+name+`", "operation": "done", "fields": {"n": "number"}}`)
	again := send(t, input)
	require.True(t, again.Duplicate)
	require.Equal(t, first.EventID, again.EventID)
	a := post(t, sendQuery, `{"input":`+strings.Replace(input, `"text"`, `"other"`, 1)+`}`)
	require.Equal(t, "IDEMPOTENCY_CONFLICT", a.Errors[0].Extensions["code"])
	a = post(t, sendQuery, `{"input":`+strings.Replace(input, `"idempotencyKey": "`, `"idempotencyKey": "fresh-`, 1)+`}`)
	require.Equal(t, "INVALID_PAYLOAD", a.Errors[0].Extensions["code"])
}
