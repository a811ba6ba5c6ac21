package catalogue

import (
	"fmt"
	"slices"
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
		plan, err := r.live.Plan(&e)
		require.NoError(t, err)
		d := decisionOf(plan.Decisions, "large")
		if d == nil {
			return ""
		}
		return d.Verdict
	}

	saved, err := r.editor.SaveRule(ctx, r.tenant(), signalbox.RuleEdit{Name: "large", Definition: definition("payload.data.total > 10"), Create: true})
	require.NoError(t, err)
	require.Equal(t, signalbox.Created, saved.Change.Action)
	require.Equal(t, signalbox.RuleDraft, saved.Rule.State)
	require.Zero(t, saved.Rule.Version)
	require.Equal(t, signalbox.VerdictDisabled, verdict(), "a draft is not asked, and says so")

	_, err = r.editor.SetRuleState(ctx, r.tenant(), "large", signalbox.RuleEnabled)
	require.ErrorContains(t, err, "publish it first")

	saved, err = r.editor.PublishRule(ctx, r.tenant(), "large", signalbox.RuleShadow)
	require.NoError(t, err)
	require.Equal(t, 1, saved.Rule.Version)
	require.Contains(t, saved.Change.Details, `state: "DRAFT" → "SHADOW"`)
	require.Equal(t, signalbox.VerdictShadow, verdict(), "in force when the editor answers")

	_, err = r.editor.PublishRule(ctx, r.tenant(), "large", "")
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	require.ErrorContains(t, err, "no draft to publish")

	saved, err = r.editor.SetRuleState(ctx, r.tenant(), "large", signalbox.RuleEnabled)
	require.NoError(t, err)
	require.Equal(t, 1, saved.Rule.Version, "a state is no part of a version")
	require.Equal(t, signalbox.VerdictMatched, verdict())

	// A draft beside what is in force.
	saved, err = r.editor.SaveRule(ctx, r.tenant(), signalbox.RuleEdit{Name: "large", Definition: definition("payload.data.total > 1000")})
	require.NoError(t, err)
	require.Equal(t, []string{`draft.on.type: none → "order"`, `draft.on.operation: none → "placed"`, `draft.when: none → "payload.data.total > 1000"`, `draft.start.workflow: none → "W"`, `draft.start.taskQueue: none → "q"`}, saved.Change.Details)
	require.Equal(t, signalbox.VerdictMatched, verdict())
	saved, err = r.editor.PublishRule(ctx, r.tenant(), "large", "")
	require.NoError(t, err)
	require.Equal(t, 2, saved.Rule.Version)
	require.Nil(t, saved.Rule.Draft)
	require.Equal(t, signalbox.RuleEnabled, saved.Rule.State)
	require.Equal(t, signalbox.VerdictFiltered, verdict())

	// A draft that says what is in force is none.
	saved, err = r.editor.SaveRule(ctx, r.tenant(), signalbox.RuleEdit{Name: "large", Definition: definition("payload.data.total > 1000")})
	require.NoError(t, err)
	require.Nil(t, saved.Rule.Draft)
	require.Equal(t, signalbox.Unchanged, saved.Change.Action)

	require.NoError(t, r.editor.DeleteRule(ctx, r.tenant(), "large"))
	require.Empty(t, verdict())
	err = r.editor.DeleteRule(ctx, r.tenant(), "large")
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))

	versions, err := r.store.RuleVersions(ctx, r.tenant(), "large")
	require.NoError(t, err)
	require.Len(t, versions, 2, "history outlives the rule")
}

func TestADryRunSavesNothing(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	saved, err := r.editor.SaveRule(t.Context(), r.tenant(), signalbox.RuleEdit{Name: "approve", Definition: definition("true"), Publish: true, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, 2, saved.Rule.Version)
	require.Equal(t, []string{
		`when: "payload.data.total > 100" → "true"`, `start.workflow: "Approve" → "W"`, `start.taskQueue: "orders" → "q"`,
	}, saved.Change.Details)
	typ, err := r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{Type: signalbox.EventType{Type: "order", Operation: "shipped"}, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, signalbox.Created, typ.Change.Action)
	content, err := Parse([]byte(strings.ReplaceAll(orders, "100", "200")))
	require.NoError(t, err)
	changes, _, err := r.editor.Apply(t.Context(), r.tenant(), content, true)
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
			_, err := r.editor.SaveRule(t.Context(), r.tenant(), c.edit)
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
	saved, err := r.editor.SaveRule(t.Context(), r.tenant(), signalbox.RuleEdit{Name: "typo", Create: true, Publish: true, Definition: d})
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
	_, err := r.editor.SaveRule(t.Context(), r.tenant(), signalbox.RuleEdit{Name: "sums", Create: true, Publish: true, Definition: d})
	require.NoError(t, err, "a type without a schema takes anything")
	typ, err := r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{
		Type: signalbox.EventType{Type: "order", Operation: "cancelled"}, Schema: []byte(`{"properties": {"total": {"type": "number"}}}`),
	})
	require.NoError(t, err)
	require.Equal(t, "sums", typ.BrokenRules[0].Rule)

	saved, err := r.editor.SetRuleState(t.Context(), r.tenant(), "sums", signalbox.RuleDisabled)
	require.NoError(t, err)
	require.Equal(t, signalbox.RuleDisabled, saved.Rule.State)
	require.Equal(t, []string{`state: "ENABLED" → "DISABLED"`}, saved.Change.Details)
	require.Len(t, saved.Warnings, 1)
	require.Equal(t, signalbox.WarnRule, saved.Warnings[0].Code)
	require.Contains(t, saved.Warnings[0].Message, `"sum"`)
	d.Description = "changed"
	_, err = r.editor.SaveRule(t.Context(), r.tenant(), signalbox.RuleEdit{Name: "sums", Publish: true, Definition: d})
	require.Equal(t, []string{"/when"}, pointers(err), "what is new is held to it all the same")
}

func TestSaveEventType(t *testing.T) { // P-25, X-05
	r := newRig(t)
	r.apply(orders)
	for i := range 12 {
		r.send(r.event("order", "placed", fmt.Sprintf(`{"total": %d}`, i)))
	}
	r.send(r.event("order", "placed", `{"total": 1, "currency": "EUR"}`))
	typ := signalbox.EventType{Type: "order", Operation: "placed", DisplayName: "Order placed"}
	const breaking = `{"type": "object", "required": ["currency"], "properties": {"currency": {"type": "string"}, "sum": {"type": "number"}}}`

	saved, err := r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{Type: typ, Schema: []byte(breaking), DryRun: true})
	require.NoError(t, err)
	require.Equal(t, 13, saved.Sampled)
	require.Equal(t, 12, saved.Refused.Count, "those without a currency")
	require.Len(t, saved.Refused.IDs, signalbox.MaxSample)
	require.NotEmpty(t, saved.Breaks)
	require.Len(t, saved.BrokenRules, 1)
	require.Equal(t, "approve", saved.BrokenRules[0].Rule)
	require.Contains(t, saved.BrokenRules[0].Reason, `no member "total"`)
	require.Contains(t, saved.Change.Details, "schema: version 2")
	require.Contains(t, saved.Change.Details, `schema.properties.total.type: "number" → none`)
	var codes []signalbox.WarningCode
	for _, w := range saved.Warnings {
		codes = append(codes, w.Code)
	}
	require.Contains(t, codes, signalbox.WarnCompatibility)
	require.Contains(t, codes, signalbox.WarnRule)

	typ.Compatibility = signalbox.CompatibilityBackward
	_, err = r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{Type: typ, Schema: []byte(breaking)})
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	e := signalbox.AsError(err)
	require.True(t, slices.ContainsFunc(e.Violations, func(v signalbox.Violation) bool { return strings.HasPrefix(v.Message, `breaks rule "approve"`) }), "%v", e.Violations)
	for _, pointer := range pointers(err) {
		require.True(t, strings.HasPrefix(pointer, "/schema"), pointer)
	}

	saved, err = r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{Type: typ, Schema: []byte(breaking), AllowBreaking: true})
	require.NoError(t, err)
	require.Len(t, saved.Type.Schemas, 2)
	require.JSONEq(t, breaking, string(saved.Type.Newest().Text))

	// The same schema is no new version, nor is it broken anew.
	saved, err = r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{Type: typ, Schema: []byte(strings.ReplaceAll(breaking, " ", "\n"))})
	require.NoError(t, err)
	require.Len(t, saved.Type.Schemas, 2)
	require.Equal(t, signalbox.Unchanged, saved.Change.Action)
	require.Empty(t, saved.BrokenRules)
}

func TestSaveEventTypeRefusesWhatCannotBeRight(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	typ := func(change func(*signalbox.EventType)) signalbox.EventType {
		v := signalbox.EventType{Type: "order", Operation: "shipped"}
		change(&v)
		return v
	}
	for name, c := range map[string]struct {
		edit    signalbox.EventTypeEdit
		pointer string
		message string
	}{
		"a star":                 {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Operation = "ship*" })}, "/operation", "patterns"},
		"a display name twice":   {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.DisplayName = "Order placed" })}, "/displayName", "order:placed"},
		"a policy that is none":  {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Policy = "MAYBE" })}, "/policy", "OFF, WARN or REJECT"},
		"a sample of no object":  {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Sample = []byte(`1`) })}, "/sample", "object"},
		"a sample that is wrong": {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Sample = []byte(`{"a": "secret-value"}`) }), Schema: []byte(`{"properties": {"a": {"type": "number"}}}`)}, "/sample/a", "pass the schema"},
		"no schema":              {signalbox.EventTypeEdit{Type: typ(func(*signalbox.EventType) {}), Schema: []byte(`{"type": "objet"}`)}, "/schema/type", ""},
		"a schema from afar":     {signalbox.EventTypeEdit{Type: typ(func(*signalbox.EventType) {}), Schema: []byte(`{"$ref": "file:///etc/passwd"}`)}, "/schema/$ref", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.editor.SaveEventType(t.Context(), r.tenant(), c.edit)
			require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err), "%v", err)
			require.Equal(t, []string{c.pointer}, pointers(err))
			require.Contains(t, signalbox.AsError(err).Message, c.message)
			require.NotContains(t, err.Error(), "secret-value")
		})
	}
}

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
	_, _, err = r.editor.Apply(t.Context(), r.tenant(), content, false)
	require.ErrorContains(t, err, "displayName")
	content.Types = nil
	content.Rules = append(content.Rules, signalbox.Rule{Name: "two", RuleDefinition: definition("payload.data.currency == 5")})
	_, _, err = r.editor.Apply(t.Context(), r.tenant(), content, false)
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

	_, err := r.editor.SetRuleState(t.Context(), r.tenant(), "approve", signalbox.RuleDisabled)
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
		_, _, err = r.editor.Apply(t.Context(), r.tenant(), content, false)
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
	_, err := r.editor.SaveRule(t.Context(), r.tenant(), signalbox.RuleEdit{Name: "big", Definition: draft})
	require.NoError(t, err)
	_, err = r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{
		Type: signalbox.EventType{Type: "order", Operation: "placed"}, Schema: []byte(`{"properties": {"sum": {"type": "number"}}}`),
	})
	require.NoError(t, err)
	saved, err := r.editor.SetRuleState(t.Context(), r.tenant(), "big", signalbox.RuleDisabled)
	require.NoError(t, err)
	require.Equal(t, signalbox.RuleDisabled, saved.Rule.State)
	require.NotNil(t, saved.Rule.Draft)
	require.NotEmpty(t, saved.Warnings)
	require.Equal(t, "default", saved.Rule.Start.Namespace, "as it is in force")
}

// A promise of compatibility cannot be lifted and broken in one edit, and a type and
// a display name never hide each other.
func TestPromisesToProducersHold(t *testing.T) { // P-25, A-09
	r := newRig(t)
	r.apply(`
types:
  - type: ticket
    operations: [{ name: created, displayName: Ticket Created, compatibility: backward, fields: { a: string } }]`)
	edit := signalbox.EventTypeEdit{Type: signalbox.EventType{Type: "ticket", Operation: "created"}, Schema: []byte(`{"properties": {"a": {"type": "number"}}}`)}
	_, err := r.editor.SaveEventType(t.Context(), r.tenant(), edit)
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	edit.AllowBreaking = true
	_, err = r.editor.SaveEventType(t.Context(), r.tenant(), edit)
	require.NoError(t, err)

	r.apply("types: [{ type: ticket, operations: [{ name: created, displayName: Ticket Created }] }]")
	for _, taken := range []signalbox.EventType{
		{Type: "Ticket Created", Operation: "x"}, {Type: "other", Operation: "x", DisplayName: "ticket"},
	} {
		_, err = r.editor.SaveEventType(t.Context(), r.tenant(), signalbox.EventTypeEdit{Type: taken})
		require.ErrorContains(t, err, "take another name")
	}
}

// What any version of a schema marks is shown under none: senders choose versions.
func TestWhatOneVersionMarksIsSensitiveInAll(t *testing.T) { // P-27
	r := newRig(t)
	r.apply(`
types: [{ type: visit, operations: [{ name: done, schema: { properties: { diagnosis: { type: string } } } }] }]
rules: [{ name: flu, on: { event: "visit:done" }, when: payload.data.diagnosis == "flu", start: { workflow: W, taskQueue: q } }]`)
	before := r.send(r.event("visit", "done", `{"diagnosis": "CANARY"}`))
	r.apply("types: [{ type: visit, operations: [{ name: done, schema: { properties: { diagnosis: { type: string, x-sensitive: true } } } }] }]")
	e := r.event("visit", "done", `{"diagnosis": "CANARY"}`)
	e.SchemaVersion = 1
	e = r.send(e)
	require.Equal(t, "[redacted]", e.Decisions[0].Observed)
	x, err := r.explainer.Explain(t.Context(), r.tenant(), before.ID, "flu")
	require.NoError(t, err)
	require.Equal(t, "[redacted]", x.Clauses[0].Observed)
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
	_, err := r.editor.SaveRule(t.Context(), r.tenant(), signalbox.RuleEdit{Name: "big", Definition: draft})
	require.NoError(t, err)
	changes, _ := r.apply(file)
	for _, c := range changes {
		require.Equal(t, signalbox.Unchanged, c.Action, "%v", c)
	}
	big, _ = r.live.Rule(r.tenant(), "big")
	require.NotNil(t, big.Draft)
	require.Equal(t, 1, big.Version)
}
