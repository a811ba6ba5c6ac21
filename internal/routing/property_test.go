package routing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The index must not change what matches, what errs and what misses: every rule
// asked by itself says the same, whatever the rules and the event.
func TestTheIndexAgreesWithAskingEveryRule(t *testing.T) { // P-10 … P-13
	name := rapid.StringMatching(`[ab]{1,3}`)
	pattern := rapid.StringMatching(`[ab*]{1,4}`)
	place := rapid.SampledFrom([]string{
		"payload.data.a", "payload.data.b", "payload.data.o.p", `payload.data["a"]`, "payload.data.list[0]", "payload.id", "event.subject",
		"event.type", "event.schemaVersion", "tenant.config.region",
	})
	constant := rapid.SampledFrom([]string{`1`, `-1`, `1.0`, `2`, `9007199254740993`, `"1"`, `"a"`, `true`, `null`, `""`})
	clause := rapid.Custom(func(t *rapid.T) string {
		p, c := place.Draw(t, "place"), constant.Draw(t, "constant")
		switch rapid.IntRange(0, 7).Draw(t, "form") {
		case 0, 1, 2:
			return p + " == " + c
		case 3:
			return c + " == " + p
		case 4:
			return p + " in [" + c + ", " + constant.Draw(t, "second constant") + "]"
		case 5:
			return p + " != " + c
		case 6:
			return p + " > 1"
		default:
			return "has(payload.data.a) || " + p + " == " + c
		}
	})
	value := rapid.SampledFrom([]string{
		`1`, `1.0`, `1e0`, `-1`, `2`, `9007199254740992`, `9007199254740993`, `9007199254740993.0`, `"1"`, `"a"`, `true`, `null`, `""`, `[1]`, `{"p": 1}`, `{}`, `[]`, `1.0000000000000000001`,
	})
	rapid.Check(t, func(t *rapid.T) {
		var rules []signalbox.Rule
		for i, n := 0, rapid.IntRange(0, 30).Draw(t, "rules"); i < n; i++ {
			r := rule(fmt.Sprintf("r%02d", i), pattern.Draw(t, "type"), pattern.Draw(t, "operation"))
			r.When = strings.Join(rapid.SliceOfN(clause, 0, 3).Draw(t, "clauses"), " && ")
			r.State = rapid.SampledFrom([]signalbox.RuleState{signalbox.RuleEnabled, signalbox.RuleEnabled, signalbox.RuleShadow, signalbox.RuleDisabled, signalbox.RuleDraft}).Draw(t, "state")
			rules = append(rules, r)
		}
		table, err := routing.Compile(rules, routing.Options{Home: home})
		if err != nil {
			t.Fatal(err)
		}
		var members []string
		for _, m := range []string{"a", "b", "o", "list"} {
			if rapid.Bool().Draw(t, "has "+m) {
				members = append(members, fmt.Sprintf("%q: %s", m, value.Draw(t, m)))
			}
		}
		f := facts("{" + strings.Join(members, ", ") + "}")
		f.Event.Type, f.Event.Operation = name.Draw(t, "event type"), name.Draw(t, "event operation")
		f.Event.Subject = rapid.SampledFrom([]string{"", "a", "1"}).Draw(t, "subject")

		plan := table.Match(f)
		said := make(map[string]signalbox.Verdict)
		misses := 0
		for _, d := range plan.Decisions {
			if said[d.Rule] != "" {
				t.Fatalf("%s is there twice", d.Rule)
			}
			said[d.Rule] = d.Verdict
			if d.Verdict == signalbox.VerdictFiltered {
				if d.Clause == "" || d.Sentence() == "" {
					t.Fatalf("%s missed and does not say why: %+v", d.Rule, d)
				}
			}
			if d.Verdict == signalbox.VerdictFiltered || d.Verdict == signalbox.VerdictDisabled {
				misses++
			}
		}
		candidates, dispatches := 0, make(map[string]bool)
		for _, d := range plan.Dispatches {
			dispatches[d.Rule] = true
		}
		for i := range rules {
			r, err := routing.CompileRule(rules[i], home)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Covers(f.Event.Type, f.Event.Operation) {
				if said[r.Name] != "" {
					t.Fatalf("%s is no candidate", r.Name)
				}
				continue
			}
			candidates++
			d, start := r.Decide(f)
			want := d.Verdict
			switch {
			case r.State == signalbox.RuleDisabled || r.State == signalbox.RuleDraft:
				want, start = signalbox.VerdictDisabled, nil
			case r.State == signalbox.RuleShadow && want == signalbox.VerdictMatched:
				want, start = signalbox.VerdictShadow, nil
			}
			got, kept := said[r.Name]
			if !kept && (want == signalbox.VerdictFiltered || want == signalbox.VerdictDisabled) && misses == signalbox.MaxMisses {
				continue
			}
			if got != want {
				t.Fatalf("%s (%s): the table says %q, the rule says %s", r.Name, r.When, got, want)
			}
			if dispatches[r.Name] != (start != nil) {
				t.Fatalf("%s: a dispatch: %v, want %v", r.Name, dispatches[r.Name], start != nil)
			}
		}
		if plan.Omitted != candidates-len(plan.Decisions) {
			t.Fatalf("%d omitted of %d candidates with %d decisions", plan.Omitted, candidates, len(plan.Decisions))
		}
	})
}

func TestOnlyTheNearestMissesAreKept(t *testing.T) {
	var rules []signalbox.Rule
	add := func(name, when string, state signalbox.RuleState) {
		r := conditional(when)
		r.Name, r.State = name, state
		rules = append(rules, r)
	}
	for i := range 30 {
		add(fmt.Sprintf("far-%02d", i), `payload.data.a > 10 && payload.data.b > 10 && payload.data.c > 10`, signalbox.RuleEnabled)
		add(fmt.Sprintf("indexed-%02d", i), fmt.Sprintf(`payload.data.w == "w%d"`, i), signalbox.RuleEnabled)
	}
	for i := range 5 {
		add(fmt.Sprintf("near-%02d", i), `payload.data.a > 0 && payload.data.b > 0 && payload.data.c > 10`, signalbox.RuleEnabled)
		add(fmt.Sprintf("hit-%02d", i), `payload.data.a > 0`, signalbox.RuleEnabled)
		add(fmt.Sprintf("broken-%02d", i), `payload.data.w > 0`, signalbox.RuleEnabled)
		add(fmt.Sprintf("shadow-%02d", i), `payload.data.a > 0`, signalbox.RuleShadow)
	}
	table, err := routing.Compile(rules, routing.Options{Home: home})
	require.NoError(t, err)
	plan := table.Match(facts(`{"a": 1, "b": 1, "c": 1, "w": "w3"}`))

	var order []string
	for _, d := range plan.Decisions {
		group := string(d.Verdict) + " " + strings.Split(d.Rule, "-")[0]
		if len(order) == 0 || order[len(order)-1] != group {
			order = append(order, group)
		}
	}
	require.Equal(t, []string{"MATCHED hit", "MATCHED indexed", "SHADOW shadow", "ERROR broken", "FILTERED near", "FILTERED indexed"}, order)
	require.Len(t, plan.Decisions, 5+1+5+5+signalbox.MaxMisses)
	require.Equal(t, len(rules)-len(plan.Decisions), plan.Omitted)
	require.Len(t, plan.Dispatches, 6)
	for _, d := range plan.Decisions[16:] {
		require.Equal(t, 1, d.Failed, "%s, though rules missed by one clause", d.Rule)
	}

	// Fewer candidates than the limit: every one is there, the indexed ones too.
	table, err = routing.Compile(rules[:4], routing.Options{Home: home})
	require.NoError(t, err)
	plan = table.Match(facts(`{"a": 1, "b": 1, "c": 1, "w": "other"}`))
	require.Len(t, plan.Decisions, 4)
	require.Zero(t, plan.Omitted)
	last := plan.Decisions[1] // before those that missed by three clauses
	require.Equal(t, `payload.data.w == "w1" does not hold: payload.data.w is "other"`, last.Sentence())
	require.Equal(t, []string{`payload.data.w == "w1"`, "payload.data.w", `"w1"`, `"other"`}, []string{last.Clause, last.Path, last.Expected, last.Observed})
}

// A table made from another takes its compiled rules, and changes nothing in it.
func TestTablesShareWhatHasNotChanged(t *testing.T) {
	one, two := conditional(`payload.data.w == "a"`), conditional(`payload.data.w == "b"`)
	one.Name, two.Name = "one", "two"
	first, err := routing.Compile([]signalbox.Rule{one, two}, routing.Options{Home: home})
	require.NoError(t, err)
	two.Version, two.When = 4, `payload.data.w == "c"`
	disabled := one
	disabled.State = signalbox.RuleDisabled
	second, err := routing.Compile([]signalbox.Rule{disabled, two}, routing.Options{Home: home, Previous: first})
	require.NoError(t, err)
	verdicts := func(table *routing.Table, w string) string {
		var all []string
		for _, d := range table.Match(facts(`{"w": "` + w + `"}`)).Decisions {
			all = append(all, d.Rule+" "+string(d.Verdict))
		}
		return strings.Join(all, ", ")
	}
	require.Equal(t, "one MATCHED, two FILTERED", verdicts(first, "a"))
	require.Equal(t, "two MATCHED, one FILTERED", verdicts(first, "b"))
	require.Equal(t, "two FILTERED, one DISABLED", verdicts(second, "a"))
	require.Equal(t, "two MATCHED, one DISABLED", verdicts(second, "c"))
	third, err := routing.Compile([]signalbox.Rule{one, two}, routing.Options{Home: routing.Home{Namespace: "elsewhere"}, Previous: second})
	require.NoError(t, err)
	require.Equal(t, "elsewhere", third.Match(facts(`{"w": "a"}`)).Dispatches[0].Namespace)
}
