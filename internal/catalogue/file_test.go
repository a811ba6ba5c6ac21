package catalogue_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/catalogue"
	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestParse(t *testing.T) { // H-01
	got, err := catalogue.Parse([]byte(`
tenant: { config: { warehouses: [w1, "w2"], limit: 0.10 }, unknownNames: accept }
types:
  - type: user
    operations: [created, { name: deleted, displayName: User deleted, description: Gone., policy: warn, compatibility: BACKWARD, sample: { at: 1 } }]
rules:
  - name: welcome
    on: { event: "user:created" }
    start: { workflow: Welcome, taskQueue: users, executionTimeout: PT1H30M, runTimeout: P1D, reusePolicy: REJECT_DUPLICATE }
  - name: audit
    description: |
      Every change,
      for the auditors.
    state: disabled
    on: { type: user, operation: "*" }
    when: |
      payload.data.total > 100 &&
      event.source == "shop"
    subjects: [u-1, u-2]
    start:
      workflow: Audit
      taskQueue: audit
      namespace: audit
      id: '"audit-" + payload.id'
      input: { total: payload.data.total, one: 1, yes: true }
      memo: { why: '"audit"' }
      searchAttributes: { Who: event.subject }
      conflictPolicy: fail
      priority: 2
      retry: { initialInterval: PT1S, backoffCoefficient: 1.5, maximumInterval: PT1M, maximumAttempts: 3, nonRetryableErrorTypes: [Fatal] }
    tests:
      - name: large
        event: { operation: created, id: u-9, data: { total: 100.10 }, source: shop, subject: u-1, occurredAt: 2026-01-01T10:00:00+01:00 }
        config: { a: null }
        expect: matched
        workflowID: audit-u-9
        input: { total: 100.10, one: 1, yes: true }
      - { name: none, event: { operation: created, data: null }, expect: FILTERED }
`))
	require.NoError(t, err)
	require.Equal(t, signalbox.Catalogue{
		Settings: &signalbox.TenantSettings{Config: json.RawMessage(`{"warehouses":["w1","w2"],"limit":0.10}`), UnknownNames: signalbox.UnknownAccept},
		Types: []signalbox.EventType{
			{Type: "user", Operation: "created"},
			{
				Type: "user", Operation: "deleted", DisplayName: "User deleted", Description: "Gone.", Sample: json.RawMessage(`{"at":1}`),
				Policy: signalbox.PayloadWarn, Compatibility: signalbox.CompatibilityBackward,
			},
		},
		Rules: []signalbox.Rule{
			{Name: "welcome", RuleDefinition: signalbox.RuleDefinition{
				On: signalbox.Pattern{Type: "user", Operation: "created"},
				Start: signalbox.StartSpec{Workflow: "Welcome", TaskQueue: "users", StartOptions: signalbox.StartOptions{
					ReusePolicy: signalbox.ReuseRejectDuplicate, ExecutionTimeout: 90 * time.Minute, RunTimeout: 24 * time.Hour,
				}},
			}},
			{Name: "audit", State: signalbox.RuleDisabled, RuleDefinition: signalbox.RuleDefinition{
				Description: "Every change, for the auditors.",
				On:          signalbox.Pattern{Type: "user", Operation: "*"},
				When:        "payload.data.total > 100 &&\nevent.source == \"shop\"",
				Subjects:    []string{"u-1", "u-2"},
				Start: signalbox.StartSpec{
					Workflow: "Audit", TaskQueue: "audit", Namespace: "audit", ID: `"audit-" + payload.id`,
					Input:            map[string]string{"total": "payload.data.total", "one": "1", "yes": "true"},
					Memo:             map[string]string{"why": `"audit"`},
					SearchAttributes: map[string]string{"Who": "event.subject"},
					StartOptions: signalbox.StartOptions{
						ConflictPolicy: signalbox.ConflictFail, Priority: 2,
						Retry: &signalbox.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1.5, MaximumInterval: time.Minute, MaximumAttempts: 3, NonRetryableErrorTypes: []string{"Fatal"}},
					},
				},
				Tests: []signalbox.RuleTest{
					{
						Name: "large", Config: json.RawMessage(`{"a":null}`), Expect: signalbox.VerdictMatched,
						WorkflowID: "audit-u-9", Input: json.RawMessage(`{"total":100.10,"one":1,"yes":true}`),
						Event: signalbox.TestEvent{
							Operation: "created", EntityID: "u-9", Data: json.RawMessage(`{"total":100.10}`), Source: "shop", Subject: "u-1",
							OccurredAt: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC),
						},
					},
					{Name: "none", Event: signalbox.TestEvent{Operation: "created", Data: json.RawMessage("null")}, Expect: signalbox.VerdictFiltered},
				},
			}},
		},
	}, got)
}

// on is a rule that is right, but for what a test puts into it.
const on = "rules: [{name: r, on: {event: 'a:b'}, start: {workflow: w, taskQueue: q, "

func TestParseSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"not YAML":          {"types: [", "line 1: the file cannot be read"},
		"unknown key":       {"rule: []", `line 1: the file has no key "rule": did you mean "rules"?`},
		"unknown key below": {"rules:\n- name: r\n  start:\n    taskqueue: q", `line 4: rule "r": start has no key "taskqueue": did you mean "taskQueue"?`},
		"key twice":         {"types: []\ntypes: []", "line 2: the file cannot be read"},
		"key twice below":   {"tenant:\n  config:\n    1: a\n    '1': b", "line 4: the file cannot be read"},
		"no operations":     {"types: [{type: a}]", `type "a" has no operations`},
		"twice":             {"types: [{type: a, operations: [b, b]}]", `event type "a:b" is there twice`},
		"display twice":     {"types: [{type: a, operations: [{name: b, displayName: X}, {name: c, displayName: X}]}]", `event type "a:c": displayName is that of a:b already`},
		"blank":             {"types: [{type: ' ', operations: [b]}]", "is blank"},
		"star":              {"types: [{type: a, operations: ['b*']}]", "that is for rules' patterns"},
		"policy":            {"types: [{type: a, operations: [{name: b, policy: maybe}]}]", `event type "a:b": policy is OFF, WARN or REJECT`},
		"compatibility":     {"types: [{type: a, operations: [{name: b, compatibility: full}]}]", `event type "a:b": compatibility is NONE or BACKWARD`},
		"sample no object":  {"types: [{type: a, operations: [{name: b, sample: [1]}]}]", `event type "a:b": sample is not an object`},
		"config no object":  {"tenant: {config: 1}", "tenant.config is not an object"},
		"unknownNames":      {"tenant: {unknownNames: maybe}", "is REJECT or ACCEPT"},
		"both schemas":      {"types: [{type: a, operations: [{name: b, schema: {}, fields: {}}]}]", "short form of schema"},
		"event and type":    {"rules: [{name: r, on: {event: 'a:b', type: a}, start: {workflow: w, taskQueue: q}}]", `rule "r": on takes type and operation, or event: "type:operation"`},
		"no colon":          {"rules: [{name: r, on: {event: 'ab'}, start: {workflow: w, taskQueue: q}}]", `event: "type:operation"`},
		"bare seconds":      {on + "runTimeout: '60'}}]", `rule "r": start.runTimeout is an ISO 8601 duration`},
		"no workflow":       {"rules: [{name: r, on: {event: 'a:b'}, start: {taskQueue: q}}]", "start.workflow is missing"},
		"rule name":         {"rules: [{name: 'a b', on: {event: 'a:b'}, start: {workflow: w, taskQueue: q}}]", "name has up to 128 letters"},
		"rule twice":        {"rules: [{name: r, on: {event: 'a:b'}, start: {workflow: w, taskQueue: q}}, {name: r, on: {event: 'a:b'}, start: {workflow: w, taskQueue: q}}]", `rule "r" is there twice`},
		"operation number":  {"types: [{type: a, operations: [{nme: x}]}]", "nme"},
		"not a list":        {"types: {type: a}", "types takes a list"},
		"not a map":         {"rules: [r]", "rules[0] takes a map"},
		"an empty item":     {"rules:\n-", "line 2: rules[0] is empty"},
		"not a text":        {"rules: [{name: [r]}]", "name takes a text"},
		"not a number":      {on + "priority: high}}]", `rule "r": start.priority takes a whole number`},
		"half a number":     {on + "priority: 1.5}}]", "takes a whole number"},
		"no expression":     {on + "input: {a: [1]}}}]", `rule "r": start.input.a takes an expression`},
		"broken condition":  {"rules:\n- name: r\n  on: {event: 'a:b'}\n  when: 'payload.data.total >'\n  start: {workflow: w, taskQueue: q}", `line 4: rule "r": when `},
		"a test's time":     {"rules:\n- name: r\n  on: {event: 'a:b'}\n  start: {workflow: w, taskQueue: q}\n  tests:\n  - {name: t, event: {occurredAt: today}, expect: MATCHED}", `line 6: rule "r": tests.0.event.occurredAt is a time in RFC 3339`},
		"octal or not":      {"tenant: {config: {a: 007}}", "007 is not a number as JSON writes them"},
		"hexadecimal":       {"tenant: {config: {a: 0x1F}}", "0x1F is not a number"},
		"no leading zero":   {"tenant: {config: {a: .5}}", ".5 is not a number"},
		"underscores":       {"tenant: {config: {a: 1_000}}", "1_000 is not a number"},
		"infinity":          {"tenant: {config: {a: .inf}}", ".inf is not a number"},
		"too many digits":   {"tenant: {config: {a: " + strings.Repeat("9", 65) + "}}", "tenant.config.a "},
		"a tag":             {"tenant: {config: {a: !!binary aGk=}}", "tags such as !!binary are not understood"},
		"no anchor":         {"tenant: {config: {a: *nobody}}", "*nobody stands for nothing"},
		"two documents":     {"types: []\n---\nrules: []", "more than one document"},
		"itself":            {"tenant: {config: &a {b: *a}}", "*a stands for nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := catalogue.Parse([]byte(c.file))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "catalogue.", "no Go in it")
			require.NotContains(t, err.Error(), "\n", "one fault, one line")
		})
	}
}

func TestParseReportsEveryFaultInTheOrderOfTheLines(t *testing.T) {
	_, err := catalogue.Parse([]byte(`types:
  - type: order
    operations:
      - { name: placed, policy: maybe }
      - { name: "b*" }
rules:
  - name: one
    on: { event: order }
    start: { workflow: W, taskQueue: q }
  - name: two
    on: { event: "order:placed" }
    when: payload.data.total >
    start: { workflow: W, runTimeout: 60 }
`))
	var several interface{ Unwrap() []error }
	require.ErrorAs(t, err, &several)
	var at []string
	for _, fault := range several.Unwrap() {
		at = append(at, strings.Join(strings.Fields(fault.Error())[:4], " "))
	}
	require.Equal(t, []string{"line 4: event type", "line 5: event type", `line 8: rule "one":`, `line 13: rule "two":`}, at)
}

func TestNumbersKeepEveryDigit(t *testing.T) {
	got, err := catalogue.Parse([]byte(`tenant:
  config:
    numbers: &a [12345678901234567890, 123456789012345678901234567890, 0.10, -0.0, 1e3, -1E+10, 0.1234567890123456789012345678901234567890]
    again: *a
    text: ["12", '1e3', 2026-01-01, 1.2.3, yes, "\u00e9\n"]
    rest: [true, False, ~, null, {}, []]
    block: |
      two
      lines
    merged: { <<: &base { a: 1, b: 2 }, b: 3 }
`))
	require.NoError(t, err)
	const numbers = `[12345678901234567890,123456789012345678901234567890,0.10,-0.0,1e3,-1E+10,0.1234567890123456789012345678901234567890]`
	require.Equal(t, //nolint:testifylint // JSONEq would make floats of the numbers.
		`{"numbers":`+numbers+`,"again":`+numbers+
			`,"text":["12","1e3","2026-01-01","1.2.3","yes","é\n"],"rest":[true,false,null,null,{},[]],"block":"two\nlines\n","merged":{"b":3,"a":1}}`,
		string(got.Settings.Config))
}

func TestBombsAreRefusedSoon(t *testing.T) { // RELIABILITY: what a file may cost is bounded
	lol := "tenant:\n  config:\n    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 10; i++ {
		alias := "*a" + string(rune('0'+i-1)) + ", "
		lol += "    a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.Repeat(alias, 9) + strings.TrimSuffix(alias, ", ") + "]\n"
	}
	for name, c := range map[string]struct{ file, want string }{
		"billion laughs": {lol, "aliases written out"},
		"lists":          {strings.Repeat("[", 1<<20), "more than 100 levels"},
		"maps":           {strings.Repeat("{a: ", 1<<18), "more than 100 levels"},
		"dashes":         {strings.Repeat("- ", 1<<20), "more than 100 levels"},
		"question marks": {strings.Repeat("? ", 1<<20), "more than 100 levels"},
		"size":           {strings.Repeat("# x\n", 1<<21+1), "the limit is 8388608"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			took := cputest.Of(t, func() { _, err = catalogue.Parse([]byte(c.file)) })
			require.ErrorContains(t, err, c.want)
			t.Logf("refused after %s", took)
			require.Less(t, took, 5*time.Second*raceFactor)
		})
	}
}

func TestAnEmptyFileIsNoFault(t *testing.T) {
	for _, text := range []string{"", "# nothing yet\n", "---\n", "types:\nrules:\n"} {
		got, err := catalogue.Parse([]byte(text))
		require.NoError(t, err, "%q", text)
		require.Empty(t, got.Types)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("types: [{type: a, operations: [b]}]"))
	f.Add([]byte("tenant: {config: &a {b: [1, 0x1, *a]}}"))
	f.Add([]byte("rules: [{name: r, on: {event: 'a:b'}, when: 'payload.data.x == 1', start: {workflow: w, taskQueue: q}}]"))
	files, err := filepath.Glob("testdata/*/*.yaml")
	require.NoError(f, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var content signalbox.Catalogue
		var err error
		took := cputest.Of(t, func() { content, err = catalogue.Parse(text) })
		require.Less(t, took, 3*time.Second*raceFactor)
		if err != nil {
			return
		}
		for _, r := range content.Rules {
			require.NotEmpty(t, r.Name)
		}
		if s := content.Settings; s != nil && s.Config != nil {
			require.True(t, json.Valid(s.Config))
		}
	})
}
