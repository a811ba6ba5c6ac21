package catalogue

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestExplain(t *testing.T) {
	r := newRig(t)
	r.apply(`
types:
  - type: order
    operations:
      - name: placed
        schema: { type: object, properties: { total: { type: number }, card: { type: string, x-sensitive: true } } }
  - type: inventory
    operations: [counted]
rules:
  - { name: large, on: { event: "order:placed" }, when: payload.data.total > 100, start: { workflow: W, taskQueue: q } }
  - { name: card, on: { event: "order:placed" }, when: 'payload.data.card == "4111" && payload.data.total > 1', start: { workflow: W, taskQueue: q } }
  - { name: "off", state: disabled, on: { event: "order:placed" }, start: { workflow: W, taskQueue: q } }
  - { name: idea, state: draft, on: { event: "order:placed" }, start: { workflow: W, taskQueue: q } }
  - { name: stock, on: { event: "inventory:*" }, when: payload.data.total > 1000, start: { workflow: W, taskQueue: q } }
`)
	sent := r.send(r.event("order", "placed", `{"total": 500, "card": "4242"}`))
	r.apply(`rules: [{ name: younger, on: { event: "order:placed" }, start: { workflow: W, taskQueue: q } }]`)

	for _, c := range []struct {
		rule            string
		candidate       bool
		reason          string
		verdict, stored signalbox.Verdict
		clauses         []signalbox.ClauseResult
		dispatched      bool
	}{
		{"large", true, "every clause holds", signalbox.VerdictMatched, signalbox.VerdictMatched, []signalbox.ClauseResult{signalbox.ClauseTrue}, true},
		{"card", true, "[redacted]", signalbox.VerdictFiltered, signalbox.VerdictFiltered, []signalbox.ClauseResult{signalbox.ClauseFalse, signalbox.ClauseTrue}, false},
		{"off", true, "the rule is disabled", signalbox.VerdictMatched, signalbox.VerdictDisabled, nil, false},
		{"idea", true, "never been published", signalbox.VerdictMatched, signalbox.VerdictDisabled, nil, false},
		{"stock", false, "the rule is on inventory:*, the event is order:placed", signalbox.VerdictFiltered, "", []signalbox.ClauseResult{signalbox.ClauseFalse}, false},
		{"younger", true, "no condition", signalbox.VerdictMatched, "", nil, false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			x, err := r.explainer.Explain(t.Context(), r.tenant(), sent.ID, c.rule)
			require.NoError(t, err)
			require.Equal(t, c.candidate, x.Candidate)
			require.Contains(t, x.Reason, c.reason)
			require.Equal(t, c.verdict, x.Decision.Verdict)
			var stored signalbox.Verdict
			if x.Stored != nil {
				stored = x.Stored.Verdict
			}
			require.Equal(t, c.stored, stored)
			var clauses []signalbox.ClauseResult
			for _, clause := range x.Clauses {
				clauses = append(clauses, clause.Result)
			}
			require.Equal(t, c.clauses, clauses)
			require.Equal(t, c.dispatched, x.Dispatch != nil)
			require.NotContains(t, fmt.Sprintf("%+v", x), "4242", "P-27")
		})
	}
	_, err := r.explainer.Explain(t.Context(), r.tenant(), sent.ID, "larg")
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
	require.ErrorContains(t, err, `did you mean "large"?`)
	_, err = r.explainer.Explain(t.Context(), r.tenant(), signalbox.ID{1}, "large")
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
}

func TestPreview(t *testing.T) {
	r := newRig(t)
	r.apply(`
types: [{ type: order, operations: [placed, cancelled] }]
rules: [{ name: large, on: { event: "order:placed" }, when: payload.data.total > 100, start: { workflow: W, taskQueue: q } }]
`)
	var sent []signalbox.Event
	for _, data := range []string{`{"total": 500}`, `{"total": 150}`, `{"total": 50}`, `{"total": "much"}`, `{}`} {
		sent = append(sent, r.send(r.event("order", "placed", data)))
	}
	sent = append(sent, r.send(r.event("order", "cancelled", `{"total": 300}`)))
	draft := definition("payload.data.total < 200")
	draft.On.Operation = "*"

	p, err := r.explainer.Preview(t.Context(), r.tenant(), "large", draft, signalbox.Window{})
	require.NoError(t, err)
	require.Positive(t, p.Took)
	p.Took = 0
	require.Equal(t, &signalbox.Preview{
		Scanned: 6, Oldest: sent[0].ReceivedAt(), Newest: sent[5].ReceivedAt(), Matched: 2,
		NewlyMatched: signalbox.Sample{Count: 1, IDs: []signalbox.ID{sent[2].ID}},
		NoLonger:     signalbox.Sample{Count: 1, IDs: []signalbox.ID{sent[0].ID}},
		Errors:       signalbox.Sample{Count: 1, IDs: []signalbox.ID{sent[3].ID}},
		FirstError:   p.FirstError,
	}, p)
	require.NotEmpty(t, p.FirstError)
	require.Len(t, r.live.Rules(r.tenant()), 1, "nothing is saved")

	p, err = r.explainer.Preview(t.Context(), r.tenant(), "", definition("payload.data.total < 200"), signalbox.Window{Limit: 2})
	require.NoError(t, err, "a rule that is not there yet")
	require.True(t, p.Truncated)
	require.Equal(t, 2, p.Scanned)
	p, err = r.explainer.Preview(t.Context(), r.tenant(), "large", definition("true"), signalbox.Window{From: sent[1].ReceivedAt(), Before: sent[3].ReceivedAt()})
	require.NoError(t, err)
	require.Equal(t, 2, p.Scanned, "from is in the window, before is not")

	_, err = r.editor.SetRuleState(t.Context(), as(r.tenant()), "large", signalbox.RuleDisabled)
	require.NoError(t, err)
	p, err = r.explainer.Preview(t.Context(), r.tenant(), "large", definition("payload.data.total > 100"), signalbox.Window{})
	require.NoError(t, err)
	require.Equal(t, 2, p.NewlyMatched.Count, "a disabled rule is not in force")
}

func TestWhatCannotBeLookedAt(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	now := time.Now()
	for name, c := range map[string]struct {
		draft   signalbox.RuleDefinition
		window  signalbox.Window
		code    signalbox.Code
		pointer string
	}{
		"too many":      {definition(""), signalbox.Window{Limit: maxScan + 1}, signalbox.CodeInvalidInput, "/window/limit"},
		"fewer than no": {definition(""), signalbox.Window{Limit: -1}, signalbox.CodeInvalidInput, "/window/limit"},
		"backwards":     {definition(""), signalbox.Window{From: now, Before: now.Add(-time.Hour)}, signalbox.CodeInvalidInput, "/window/from"},
		"no expression": {definition("payload."), signalbox.Window{}, signalbox.CodeConfiguration, "/when"},
		"no such field": {definition("payload.data.totl > 1"), signalbox.Window{}, signalbox.CodeConfiguration, "/when"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.explainer.Preview(t.Context(), r.tenant(), "approve", c.draft, c.window)
			require.Equal(t, c.code, signalbox.ErrorCode(err))
			require.Equal(t, []string{c.pointer}, pointers(err))
		})
	}
	_, err := r.explainer.Compare(t.Context(), r.tenant(), "nobody", "approve", signalbox.Window{})
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
}

func TestCompare(t *testing.T) {
	r := newRig(t)
	r.apply(`
types: [{ type: order, operations: [placed, cancelled] }]
rules: [{ name: current, on: { event: "order:placed" }, when: payload.data.total > 100, start: { workflow: W, taskQueue: q } }]
`)
	r.send(r.event("order", "placed", `{"total": 500}`)) // before the shadow rule: it says nothing of it
	r.apply(`rules: [{ name: next, state: shadow, on: { type: order, operation: "*" }, when: payload.data.sum > 100, start: { workflow: W, taskQueue: q } }]`)
	var sent []signalbox.Event
	for _, data := range []string{`{"total": 500, "sum": 500}`, `{"total": 500}`, `{"sum": 500, "total": 1}`, `{"total": 500, "sum": "x"}`, `{"total": 1, "sum": 1}`} {
		sent = append(sent, r.send(r.event("order", "placed", data)))
	}
	sent = append(sent, r.send(r.event("order", "cancelled", `{"sum": 500}`)))

	c, err := r.explainer.Compare(t.Context(), r.tenant(), "next", "current", signalbox.Window{})
	require.NoError(t, err)
	require.Positive(t, c.Took)
	c.Took = 0
	require.Equal(t, &signalbox.Comparison{
		Scanned: 6, Oldest: sent[0].ReceivedAt(), Newest: sent[5].ReceivedAt(), Both: 1,
		OnlyShadow:   signalbox.Sample{Count: 2, IDs: []signalbox.ID{sent[5].ID, sent[2].ID}},
		OnlyEnabled:  signalbox.Sample{Count: 2, IDs: []signalbox.ID{sent[3].ID, sent[1].ID}},
		ShadowErrors: signalbox.Sample{Count: 1, IDs: []signalbox.ID{sent[3].ID}},
	}, c)
}
