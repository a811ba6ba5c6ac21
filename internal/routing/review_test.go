package routing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// What decides a verdict, and what a reason shows, never hangs on the payload's own
// texts: cel-go's errors quote them.
func TestReasonsQuoteNoKeysOfThePayload(t *testing.T) { // P-27
	for when, verdict := range map[string]string{
		`tenant.config[payload.data.password] == 1`:                  "FILTERED",
		`{"a": 1}[payload.data.password] == 1`:                       "FILTERED",
		`payload.data.items.all(i, i[payload.data.password] == "a")`: "FILTERED",
		`timestamp(payload.data.password) < now`:                     "ERROR",
		`now.getHours(payload.data.password) == 1`:                   "ERROR",
		`int(payload.data.password) == 1`:                            "ERROR",
	} {
		for _, secret := range []string{"hunter2", "no such key: hunter2", "index out of bounds: hunter2", "division by zero hunter2", "hunter2 overflow"} {
			text, err := json.Marshal(secret)
			require.NoError(t, err)
			d, _ := compiled(t, conditional(when)).Decide(facts(`{"items": [{"a": 1}], "password": ` + string(text) + `}`))
			require.Equal(t, verdict, string(d.Verdict), "%s: %s", when, d.Sentence())
			require.NotContains(t, d.Sentence(), "hunter2", when)
		}
	}
	r := conditional("")
	r.Start.Input = map[string]string{"a": `{"b": 1}[payload.data.password]`}
	d, _ := compiled(t, r).Decide(facts(`{"password": "hunter2"}`))
	require.Equal(t, "start.input.a reads an element, which is missing", d.Sentence())
}

func TestTheCulpritIsWhatIsMissing(t *testing.T) {
	for when, want := range map[string]string{
		`has(payload.data.a) ? payload.data.a > 1 : payload.data.l["b"] > 1`: "payload.data.l.b is missing",
		`payload.data.l[payload.data.i] > 1`:                                 "an element is missing, which payload.data.l[payload.data.i] > 1 reads",
		"// gold\npayload.data.b   ==\n 10 // more":                          "payload.data.b == 10 does not hold: payload.data.b is 5",
	} {
		d, _ := compiled(t, conditional(when)).Decide(facts(`{"l": {"c": 1}, "i": "z", "b": 5}`))
		require.Equal(t, want, d.Sentence(), when)
	}
	_, err := routing.CompileRule(conditional(`payload.data.items.exists(event, event.a == 1)`), home)
	require.ErrorContains(t, err, "take another name")
}

// However numbers are spelled, and on whichever side they stand.
func TestNumbersOfEverySpelling(t *testing.T) {
	for _, c := range []struct {
		when, n string
		want    string
	}{
		{`payload.data.n == 9007199254740993`, `9007199254740993.0`, "MATCHED"},
		{`9007199254740993 == payload.data.n`, `9007199254740993.0`, "MATCHED"},
		{`payload.data.n in [9007199254740993]`, `9007199254740993.0`, "MATCHED"},
		{`payload.data.n != 9007199254740993`, `9007199254740993.0`, "FILTERED"},
		{`payload.data.n == 9007199254740993`, `9007199254740992.0`, "FILTERED"},
		{`payload.data.n > 9007199254740992.5`, `9007199254740993`, "none"}, // the literal is no double
		{`payload.data.n % 2 == 1`, `5.0`, "MATCHED"},
		{`10 / payload.data.n > 1`, `0.0`, "ERROR"},
		{`payload.data.n == 5u`, `5`, "MATCHED"},
		{`18446744073709551615u >= payload.data.n`, `18446744073709551615`, "MATCHED"},
		{`1 + payload.data.n > 0`, `0.1000000000000000000001`, "ERROR"},
		{`payload.data.n + 1 > 0`, `0.1000000000000000000001`, "ERROR"},
		{`double("inf") > payload.data.n`, `0.1000000000000000000001`, "MATCHED"},
		{`payload.data.n > double("-inf")`, `0.1000000000000000000001`, "MATCHED"},
		{`double("nan") < payload.data.n`, `0.1000000000000000000001`, "ERROR"},
		{`dyn(bytes(payload.id)) in [1, 2]`, `1`, "FILTERED"},
		{`payload.data.n == 0`, `-0.0e10`, "MATCHED"},
		{`payload.data.n == 1000`, `100000e-2`, "MATCHED"},
		{`payload.data.n * 1.5 > 0`, `9007199254740993`, "ERROR"}, // and not something near
	} {
		r, err := routing.CompileRule(conditional(c.when), home)
		if c.want == "none" {
			require.ErrorContains(t, err, "more digits")
			continue
		}
		require.NoError(t, err, c.when)
		d, _ := r.Decide(facts(`{"n": ` + c.n + `}`))
		require.Equal(t, c.want, string(d.Verdict), "%s for %s: %s", c.when, c.n, d.Sentence())
		require.NotContains(t, d.Sentence(), "made the evaluator fail")
	}
	for _, literal := range []string{`0.1000000000000000000001`, `9007199254740992.0`, `9007199254740993.0`, `1.7976931348623157e309`} {
		_, err := routing.CompileRule(conditional(`payload.data.n == `+literal), home)
		require.Error(t, err, literal)
	}
	for _, literal := range []string{`0.1`, `1e20`, `5.0`, `.5`, `0.30000000000000004`} {
		_, err := routing.CompileRule(conditional(`payload.data.n == `+literal+` || payload.id == "0.1000000000000000000001"`), home)
		require.NoError(t, err, literal)
	}
}

// No rule, and no event's rules together, take longer than their time, whatever is
// left uncounted by CEL's units.
func TestHostileWork(t *testing.T) {
	xs, ones := strings.Repeat("x", 200_000), strings.TrimSuffix(strings.Repeat("1.2345678901234567890123e-300,", 4000), ",")
	for name, c := range map[string]struct {
		when, data string
		within     time.Duration
	}{
		"a regular expression":       {`payload.data.s.matches("(x?){400}y")`, `{"s": "` + xs + `"}`, 200 * time.Millisecond},
		"ten of them":                {strings.Repeat(`payload.data.s.matches("(x?){40}y") && `, 10) + "true", `{"s": "` + xs + `"}`, time.Second},
		"a hundred loops":            {strings.Repeat(`payload.data.l.map(i,i)!=[]&&`, 120) + "true", `{"l": [` + strings.TrimSuffix(strings.Repeat("1,", 20_000), ",") + `]}`, 1500 * time.Millisecond},
		"deep equality":              {strings.Repeat(`payload.data.a==payload.data.b&&`, 120) + "true", `{"a": [` + ones + `], "b": [` + ones + `,1]}`, 1500 * time.Millisecond},
		"a search in a loop":         {`payload.data.l.all(i, !(2 in payload.data.l))`, `{"l": [` + ones + `]}`, 1500 * time.Millisecond},
		"one long text, many misses": {`payload.data.s.startsWith("y")`, `{"s": "` + xs + `"}`, 20 * time.Millisecond},
	} {
		r := compiled(t, conditional(c.when))
		f := facts(c.data)
		var d signalbox.Decision
		took := cputest.Of(t, func() { d, _ = r.Decide(f) })
		require.Less(t, took, c.within*raceFactor, name)
		require.NotEqual(t, signalbox.VerdictMatched, d.Verdict, "%s: %s", name, d.Sentence())
		require.Less(t, len(d.Sentence()), 1000, name)
	}

	var rules []signalbox.Rule
	for i := range 100 {
		r := conditional(`payload.data.l.map(i, i * 2).size() == 1`)
		r.Name = fmt.Sprintf("r%02d", i)
		rules = append(rules, r)
	}
	table, err := routing.Compile(rules, routing.Options{Home: home})
	require.NoError(t, err)
	took := cputest.Of(t, func() { table.Match(facts(`{"l": [` + strings.TrimSuffix(strings.Repeat("1,", 60_000), ",") + `]}`)) })
	require.Less(t, took, 3*time.Second*raceFactor)
}

func TestHostileStarts(t *testing.T) {
	r := conditional("")
	r.Start.Input, r.Start.Memo = map[string]string{}, map[string]string{}
	for i := range 100 {
		r.Start.Input[fmt.Sprintf("m%d", i)], r.Start.Memo[fmt.Sprintf("m%d", i)] = "payload.data", "payload.data"
	}
	d, start := compiled(t, r).Decide(facts(`{"s": "` + strings.Repeat("x", 200_000) + `"}`))
	require.Equal(t, signalbox.VerdictError, d.Verdict)
	require.Nil(t, start)
	require.Contains(t, d.Sentence(), "to more than")

	r = conditional("")
	for i := range 1000 {
		r.Subjects = append(r.Subjects, fmt.Sprintf("7c9e6679-7425-40de-944b-e07fc1f9%04d", i))
	}
	f := facts("")
	f.Event.Subject = r.Subjects[999]
	d, _ = compiled(t, r).Decide(f)
	require.Equal(t, signalbox.VerdictMatched, d.Verdict)
}

// Nested loops are taken where the schema bounds both, however the inner one is named.
func TestNestedLoopsWithinTheSchemasBounds(t *testing.T) {
	tags := &signalbox.Shape{Kinds: signalbox.KindArray, MaxItems: 5, Items: &signalbox.Shape{Kinds: signalbox.KindString, MaxLength: 20}}
	shapes := func(outer int) []signalbox.TypeShape {
		return []signalbox.TypeShape{{Version: 1, Data: shapeOf(map[string]*signalbox.Shape{
			"items": {Kinds: signalbox.KindArray, MaxItems: outer, Items: shapeOf(map[string]*signalbox.Shape{"tags": tags})},
		})}}
	}
	r := compiled(t, conditional(`payload.data.items.exists(i, i.tags.exists(t, t == "gold" || t == "silver"))`))
	require.Empty(t, r.Check(shapes(500)))
	require.NotEmpty(t, r.Check(shapes(500_000)))
}
