package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestApplyIsAllOrNothing(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	content, err := Parse([]byte(`
types:
  - type: order
    operations: [{ name: shipped, displayName: Order placed }]
rules:
  - name: one
    on: { event: "order:placed" }
    when: payload.data.totl > 1
    start: { workflow: W, taskQueue: q }
  - name: fine
    on: { event: "order:placed" }
    start: { workflow: W, taskQueue: q }
`))
	require.NoError(t, err, "nothing that can be seen without the database")
	_, _, err = r.editor.Apply(t.Context(), as(r.tenant()), content, false)
	require.ErrorContains(t, err, "displayName")
	content.Types = nil
	content.Rules = append(content.Rules, signalbox.Rule{Name: "two", RuleDefinition: definition("payload.data.currency == 5")})
	_, _, err = r.editor.Apply(t.Context(), as(r.tenant()), content, false)
	require.ErrorContains(t, err, `rule "one"`)
	require.ErrorContains(t, err, `rule "two"`, "every fault, not the first")
	require.Equal(t, signalbox.CodeConfiguration, signalbox.ErrorCode(err))
	require.Len(t, r.live.Rules(r.tenant()), 1)
	require.Len(t, r.live.EventTypes(r.tenant()), 2)
}

func TestApplyLaysAFileOverWhatStands(t *testing.T) {
	r := newRig(t)
	changes, _ := r.apply(orders)
	actions := func(changes []signalbox.Change) map[string]signalbox.ChangeAction {
		m := make(map[string]signalbox.ChangeAction)
		for _, c := range changes {
			m[c.Kind+" "+c.Name] = c.Action
		}
		return m
	}
	require.Equal(t, map[string]signalbox.ChangeAction{
		"event type order:placed": signalbox.Created, "event type order:cancelled": signalbox.Created, "rule approve": signalbox.Created,
	}, actions(changes))
	changes, _ = r.apply(orders)
	require.Equal(t, map[string]signalbox.ChangeAction{
		"event type order:placed": signalbox.Unchanged, "event type order:cancelled": signalbox.Unchanged, "rule approve": signalbox.Unchanged,
	}, actions(changes))

	_, err := r.editor.SetRuleState(t.Context(), as(r.tenant()), "approve", signalbox.RuleDisabled)
	require.NoError(t, err)
	changes, _ = r.apply(orders)
	require.Equal(t, signalbox.Unchanged, actions(changes)["rule approve"], "a state that the file leaves out is kept")
	rule, found := r.live.Rule(r.tenant(), "approve")
	require.True(t, found)
	require.Equal(t, signalbox.RuleDisabled, rule.State)

	changes, _ = r.apply(`
tenant: { config: { limit: 12345678901234567890.10, apiToken: x1, token: x2 } }
rules:
  - name: approve
    state: draft
    on: { event: "order:placed" }
    when: payload.data.total > 1
    start: { workflow: Approve, taskQueue: orders, runTimeout: PT90S }
`)
	require.Equal(t, []signalbox.Change{
		{Kind: "tenant", Name: "default", Action: signalbox.Changed, Details: []string{
			"config.limit: none → 12345678901234567890.10", "config.apiToken: none → (hidden)", "config.token: none → (hidden)",
		}},
		{Kind: "rule", Name: "approve", Action: signalbox.Changed, Details: []string{
			`draft.on.type: none → "order"`, `draft.on.operation: none → "placed"`, `draft.when: none → "payload.data.total > 1"`,
			`draft.start.workflow: none → "Approve"`, `draft.start.taskQueue: none → "orders"`, "draft.start.runTimeout: none → PT1M30S",
		}},
	}, changes)
	changes, _ = r.apply(`tenant: { unknownNames: accept }`)
	require.Equal(t, []string{`unknownNames: "REJECT" → "ACCEPT"`}, changes[0].Details, "the configuration stays")

	// Schema and rule change together: the rule is held to what is then the schema.
	changes, warnings := r.apply(`
types:
  - type: order
    operations:
      - { name: placed, schema: { type: object, properties: { sum: { type: number } } } }
rules:
  - name: approve
    state: enabled
    on: { event: "order:placed" }
    when: payload.data.sum > 1
    start: { workflow: Approve, taskQueue: orders }
`)
	require.Contains(t, changes[0].Details, "schema: version 2")
	require.Contains(t, changes[1].Details, `when: "payload.data.total > 100" → "payload.data.sum > 1"`)
	for _, w := range warnings {
		require.NotContains(t, w.Message, "breaks rule")
	}
	rule, _ = r.live.Rule(r.tenant(), "approve")
	require.Nil(t, rule.Draft, "what is published takes the place of a draft")
	require.Equal(t, 2, rule.Version)

	_, warnings = r.apply(`
types:
  - type: order
    operations:
      - { name: placed, schema: { type: object, properties: { other: { type: number } } } }
`)
	require.True(t, slices.ContainsFunc(warnings, func(w signalbox.Warning) bool { return strings.Contains(w.Message, `breaks rule "approve"`) }), "%v", warnings)
}

// A rule whose own test fails is not saved, and what makes it fail is said first.
func TestARulesOwnTestsHaveToPass(t *testing.T) {
	r := newRig(t)
	const file = `
types: [{ type: order, operations: [{ name: placed, fields: { total: number } }] }]
rules:
  - name: large
    on: { event: "order:placed" }
    when: payload.data.%s > 100
    start: { workflow: W, taskQueue: q }
    tests: [{ name: two hundred, event: { data: { total: 200 } }, expect: %s }]`
	for _, c := range []struct {
		field, expect string
		want          []string
	}{
		{"total", "FILTERED", []string{`tests.0 "two hundred" fails: it expects FILTERED, and the rule says MATCHED`}},
		{"totl", "MATCHED", []string{`did you mean "total"?`, `tests.0 "two hundred" fails: it expects MATCHED, and the rule says FILTERED: payload.data.totl is missing`}},
		{"total", "MATCHED", nil},
	} {
		content, err := Parse([]byte(fmt.Sprintf(file, c.field, c.expect)))
		require.NoError(t, err)
		_, _, err = r.editor.Apply(t.Context(), as(r.tenant()), content, false)
		if c.want == nil {
			require.NoError(t, err)
			continue
		}
		at := 0
		for _, part := range c.want {
			i := strings.Index(err.Error()[at:], part)
			require.GreaterOrEqual(t, i, 0, "%s in %s", part, err)
			at += i
		}
		require.Empty(t, r.live.Rules(r.tenant()))
	}
}

// A file that says what stands changes nothing, however it spells its numbers: a
// draft that waits still waits.
func TestAnUnchangedFileLeavesDraftsAlone(t *testing.T) {
	r := newRig(t)
	const file = `
types: [{ type: order, operations: [placed] }]
rules:
  - name: big
    on: { event: "order:placed" }
    when: payload.data.total > 10
    start: { workflow: W, taskQueue: q }
    tests: [{ name: t, event: { data: { total: 1e2, exact: 0.10 } }, expect: MATCHED }]`
	r.apply(file)
	big, _ := r.live.Rule(r.tenant(), "big")
	draft := big.RuleDefinition
	draft.When = "payload.data.total > 20"
	_, err := r.editor.SaveRule(t.Context(), as(r.tenant()), signalbox.RuleEdit{Name: "big", Definition: draft})
	require.NoError(t, err)
	changes, _ := r.apply(file)
	for _, c := range changes {
		require.Equal(t, signalbox.Unchanged, c.Action, "%v", c)
	}
	big, _ = r.live.Rule(r.tenant(), "big")
	require.NotNil(t, big.Draft)
	require.Equal(t, 1, big.Version)
}
