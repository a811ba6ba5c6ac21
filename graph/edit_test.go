package graph_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	shortRule   = `{name: "r", on: {type: "t", operation: "o"}, start: {workflow: "w", taskQueue: "q"}}`
	shortSample = `{ count eventIDs }`
)

// asking is one document for each field that edits or explains.
var asking = map[string]string{
	"testCustomEvent": `{ testCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { outcome } }`,
	"explainEvent":    `{ explainEvent(eventID: "019ca945-0a00-7000-8000-000000000001", ruleName: "r") { reason } }`,
	"previewRule":     `{ previewRule(draft: ` + shortRule + `) { scanned } }`,
	"compareRules":    `{ compareRules(shadow: "a", enabled: "b") { both } }`,
	"ruleVersions":    `{ ruleVersions(name: "r") { version } }`,
	"createRule":      `mutation { createRule(input: ` + shortRule + `) { change { action } } }`,
	"updateRule":      `mutation { updateRule(input: ` + shortRule + `) { change { action } } }`,
	"publishRule":     `mutation { publishRule(name: "r") { change { action } } }`,
	"setRuleState":    `mutation { setRuleState(name: "r", state: ENABLED) { change { action } } }`,
	"deleteRule":      `mutation { deleteRule(name: "r") { name } }`,
	"saveEventType":   `mutation { saveEventType(input: {type: "t", operation: "o"}) { change { action } } }`,
	"with fields":     `mutation { saveEventType(input: {type: "t", operation: "o", fields: {a: "string"}}) { change { action } } }`,
}

// TestRefusalsOfEditsTravel: what the editors and the explainer refuse reaches the
// client with its code and its violations, whose pointers lead into the input.
func TestRefusalsOfEditsTravel(t *testing.T) {
	for _, refuse := range []*signalbox.Error{
		{Code: signalbox.CodeNotFound, Message: "no such rule", Suggestions: []string{"reorder"}},
		{Code: signalbox.CodeInvalidInput, Message: "/when is no expression (and 1 more, see violations)", Path: "/when", Violations: []signalbox.Violation{
			{Pointer: "/when", Message: "is no expression: 1:3"}, {Pointer: "/start/id", Message: "is a number, and an id is text"},
		}},
	} {
		for name, document := range asking {
			t.Run(name+": "+string(refuse.Code), func(t *testing.T) {
				d := open(t, &fakes{editing: editing{refuse: refuse}})
				e := d.run(t, document, "").failed(t, refuse.Code)
				require.Equal(t, refuse.Message, e.Message)
				require.Equal(t, refuse.Path, e.Extensions.Path)
				require.Equal(t, refuse.Violations, e.Extensions.Violations)
				require.Equal(t, refuse.Suggestions, e.Extensions.Suggestions)
				require.Zero(t, d.log.Lines())
			})
		}
	}
}

// TestAFailedEditLeavesTheOthersTheirAnswers, as a failed send does.
func TestAFailedEditLeavesTheOthersTheirAnswers(t *testing.T) {
	d := open(t, &fakes{})
	a := d.run(t, `mutation { bad: setRuleState(name: "r", state: DRAFT) { rule { name } } good: deleteRule(name: "r") { name } }`, "")
	require.Contains(t, a.failed(t, signalbox.CodeInvalidInput).Message, "until it is published")
	require.Equal(t, []any{"bad"}, a.Errors[0].Path)
	require.JSONEq(t, `{"name":"r"}`, string(a.Data["good"]))
}

// TestInputsOfEditsAreRead: what cannot be read is refused with a pointer into the
// input before any part is asked, and never repeats a value (P-27).
func TestInputsOfEditsAreRead(t *testing.T) {
	declared := map[string]string{"$raw": "($raw: Map)", "$d": "($d: Duration)", "$f": "($f: Float)", "": ""}
	variable := func(with string) string { // the one that is used
		return declared[regexp.MustCompile(`\$[a-z]+`).FindString(with)]
	}
	rule := func(with string) string {
		return `mutation` + variable(with) + ` { createRule(input: {name: "r", on: {type: "t", operation: "o"}, ` + with + `}) { change { action } } }`
	}
	start := func(with string) string { return rule(`start: {workflow: "w", taskQueue: "q", ` + with + `}`) }
	on := func(on string) string {
		return `mutation { createRule(input: {name: "r", on: {` + on + `}, start: {workflow: "w", taskQueue: "q"}}) { change { action } } }`
	}
	test := func(with string) string {
		return rule(`start: {workflow: "w", taskQueue: "q"}, tests: [{name: "n", expect: MATCHED, event: {}}, {name: "n", expect: MATCHED, ` + with + `}]`)
	}
	typ := func(with string) string {
		return `mutation` + variable(with) + ` { saveEventType(input: {type: "t", operation: "o", ` + with + `}) { change { action } } }`
	}
	window := func(with string) string {
		return `{ compareRules(shadow: "a", enabled: "b", window: {` + with + `}) { both } }`
	}
	const canary = "CANARY"
	for name, c := range map[string]struct{ document, variables, path, message string }{
		"event without a colon":        {on(`event: "CANARY"`), "", "/on/event", `"type:operation"`},
		"event and type":               {on(`event: "t:o", type: "t"`), "", "/on/event", "both"},
		"event and operation":          {on(`event: "t:o", operation: "o"`), "", "/on/event", "both"},
		"input with a number":          {start(`input: {a: "x", b: 7}`), "", "/start/input/b", "is not a string"},
		"memo with an object":          {start(`memo: {a: {b: "CANARY"}}`), "", "/start/memo/a", "is not a string"},
		"search attribute with a null": {start(`searchAttributes: $raw`), `{"raw":{"a/b":null}}`, "/start/searchAttributes/a~1b", "is not a string"},
		"input is a list":              {start(`input: ["CANARY"]`), "", "/start/input", "is not an object"},
		"duplicate member":             {start(`input: $raw`), `{"raw":{"a":"1","\u0061":"2"}}`, "/variables/raw/a", ""},
		"duration in a literal":        {start(`runTimeout: "CANARY"`), "", "/start/runTimeout", "ISO 8601"},
		"duration in a variable":       {start(`runTimeout: $d`), `{"d":"CANARY"}`, "", "ISO 8601"},
		"duration that is a number":    {start(`runTimeout: $d`), `{"d":60}`, "", "ISO 8601"},
		"duration of a month":          {start(`executionTimeout: "P1M"`), "", "/start/executionTimeout", "a minute is PT1M"},
		"a float beyond floats":        {start(`retry: {backoffCoefficient: $f}`), `{"f":9e308}`, "", "beyond what a Float can be"},
		"a literal beyond floats":      {start(`retry: {backoffCoefficient: 9e308}`), "", "", "beyond what a Float can be"},
		"data is a list":               {test(`event: {data: ["CANARY"]}`), "", "/tests/1/event/data", "is not an object"},
		"metadata is text":             {test(`event: {metadata: "CANARY"}`), "", "/tests/1/event/metadata", "is not an object"},
		"data with a number bomb":      {test(`event: {data: {a: {b: 1e99999}}}`), "", "/tests/1/event/data/a/b", ""},
		"config is a number":           {test(`event: {}, config: 7`), "", "/tests/1/config", "is not an object"},
		"input of a test is text":      {test(`event: {}, input: "CANARY"`), "", "/tests/1/input", "is not an object"},
		"state":                        {`mutation { updateRule(input: ` + shortRule + `, publish: true, state: DRAFT) { change { action } } }`, "", "", "until it is published"},
		"state to publish in":          {`mutation { publishRule(name: "r", state: DRAFT) { change { action } } }`, "", "", "until it is published"},
		"a draft to preview":           {`{ previewRule(draft: {name: "r", on: {event: "CANARY"}, start: {workflow: "w", taskQueue: "q"}}) { scanned } }`, "", "/on/event", `"type:operation"`},
		"an id to explain":             {`{ explainEvent(eventID: "CANARY", ruleName: "r") { reason } }`, "", "", "eventID is not a UUID"},
		"a schema and fields":          {typ(`schema: {type: "object"}, fields: {a: "string"}`), "", "/fields", "one of the two"},
		"a schema that is a list":      {typ(`schema: [{const: "CANARY"}]`), "", "/schema", "is not an object"},
		"fields that are text":         {typ(`fields: "CANARY"`), "", "/fields", "is not an object"},
		"a sample that is text":        {typ(`sample: "CANARY"`), "", "/sample", "is not an object"},
		"a schema with half a pair":    {typ(`schema: {const: $raw}`), `{"raw":{"a":"\ud800"}}`, "/variables/raw/a", ""},
		"a window of nothing":          {window(`limit: 0`), "", "", "from 1 to 100000"},
		"a window of too much":         {window(`limit: 100001`), "", "", "from 1 to 100000"},
		"a window that ends first":     {window(`from: "2026-03-01T12:00:00Z", before: "2026-03-01T12:00:00Z"`), "", "", "window is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, &fakes{})
			a := d.run(t, c.document, c.variables)
			e := a.failed(t, signalbox.CodeInvalidInput)
			require.Contains(t, e.Message, c.message)
			require.Equal(t, c.path, e.Extensions.Path)
			require.NotContains(t, a.Text, canary)
			require.Empty(t, d.asked)
			require.Zero(t, d.log.Lines())
		})
	}
}

// TestAllFaultsOfARuleAtOnce.
func TestAllFaultsOfARuleAtOnce(t *testing.T) {
	e := open(t, &fakes{}).run(t, `mutation { createRule(input: {
		name: "r", on: {event: "t"}, start: {workflow: "w", taskQueue: "q", input: {a: 1, b: "x", c: {}}}
		tests: {name: "n", expect: MATCHED, event: {data: "x"}}
	}) { change { action } } }`, "").failed(t, signalbox.CodeInvalidInput)
	var pointers []string
	for _, v := range e.Extensions.Violations {
		pointers = append(pointers, v.Pointer)
	}
	require.Equal(t, []string{"/on/event", "/start/input/a", "/start/input/c", "/tests/0/event/data"}, pointers)
	require.Contains(t, e.Message, "and 3 more")
}

// TestTestsOfARuleAreCounted: a list that is read to its bound is never taken for a
// whole one.
func TestTestsOfARuleAreCounted(t *testing.T) {
	const document = `mutation($t: [RuleTestInput!]) { createRule(input: {name: "r", on: {}, start: {workflow: "w", taskQueue: "q"}, tests: $t}) { change { action } } }`
	list := func(n int) string {
		return `{"t":[` + strings.TrimSuffix(strings.Repeat(`{"name":"n","expect":"MATCHED","event":{}},`, n), ",") + `]}`
	}
	d := open(t, &fakes{})
	e := d.run(t, document, list(1500)).failed(t, signalbox.CodeInvalidInput)
	require.Contains(t, e.Message, "the limit is 1000")
	require.Empty(t, d.asked)
	d.run(t, document, list(1000)).ok(t)
	require.Len(t, d.asked[0].Args[0].(signalbox.RuleEdit).Definition.Tests, 1000)
}

// TestDigitsInWhatIsSaved: data, samples and schemas are the client's own text,
// through variables and literals alike (P-05).
func TestDigitsInWhatIsSaved(t *testing.T) {
	for _, number := range []string{"12345678901234567890.10", "-0.0", "1.50E+10", "9007199254740993", "0.1000000000000000000000000000001"} {
		raw := `{"n":` + number + `}`
		for name, c := range map[string]struct{ document, variables string }{
			"literal":         {strings.ReplaceAll(savings, "$m", `{n: `+number+`}`), ""},
			"variable":        {strings.Replace(savings, "mutation", "mutation($m: Map)", 1), `{"m":` + raw + `}`},
			"variable within": {strings.ReplaceAll(strings.Replace(savings, "mutation", "mutation($n: Float)", 1), "$m", `{n: $n}`), `{"n":` + number + `}`},
		} {
			t.Run(name+" "+number, func(t *testing.T) {
				d := open(t, &fakes{})
				a := d.run(t, c.document, c.variables).ok(t)
				require.Contains(t, string(a.Data["saveEventType"]), `"sample":`+raw)
				require.Contains(t, string(a.Data["saveEventType"]), `"schema":`+raw)
				require.Contains(t, string(a.Data["createRule"]), `"config":`+raw+`,"input":`+raw+`,"event":{"data":`+raw+`,"metadata":`+raw+`}`)
				test := d.asked[1].Args[0].(signalbox.RuleEdit).Definition.Tests[0]
				require.Equal(t, raw, string(test.Event.Data))
			})
		}
	}
}

const savings = `mutation {
	saveEventType(input: {type: "t", operation: "o", sample: $m, schema: $m}) { eventType { sample schemas { schema } } }
	createRule(input: {
		name: "r", on: {event: "t:o"}, start: {workflow: "w", taskQueue: "q"}
		tests: {name: "n", expect: MATCHED, config: $m, input: $m, event: {data: $m, metadata: $m}}
	}) { rule { tests { config input event { data metadata } } } }
}`

// TestADryRunHasNoKey: the header is a send's, and a dry run is none.
func TestADryRunHasNoKey(t *testing.T) {
	d := open(t, &fakes{})
	a := d.run(t, `{ testCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { outcome warnings { code } decisions { rule } starts { rule } } }`,
		"", "Idempotency-Key", "k").ok(t)
	require.JSONEq(t, `{"outcome":"NO_RULE","warnings":[],"decisions":[],"starts":[]}`, string(a.Data["testCustomEvent"]))
	require.Empty(t, d.asked[0].Args[0].(sent).IdempotencyKey)
	require.Empty(t, d.all(), "nothing has been sent")
}

// TestADryRunOnTheRoad is refused as a send is, and leaves nothing behind (P-28).
func TestADryRunOnTheRoad(t *testing.T) {
	d, m := openRoad(t)
	const input = `(input: {type: "t", operation: "o", schemaVersion: %d, payload: {id: "1"}}) { outcome } }`
	a := d.run(t, `{ testCustomEvent`+fmt.Sprintf(input, 2), "").ok(t)
	require.JSONEq(t, `{"outcome":"NO_RULE"}`, string(a.Data["testCustomEvent"]))
	require.Empty(t, m.committed)
	tested := d.run(t, `{ testCustomEvent`+fmt.Sprintf(input, -1), "").failed(t, signalbox.CodeInvalidInput)
	sent := d.run(t, `mutation { sendCustomEvent`+fmt.Sprintf(input, -1), "").failed(t, signalbox.CodeInvalidInput)
	require.Equal(t, "/schemaVersion", tested.Extensions.Path)
	require.Equal(t, sent.Message, tested.Message)
	require.Equal(t, sent.Extensions, tested.Extensions)
	d.run(t, `mutation { sendCustomEvent`+fmt.Sprintf(input, 2), "").ok(t)
	require.Equal(t, 2, m.committed[0].Event.SchemaVersion)
}

// TestExplainingIsBounded: previews and comparisons go through stored events, and a
// document has two of them at the most; lists of what is registered count as lists.
func TestExplainingIsBounded(t *testing.T) {
	d := open(t, &fakes{})
	preview := `: previewRule(draft: ` + shortRule + `) { scanned newlyMatched ` + shortSample + ` errors ` + shortSample + ` } `
	compare := `: compareRules(shadow: "a", enabled: "b") { both } `
	whole := ` { name description when subjects updatedAt start { ...start } tests { ...test } draft { when start { ...start } tests { ...test } } } `
	parts := ` fragment start on RuleStart { workflow id input memo searchAttributes conflictPolicy runTimeout retry { maximumAttempts } }
		fragment test on RuleTest { name config expect input event { type id data metadata receivedAt } }`
	many := func(n int, one string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d%s", i, one)
		}
		return "{" + b.String() + "}"
	}
	for name, c := range map[string]struct {
		document string
		fits     bool
	}{
		"two previews":               {many(2, preview), true},
		"a preview and a comparison": {"{ a" + preview + "b" + compare + "}", true},
		"three previews":             {many(3, preview), false},
		"three comparisons":          {many(3, compare), false},
		"three in fragments":         {"{ a" + compare + "... { b" + compare + "... on Query { ...f } } } fragment f on Query { c" + compare + "}", false},
		"all rules whole":            {"{ rules" + whole + "}" + parts, true},
		"all rules whole, often":     {many(5, ": rules"+whole) + parts, false},
		"all versions, often":        {many(20, `: ruleVersions(name: "r") { version definition { start { ...start } tests { ...test } } }`) + parts, false},
		"all types whole":            {"{ eventTypes { type displayName sample schemas { version schema } } }", true},
		"one rule, often":            {many(20, `: rule(name: "r")`+whole) + parts, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := d.run(t, c.document, "")
			if c.fits {
				a.ok(t)
				return
			}
			require.Contains(t, a.failed(t, signalbox.CodeInvalidInput).Message, "more than 250000 fields")
		})
	}
}
