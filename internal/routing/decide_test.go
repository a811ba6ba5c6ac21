package routing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// home is where the rules of these tests start their workflows.
var home = routing.Home{Namespace: "home"}

func conditional(when string) signalbox.Rule {
	r := rule("r", "order", "placed")
	r.When = when
	return r
}

func facts(data string) *routing.Facts {
	e := event("order", "placed")
	e.EntityID = "o-1"
	if data != "" {
		e.Data = json.RawMessage(data)
	}
	return &routing.Facts{Event: e, Data: payload.Decode(e.Data), Config: map[string]any{"region": "eu", "limit": json.Number("50")}}
}

func compiled(t *testing.T, r signalbox.Rule) *routing.Rule {
	t.Helper()
	c, err := routing.CompileRule(r, home)
	require.NoError(t, err)
	return c
}

// One line a case: the condition, the data, the verdict, and the reason as a person
// reads it.
func TestDecide(t *testing.T) { // P-12, P-13, P-19, X-01
	for _, c := range []struct{ when, data, verdict, reason string }{
		{`payload.data.total > 100`, `{"total": 150}`, "MATCHED", ""},
		{`payload.data.total > 100`, `{"total": 40}`, "FILTERED", "payload.data.total > 100 does not hold: payload.data.total is 40"},
		{`payload.data.total > 100`, `{"total": 40.50}`, "FILTERED", "payload.data.total > 100 does not hold: payload.data.total is 40.50"},
		{`payload.data.total > 100`, `{}`, "FILTERED", "payload.data.total is missing"},
		{`payload.data.total > 100`, `{"total": "150"}`, "ERROR", "payload.data.total > 100 is not defined for these kinds of values: payload.data.total is a string"},
		{`payload.data.total > 100`, `{"total": null}`, "ERROR", "payload.data.total > 100 is not defined for these kinds of values: payload.data.total is null"},
		{`payload.data.total > 100`, ``, "FILTERED", "payload.data is missing"},
		{`payload.data.total > 100`, `null`, "FILTERED", "payload.data.total is missing"},
		{`payload.data.a.b.c == 1`, `{"a": {"x": 1}}`, "FILTERED", "payload.data.a.b is missing"},
		{`payload.data.a.b == 1`, `{"a": "text"}`, "FILTERED", "payload.data.a.b is missing"},
		{`100 < payload.data.total`, `{"total": 40}`, "FILTERED", "100 < payload.data.total does not hold: payload.data.total is 40"},
		{`payload.data.warehouse == "w1" && payload.data.total > 1`, `{"warehouse": "w2", "total": 5}`, "FILTERED", `payload.data.warehouse == "w1" does not hold: payload.data.warehouse is "w2"`},
		{`payload.data.warehouse in ["w1", "w3"]`, `{"warehouse": "w2"}`, "FILTERED", `payload.data.warehouse in ["w1", "w3"] does not hold: payload.data.warehouse is "w2"`},
		{`payload.data.a > 1 || payload.data.b > 1`, `{"a": 1, "b": 0}`, "FILTERED", `payload.data.a > 1 || payload.data.b > 1 does not hold: payload.data.a is 1, payload.data.b is 0`},
		{`has(payload.data.note)`, `{"x": 1}`, "FILTERED", "has(payload.data.note) does not hold: payload.data.note is missing"},
		{`has(payload.data.note) && payload.data.note.size() > 3`, `{"x": 1}`, "FILTERED", "has(payload.data.note) does not hold: payload.data.note is missing"},
		{`!has(payload.data.note)`, `{"note": "hi"}`, "FILTERED", `!has(payload.data.note) does not hold: payload.data.note is "hi"`},
		{`payload.data.vip`, `{"vip": false}`, "FILTERED", "payload.data.vip does not hold: payload.data.vip is false"},
		{`payload.data.vip`, `{"vip": "yes"}`, "ERROR", "payload.data.vip is neither true nor false: payload.data.vip is a string"},
		{`payload.data.name.lowerAscii().startsWith("ann")`, `{"name": "ANNA"}`, "MATCHED", ""},
		{`payload.data.name.startsWith("ann")`, `{"name": "bob"}`, "FILTERED", `payload.data.name.startsWith("ann") does not hold: payload.data.name is "bob"`},
		{`payload.data.items.exists(i, i.sku == "a1")`, `{"items": [{"sku": "b"}, {"sku": "a1"}]}`, "MATCHED", ""},
		{`payload.data.items.exists(i, i.sku == "a1")`, `{"items": [{"sku": "b"}]}`, "FILTERED", `payload.data.items.exists(i, i.sku == "a1") does not hold: payload.data.items is an array of 1`},
		{`payload.data.items.all(i, i.sku == "a1")`, `{"items": [{"other": 1}]}`, "FILTERED", `sku is missing, which payload.data.items.all(i, i.sku == "a1") reads`},
		{`payload.data.items[0].sku == "a"`, `{"items": []}`, "FILTERED", "payload.data.items[0] is missing"},
		{`payload.data["odd name"] == 1`, `{"odd name": 2}`, "FILTERED", `payload.data["odd name"] == 1 does not hold: payload.data["odd name"] is 2`},
		{`10 / payload.data.n > 1`, `{"n": 0}`, "ERROR", "10 / payload.data.n > 1 divides by zero"},
		{`int(payload.data.n) > 1`, `{"n": "secret-value"}`, "ERROR", "int(payload.data.n) > 1 cannot convert a value: payload.data.n is a string"},
		{`payload.data.n > 1 && payload.data.kind == "x"`, `{"n": "text", "kind": "y"}`, "FILTERED", `payload.data.kind == "x" does not hold: payload.data.kind is "y"`},
		{`payload.data.password == "a"`, `{"password": "hunter2"}`, "FILTERED", `payload.data.password == "a" does not hold: payload.data.password is [redacted]`},
		{`tenant.config.region == "eu" && payload.data.n > tenant.config.limit`, `{"n": 51}`, "MATCHED", ""},
		{`tenant.config.region == "us"`, `{}`, "FILTERED", `tenant.config.region == "us" does not hold: tenant.config.region is [redacted]`},
		{`tenant.config.limit > 50`, `{}`, "FILTERED", "tenant.config.limit > 50 does not hold: tenant.config.limit is 50"},
		{`tenant.config.regions == "eu"`, `{}`, "FILTERED", "tenant.config.regions is missing"},
		{`payload.id.startsWith("o-")`, `{}`, "MATCHED", ""},
		{`event.subject == "u1"`, `{}`, "FILTERED", `event.subject == "u1" does not hold: event.subject is null`},
		{`now - event.occurredAt < duration("1h")`, `{}`, "MATCHED", ""},
		{`payload.data.at < now`, `{"at": "x"}`, "ERROR", "payload.data.at < now is not defined for these kinds of values: payload.data.at is a string, now is a time"},
		{`timestamp(payload.data.at) < now`, `{"at": "1969-01-01T00:00:00Z"}`, "MATCHED", ""},
		{``, ``, "MATCHED", ""},
	} {
		d, start := compiled(t, conditional(c.when)).Decide(facts(c.data))
		require.Equal(t, c.verdict, string(d.Verdict), "%s on %s: %s", c.when, c.data, d.Reason)
		require.Equal(t, c.reason, d.Sentence(), "%s on %s", c.when, c.data)
		require.Equal(t, d.Verdict == signalbox.VerdictMatched, start != nil)
	}
}

// Numbers compare as the numbers that the sender wrote, whatever kind CEL holds
// them in, and never as something near (P-05).
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		when, n string
		want    string
	}{
		{`payload.data.n == 5`, `5.0`, "MATCHED"},
		{`payload.data.n == 5.0`, `5`, "MATCHED"},
		{`payload.data.n * 1.5 > 7`, `5`, "MATCHED"},
		{`2 * payload.data.n == 5.0`, `2.5`, "MATCHED"},
		{`payload.data.n + 1 == 1.5`, `0.5`, "MATCHED"},
		{`payload.data.n == 0.1`, `0.1`, "MATCHED"},
		{`payload.data.n == 0.30000000000000004`, `0.30000000000000004`, "MATCHED"},
		{`payload.data.n == 9007199254740993`, `9007199254740993`, "MATCHED"},
		{`payload.data.n == 9007199254740993`, `9007199254740992`, "FILTERED"},
		{`payload.data.n > 9223372036854775807`, `9223372036854775808`, "MATCHED"},
		{`9223372036854775807 < payload.data.n`, `9223372036854775808`, "MATCHED"},
		{`payload.data.n > 0.1`, `0.1000000000000000000001`, "MATCHED"},
		{`payload.data.n == 0.1`, `0.1000000000000000000001`, "FILTERED"},
		{`0.1 == payload.data.n`, `0.1000000000000000000001`, "FILTERED"},
		{`payload.data.n == payload.data.n`, `0.1000000000000000000001`, "MATCHED"},
		{`payload.data.n + 1 > 0`, `0.1000000000000000000001`, "ERROR"},
		{`payload.data.n == 1000`, `1e3`, "MATCHED"},
		{`payload.data.n < 0`, `-1e308`, "MATCHED"},
	} {
		d, _ := compiled(t, conditional(c.when)).Decide(facts(`{"n": ` + c.n + `}`))
		require.Equal(t, c.want, string(d.Verdict), "%s for %s: %s", c.when, c.n, d.Reason)
	}
}

func TestSubjects(t *testing.T) {
	r := conditional(`payload.data.n == 1`)
	r.Subjects = []string{"gregg", `a "b"`}
	c := compiled(t, r)
	f := facts(`{"n": 1}`)
	f.Event.Subject = `a "b"`
	d, _ := c.Decide(f)
	require.Equal(t, signalbox.VerdictMatched, d.Verdict)
	f = facts(`{"n": 1}`)
	f.Event.Subject = "sara"
	d, _ = c.Decide(f)
	require.Equal(t, signalbox.VerdictFiltered, d.Verdict)
	require.Equal(t, `subjects: gregg, a "b" does not hold: event.subject is "sara"`, d.Sentence())
	require.Equal(t, 2, d.Clauses)
	require.Equal(t, 1, d.Failed)
}

func TestStartExpressions(t *testing.T) { // P-05, P-14
	r := conditional("")
	r.Start.ID = `"order-" + payload.id`
	r.Start.Input = map[string]string{
		"total": "payload.data.total", "double": "payload.data.n * 2", "who": `event.type + "/" + payload.id`,
		"all": "payload.data", "list": "[payload.data.total, 1, \"x\", null, true]", "at": "event.receivedAt",
		"map": `{"a": payload.data.total}`, "skus": "payload.data.items.map(i, i.sku)", "config": "tenant.config",
	}
	r.Start.Memo = map[string]string{"team": `"ops"`}
	r.Start.SearchAttributes = map[string]string{"OrderTotal": "payload.data.n"}
	f := facts(`{"total": 12345678901234567890.123456789, "n": 2.5, "items": [{"sku": "<a>"}, {"sku": "b"}], "big": 9007199254740993}`)
	d, start := compiled(t, r).Decide(f)
	require.Equal(t, signalbox.VerdictMatched, d.Verdict, d.Reason)
	require.Equal(t, "order-o-1", start.WorkflowID)
	//nolint:testifylint // digit for digit, which JSONEq does not see.
	require.Equal(t, `{"all":{"big":9007199254740993,"items":[{"sku":"<a>"},{"sku":"b"}],"n":2.5,"total":12345678901234567890.123456789},`+
		`"at":"1970-01-01T00:00:00.001Z","config":{"limit":50,"region":"eu"},"double":5,"list":[12345678901234567890.123456789,1,"x",null,true],`+
		`"map":{"a":12345678901234567890.123456789},"skus":["<a>","b"],"total":12345678901234567890.123456789,"who":"order/o-1"}`, string(start.Input))
	require.JSONEq(t, `{"team": "ops"}`, string(start.Memo))
	require.JSONEq(t, `{"OrderTotal": 2.5}`, string(start.SearchAttributes))

	for id, want := range map[string]string{
		`payload.data.nothing`: "start.id reads payload.data.nothing, which is missing",
		`payload.data.n`:       "start.id comes to a number, and a workflow id is a string",
		`"ü" + payload.id`:     "not printable ASCII",
		`payload.data.items[0].sku.matches("x") ? "" : ""`: "an empty workflow id",
		`"` + strings.Repeat("x", 256) + `"`:               "the limit is 255",
		`"a\nb"`:                                           "not printable ASCII",
	} {
		r := conditional("")
		r.Start.ID = id
		d, start := compiled(t, r).Decide(f)
		require.Equal(t, signalbox.VerdictError, d.Verdict, id)
		require.Nil(t, start)
		require.Contains(t, d.Reason, want)
	}
}

// RELIABILITY's hostile rules, and more: each is refused or cut short in time, in
// words, and none brings the process down.
func TestHostileExpressions(t *testing.T) {
	big := facts(`{"items": [` + strings.TrimSuffix(strings.Repeat("1,", 20_000), ",") + `], "s": "` + strings.Repeat("x", 100_000) + `"}`)
	for name, when := range map[string]string{
		"quadratic":        `payload.data.items.all(i, payload.data.items.all(j, i + j < 0 || true))`,
		"cubic":            `payload.data.items.all(i, payload.data.items.all(j, payload.data.items.all(k, i + j + k > 0)))`,
		"doubling strings": "(" + strings.TrimSuffix(strings.Repeat("payload.data.s + ", 200), "+ ") + `) == "x"`,
		"doubling lists":   `payload.data.items.map(i, payload.data.items).size() == 1`,
		"parentheses":      strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300),
		"brackets":         strings.Repeat("[", 300) + strings.Repeat("]", 300) + " == []",
		"too long":         `payload.id == "` + strings.Repeat("x", 100_000) + `"`,
		"not characters":   strings.Repeat("!", 4000) + "true",
		"ors":              strings.Repeat("true || ", 500) + "true",
		"ternaries":        strings.Repeat("true ? 1 : ", 300) + "1 == 1",
		"members":          "payload" + strings.Repeat(".a", 1500) + " == 1",
		"huge regex":       `payload.id.matches("(((((a{100}){100}){100}){100}){100})")`,
		"bad regex":        `payload.id.matches("(")`,
		"backtracking":     `payload.data.s.matches("(x+x+)+y")`,
		"macros":           `[1,2,3,4,5,6,7,8,9].all(a,[1,2,3,4,5,6,7,8,9].all(b,[1,2,3,4,5,6,7,8,9].all(c,[1,2,3,4,5,6,7,8,9].all(d,[1,2,3,4,5,6,7,8,9].all(e,[1,2,3,4,5,6,7,8,9].all(f,[1,2,3,4,5,6,7,8,9].all(g,true)))))))`,
		"unicode":          "payload.data.ключ == \"\u202e\"",
		"null byte":        "payload.id == \"\x00\" && \x00",
		"not bool":         `payload.id + "x"`,
		"nothing":          `&&`,
		"unknown function": `payload.id.replace("a", "b") == ""`,
		"unknown variable": `foo.bar == 1`,
	} {
		t.Run(name, func(t *testing.T) {
			var r *routing.Rule
			var err error
			var violations []signalbox.Violation
			took := cputest.Of(t, func() {
				if r, err = routing.CompileRule(conditional(when), home); err == nil {
					violations = r.Check(nil)
				}
			})
			require.Less(t, took, 100*time.Millisecond*raceFactor, "to save it")
			if err == nil {
				var d signalbox.Decision
				took = cputest.Of(t, func() { d, _ = r.Decide(big) })
				require.Less(t, took, 300*time.Millisecond*raceFactor)
				t.Log(violations, d.Verdict, d.Reason)
			} else {
				require.Equal(t, signalbox.CodeConfiguration, signalbox.ErrorCode(err))
				require.Less(t, len(err.Error()), 1000, "no echo")
				require.NotContains(t, err.Error(), "\n")
				t.Log(err)
			}
		})
	}
}

func TestQuadraticRulesAreRefusedUnlessTheSchemaBoundsThem(t *testing.T) {
	r := compiled(t, conditional(`payload.data.items.all(i, payload.data.items.exists(j, j == i + 1))`))
	items := func(most int) []signalbox.TypeShape {
		return []signalbox.TypeShape{{Type: "order", Operation: "placed", Version: 1, Data: &signalbox.Shape{
			Kinds: signalbox.KindObject, Fields: map[string]*signalbox.Shape{
				"items": {Kinds: signalbox.KindArray, MaxItems: most, Items: &signalbox.Shape{Kinds: signalbox.KindNumber}},
			},
		}}}
	}
	for most, refused := range map[int]bool{0: true, 20: false, 5000: true} {
		faults := r.Check(items(most))
		require.Equal(t, refused, len(faults) > 0, "maxItems %d: %v", most, faults)
		if refused {
			require.Contains(t, faults[0].Message, "maxItems")
			require.Equal(t, "/when", faults[0].Pointer)
		}
	}
	require.Empty(t, compiled(t, conditional(`payload.data.items.exists(i, i.sku == "a" && i.n > 3)`)).Check(nil), "one loop is fine")
}

func TestMicrosAreMeasured(t *testing.T) {
	r := compiled(t, conditional(`payload.data.items.map(i, i * 2).size() == 20000`))
	d, _ := r.Decide(facts(`{"items": [` + strings.TrimSuffix(strings.Repeat("1,", 20_000), ",") + `]}`))
	require.Equal(t, signalbox.VerdictMatched, d.Verdict, d.Reason)
	require.Positive(t, d.Micros)
}

func TestExplain(t *testing.T) {
	r := conditional(`payload.data.total > 100 && payload.data.warehouse == "w1" && payload.data.note.size() > 1`)
	r.On = signalbox.Pattern{Type: "order", Operation: "*"}
	x := compiled(t, r).Explain(facts(`{"total": 150, "warehouse": "w2"}`))
	require.True(t, x.Candidate)
	require.Equal(t, signalbox.VerdictFiltered, x.Decision.Verdict)
	require.Equal(t, []signalbox.Clause{
		{Text: "payload.data.total > 100", Result: signalbox.ClauseTrue, Path: "payload.data.total", Expected: "> 100", Observed: "150"},
		{
			Text: `payload.data.warehouse == "w1"`, Result: signalbox.ClauseFalse, Path: "payload.data.warehouse", Expected: `"w1"`, Observed: `"w2"`,
			Reason: `payload.data.warehouse == "w1" does not hold: payload.data.warehouse is "w2"`,
		},
		{
			Text: "payload.data.note.size() > 1", Result: signalbox.ClauseMissing, Path: "payload.data.note", Observed: "missing",
			Reason: "payload.data.note is missing",
		},
	}, x.Clauses)
	require.Equal(t, x.Decision.Sentence(), x.Reason)

	f := facts(`{}`)
	f.Event.Type, f.Event.Operation = "inventory", "low_stock_alert"
	x = compiled(t, r).Explain(f)
	require.False(t, x.Candidate)
	require.Equal(t, "the rule is on order:*, the event is inventory:low_stock_alert", x.Reason)
	require.Len(t, x.Clauses, 3)

	r = conditional("")
	for state, want := range map[signalbox.RuleState]string{
		signalbox.RuleEnabled:  "the rule has no condition",
		signalbox.RuleDisabled: "the rule has no condition; but the rule is disabled",
		signalbox.RuleDraft:    "the rule has no condition; but the rule is a draft that has never been published",
		signalbox.RuleShadow:   "the rule has no condition; but the rule is in shadow: it is evaluated and recorded, and starts nothing",
	} {
		r.State = state
		require.Equal(t, want, compiled(t, r).Explain(facts("")).Reason)
	}
}

func TestRuleTests(t *testing.T) {
	r := conditional(`payload.data.total > tenant.config.limit`)
	r.Start.ID = `"o-" + payload.id`
	r.Start.Input = map[string]string{"total": "payload.data.total"}
	r.Tests = []signalbox.RuleTest{
		{Name: "large", Event: signalbox.TestEvent{EntityID: "7", Data: json.RawMessage(`{"total": 12.50}`)}, Config: json.RawMessage(`{"limit": 10}`), Expect: signalbox.VerdictMatched, WorkflowID: "o-7", Input: json.RawMessage(`{"total": 12.50}`)},
		{Name: "small", Event: signalbox.TestEvent{Data: json.RawMessage(`{"total": 1}`)}, Config: json.RawMessage(`{"limit": 10}`), Expect: signalbox.VerdictFiltered},
		{Name: "no limit", Event: signalbox.TestEvent{Data: json.RawMessage(`{"total": 1}`)}, Expect: signalbox.VerdictFiltered},
		{Name: "text", Event: signalbox.TestEvent{Data: json.RawMessage(`{"total": "1"}`)}, Config: json.RawMessage(`{"limit": 10}`), Expect: signalbox.VerdictError},
		{Name: "other type", Event: signalbox.TestEvent{Type: "customer", Operation: "x"}, Expect: signalbox.VerdictFiltered},
	}
	require.Empty(t, compiled(t, r).Test())

	for i, broken := range []struct {
		change func(*signalbox.RuleTest)
		want   string
	}{
		{func(c *signalbox.RuleTest) { c.Expect = signalbox.VerdictFiltered }, "it expects FILTERED, and the rule says MATCHED: every clause holds"},
		{func(c *signalbox.RuleTest) { c.WorkflowID = "o-8" }, `it expects the workflow id "o-8", and the rule makes "o-7"`},
		{func(c *signalbox.RuleTest) { c.Input = json.RawMessage(`{"total": 12.51}`) }, `it expects the input {"total": 12.51}, and the rule makes {"total":12.50}`},
		{func(c *signalbox.RuleTest) { c.Event.Data = json.RawMessage(`{"total": 1, "total": 2}`) }, "its event.data"},
		{func(c *signalbox.RuleTest) { c.Expect = "MAYBE" }, "what it expects is MATCHED, FILTERED or ERROR"},
	} {
		changed := r
		changed.Tests = append([]signalbox.RuleTest(nil), r.Tests...)
		broken.change(&changed.Tests[0])
		failures := compiled(t, changed).Test()
		require.Len(t, failures, 1, i)
		require.Equal(t, "/tests/0", failures[0].Pointer)
		require.Contains(t, failures[0].Message, fmt.Sprintf("%q fails: ", "large"))
		require.Contains(t, failures[0].Message, broken.want)
	}
}
