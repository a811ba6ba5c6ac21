package catalogue

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// orders is a catalogue that most tests begin with.
const orders = `
types:
  - type: order
    operations:
      - name: placed
        displayName: Order placed
        schema: { type: object, required: [total], properties: { total: { type: number }, currency: { type: string } } }
        sample: { total: 1 }
      - { name: cancelled }
rules:
  - name: approve
    on: { event: "order:placed" }
    when: payload.data.total > 100
    start: { workflow: Approve, taskQueue: orders }
`

func definition(when string) signalbox.RuleDefinition {
	return signalbox.RuleDefinition{
		On: signalbox.Pattern{Type: "order", Operation: "placed"}, When: when,
		Start: signalbox.StartSpec{Workflow: "W", TaskQueue: "q"},
	}
}

func pointers(err error) []string {
	var all []string
	for _, v := range signalbox.AsError(err).Violations {
		all = append(all, v.Pointer)
	}
	return all
}

func TestARuleFromItsDraftToItsEnd(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	ctx := t.Context()
	verdict := func() signalbox.Verdict {
		e := r.event("order", "placed", `{"total": 50}`)
		plan, err := r.live.Plan(&e, nil)
		require.NoError(t, err)
		d := decisionOf(plan.Decisions, "large")
		if d == nil {
			return ""
		}
		return d.Verdict
	}

	saved, err := r.editor.SaveRule(ctx, as(r.tenant()), signalbox.RuleEdit{Name: "large", Definition: definition("payload.data.total > 10"), Create: true})
	require.NoError(t, err)
	require.Equal(t, signalbox.Created, saved.Change.Action)
	require.Equal(t, signalbox.RuleDraft, saved.Rule.State)
	require.Zero(t, saved.Rule.Version)
	require.Equal(t, signalbox.VerdictDisabled, verdict(), "a draft is not asked, and says so")

	_, err = r.editor.SetRuleState(ctx, as(r.tenant()), "large", signalbox.RuleEnabled)
	require.ErrorContains(t, err, "publish it first")

	saved, err = r.editor.PublishRule(ctx, as(r.tenant()), "large", signalbox.RuleShadow)
	require.NoError(t, err)
	require.Equal(t, 1, saved.Rule.Version)
	require.Contains(t, saved.Change.Details, `state: "DRAFT" → "SHADOW"`)
	require.Equal(t, signalbox.VerdictShadow, verdict(), "in force when the editor answers")

	_, err = r.editor.PublishRule(ctx, as(r.tenant()), "large", "")
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	require.ErrorContains(t, err, "no draft to publish")

	saved, err = r.editor.SetRuleState(ctx, as(r.tenant()), "large", signalbox.RuleEnabled)
	require.NoError(t, err)
	require.Equal(t, 1, saved.Rule.Version, "a state is no part of a version")
	require.Equal(t, signalbox.VerdictMatched, verdict())

	// A draft beside what is in force.
	saved, err = r.editor.SaveRule(ctx, as(r.tenant()), signalbox.RuleEdit{Name: "large", Definition: definition("payload.data.total > 1000")})
	require.NoError(t, err)
	require.Equal(t, []string{`draft.on.type: none → "order"`, `draft.on.operation: none → "placed"`, `draft.when: none → "payload.data.total > 1000"`, `draft.start.workflow: none → "W"`, `draft.start.taskQueue: none → "q"`}, saved.Change.Details)
	require.Equal(t, signalbox.VerdictMatched, verdict())
	saved, err = r.editor.PublishRule(ctx, as(r.tenant()), "large", "")
	require.NoError(t, err)
	require.Equal(t, 2, saved.Rule.Version)
	require.Nil(t, saved.Rule.Draft)
	require.Equal(t, signalbox.RuleEnabled, saved.Rule.State)
	require.Equal(t, signalbox.VerdictFiltered, verdict())

	// A draft that says what is in force is none.
	saved, err = r.editor.SaveRule(ctx, as(r.tenant()), signalbox.RuleEdit{Name: "large", Definition: definition("payload.data.total > 1000")})
	require.NoError(t, err)
	require.Nil(t, saved.Rule.Draft)
	require.Equal(t, signalbox.Unchanged, saved.Change.Action)

	require.NoError(t, r.editor.DeleteRule(ctx, as(r.tenant()), "large"))
	require.Empty(t, verdict())
	err = r.editor.DeleteRule(ctx, as(r.tenant()), "large")
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))

	versions, err := r.store.RuleVersions(ctx, r.tenant(), "large")
	require.NoError(t, err)
	require.Len(t, versions, 2, "history outlives the rule")
}

func TestADryRunSavesNothing(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	saved, err := r.editor.SaveRule(t.Context(), as(r.tenant()), signalbox.RuleEdit{Name: "approve", Definition: definition("true"), Publish: true, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, 2, saved.Rule.Version)
	require.Equal(t, []string{
		`when: "payload.data.total > 100" → "true"`, `start.workflow: "Approve" → "W"`, `start.taskQueue: "orders" → "q"`,
	}, saved.Change.Details)
	typ, err := r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{Type: signalbox.EventType{Type: "order", Operation: "shipped"}, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, signalbox.Created, typ.Change.Action)
	content, err := Parse([]byte(strings.ReplaceAll(orders, "100", "200")))
	require.NoError(t, err)
	changes, _, err := r.editor.Apply(t.Context(), as(r.tenant()), content, true)
	require.NoError(t, err)
	require.Contains(t, changes, signalbox.Change{Kind: "rule", Name: "approve", Action: signalbox.Changed, Details: []string{`when: "payload.data.total > 100" → "payload.data.total > 200"`}})

	now, err := r.store.Catalogue(t.Context(), r.tenant())
	require.NoError(t, err)
	require.Len(t, now.Types, 2)
	require.Equal(t, 1, now.Rules[0].Version)
}

func TestSaveRuleRefusesWhatCannotBeRight(t *testing.T) { // P-19
	r := newRig(t)
	r.apply(orders)
	tests := []signalbox.RuleTest{{Name: "t", Event: signalbox.TestEvent{Data: []byte(`{"total": 5}`)}, Expect: signalbox.VerdictMatched}}
	for name, c := range map[string]struct {
		edit     signalbox.RuleEdit
		code     signalbox.Code
		pointers []string
		message  string
	}{
		"a name that is taken":     {signalbox.RuleEdit{Name: "approve", Create: true, Definition: definition("")}, signalbox.CodeInvalidInput, []string{"/name"}, "already"},
		"a name that is not there": {signalbox.RuleEdit{Name: "aprove", Definition: definition("")}, signalbox.CodeNotFound, nil, `did you mean "approve"?`},
		"no expression":            {signalbox.RuleEdit{Name: "new", Create: true, Definition: definition("payload.data.total >")}, signalbox.CodeConfiguration, []string{"/when"}, ""},
		"a field of no version":    {signalbox.RuleEdit{Name: "new", Create: true, Definition: definition("payload.data.totl > 1")}, signalbox.CodeConfiguration, []string{"/when"}, "total"},
		"a text with a number":     {signalbox.RuleEdit{Name: "new", Create: true, Definition: definition("payload.data.currency > 1")}, signalbox.CodeConfiguration, []string{"/when"}, ""},
		"its own test": {signalbox.RuleEdit{Name: "new", Create: true, Definition: signalbox.RuleDefinition{
			On: definition("").On, When: "payload.data.total > 10", Start: definition("").Start, Tests: tests,
		}}, signalbox.CodeConfiguration, []string{"/tests/0"}, "FILTERED"},
		"all at once": {signalbox.RuleEdit{Name: "new", Create: true, Publish: true, Definition: signalbox.RuleDefinition{
			On: definition("").On, When: "payload.data.totl > 10", Start: signalbox.StartSpec{Workflow: "W", TaskQueue: "q", ID: "payload.data.total"}, Tests: tests,
		}}, signalbox.CodeConfiguration, []string{"/when", "/start/id", "/tests/0"}, "and 2 more"},
		"a state for a draft":    {signalbox.RuleEdit{Name: "new", Create: true, Definition: definition(""), State: signalbox.RuleShadow}, signalbox.CodeInvalidInput, []string{"/state"}, "publish it"},
		"a state that is none":   {signalbox.RuleEdit{Name: "new", Create: true, Publish: true, Definition: definition(""), State: "ON"}, signalbox.CodeInvalidInput, []string{"/state"}, "ENABLED, DISABLED or SHADOW"},
		"a state for publishing": {signalbox.RuleEdit{Name: "new", Create: true, Publish: true, Definition: definition(""), State: signalbox.RuleDraft}, signalbox.CodeInvalidInput, []string{"/state"}, "ENABLED, DISABLED or SHADOW"},
		"no workflow, no name":   {signalbox.RuleEdit{Name: "a b", Create: true, Definition: signalbox.RuleDefinition{On: definition("").On}}, signalbox.CodeConfiguration, []string{"/name", "/start/workflow", "/start/taskQueue"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.editor.SaveRule(t.Context(), as(r.tenant()), c.edit)
			require.Equal(t, c.code, signalbox.ErrorCode(err), "%v", err)
			require.Equal(t, c.pointers, pointers(err))
			require.Contains(t, signalbox.AsError(err).Message, c.message)
		})
	}
	now, err := r.store.Catalogue(t.Context(), r.tenant())
	require.NoError(t, err)
	require.Len(t, now.Rules, 1, "nothing was saved")
}

func TestARuleThatFitsNothingIsSavedWithAWarning(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	d := definition("")
	d.On.Operation = "place"
	saved, err := r.editor.SaveRule(t.Context(), as(r.tenant()), signalbox.RuleEdit{Name: "typo", Create: true, Publish: true, Definition: d})
	require.NoError(t, err)
	require.Len(t, saved.Warnings, 1)
	require.Equal(t, signalbox.WarnRule, saved.Warnings[0].Code)
	require.Contains(t, saved.Warnings[0].Message, `did you mean "order:placed"?`)
}

func TestARuleThatNoLongerFitsCanBeSwitchedOff(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	d := definition("payload.data.sum > 1")
	d.On.Operation = "cancelled"
	_, err := r.editor.SaveRule(t.Context(), as(r.tenant()), signalbox.RuleEdit{Name: "sums", Create: true, Publish: true, Definition: d})
	require.NoError(t, err, "a type without a schema takes anything")
	typ, err := r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{
		Type: signalbox.EventType{Type: "order", Operation: "cancelled"}, Schema: []byte(`{"properties": {"total": {"type": "number"}}}`),
	})
	require.NoError(t, err)
	require.Equal(t, "sums", typ.BrokenRules[0].Rule)

	saved, err := r.editor.SetRuleState(t.Context(), as(r.tenant()), "sums", signalbox.RuleDisabled)
	require.NoError(t, err)
	require.Equal(t, signalbox.RuleDisabled, saved.Rule.State)
	require.Equal(t, []string{`state: "ENABLED" → "DISABLED"`}, saved.Change.Details)
	require.Len(t, saved.Warnings, 1)
	require.Equal(t, signalbox.WarnRule, saved.Warnings[0].Code)
	require.Contains(t, saved.Warnings[0].Message, `"sum"`)
	d.Description = "changed"
	_, err = r.editor.SaveRule(t.Context(), as(r.tenant()), signalbox.RuleEdit{Name: "sums", Publish: true, Definition: d})
	require.Equal(t, []string{"/when"}, pointers(err), "what is new is held to it all the same")
}

// Whatever its schemas have come to, and whatever draft waits, a rule can be
// switched off.
func TestARuleWithADraftCanBeSwitchedOff(t *testing.T) {
	r := newRig(t)
	r.apply(`
types: [{ type: order, operations: [placed] }]
rules:
  - { name: big, on: { event: "order:placed" }, when: payload.data.total > 1, start: { workflow: W, taskQueue: q } }`)
	big, found := r.live.Rule(r.tenant(), "big")
	require.True(t, found)
	draft := big.RuleDefinition
	draft.When = "payload.data.total > 2"
	_, err := r.editor.SaveRule(t.Context(), as(r.tenant()), signalbox.RuleEdit{Name: "big", Definition: draft})
	require.NoError(t, err)
	_, err = r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{
		Type: signalbox.EventType{Type: "order", Operation: "placed"}, Schema: []byte(`{"properties": {"sum": {"type": "number"}}}`),
	})
	require.NoError(t, err)
	saved, err := r.editor.SetRuleState(t.Context(), as(r.tenant()), "big", signalbox.RuleDisabled)
	require.NoError(t, err)
	require.Equal(t, signalbox.RuleDisabled, saved.Rule.State)
	require.NotNil(t, saved.Rule.Draft)
	require.NotEmpty(t, saved.Warnings)
	require.Equal(t, "default", saved.Rule.Start.Namespace, "as it is in force")
}
