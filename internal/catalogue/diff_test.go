package catalogue

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestDifferencesAreReadable(t *testing.T) {
	base := func() *signalbox.Rule {
		r := ruleOf("r", 1, "a")
		r.Subjects = []string{"s"}
		r.Start.RunTimeout = time.Minute
		r.Start.Input = map[string]string{"total": "payload.data.total"}
		r.Tests = []signalbox.RuleTest{{Name: "t", Event: signalbox.TestEvent{Data: []byte(`{"n": 0.10, "password": "p1"}`)}, Expect: signalbox.VerdictMatched}}
		return &r
	}
	for name, c := range map[string]struct {
		change func(*signalbox.Rule)
		want   []string
	}{
		"nothing":     {func(*signalbox.Rule) {}, nil},
		"a condition": {func(r *signalbox.Rule) { r.When = `b < 1 && c == "x"` }, []string{`when: "a" → "b < 1 && c == \"x\""`}},
		"gone":        {func(r *signalbox.Rule) { r.When = "" }, []string{`when: "a" → none`}},
		"come":        {func(r *signalbox.Rule) { r.Description = "d" }, []string{`description: none → "d"`}},
		"a duration":  {func(r *signalbox.Rule) { r.Start.RunTimeout = 90 * time.Minute }, []string{"start.runTimeout: PT1M → PT1H30M"}},
		"a list":      {func(r *signalbox.Rule) { r.Subjects = []string{"s", "t"} }, []string{`subjects[1]: none → "t"`}},
		"an input":    {func(r *signalbox.Rule) { r.Start.Input = map[string]string{} }, []string{`start.input.total: "payload.data.total" → none`}},
		"digits":      {func(r *signalbox.Rule) { r.Tests[0].Event.Data = []byte(`{"n": 0.100, "password": "p1"}`) }, []string{"tests[0].event.data.n: 0.10 → 0.100"}},
		"a secret":    {func(r *signalbox.Rule) { r.Tests[0].Event.Data = []byte(`{"n": 0.10, "password": "p2"}`) }, []string{"tests[0].event.data.password: (hidden) → (hidden)"}},
		"a long text": {func(r *signalbox.Rule) { r.When = strings.Repeat("x", 100) }, []string{`when: "a" → "` + strings.Repeat("x", 79) + "…"}},
		"a draft":     {func(r *signalbox.Rule) { r.Draft = &signalbox.RuleDefinition{When: "d"} }, []string{`draft.on.type: none → ""`, `draft.on.operation: none → ""`, `draft.when: none → "d"`, `draft.start.workflow: none → ""`, `draft.start.taskQueue: none → ""`}},
	} {
		t.Run(name, func(t *testing.T) {
			after := base()
			c.change(after)
			change := diffRule(base(), after)
			require.Equal(t, c.want, change.Details)
			if c.want == nil {
				require.Equal(t, signalbox.Unchanged, change.Action)
			} else {
				require.Equal(t, signalbox.Changed, change.Action)
			}
		})
	}
	require.Equal(t, signalbox.Change{Kind: "rule", Name: "r", Action: signalbox.Deleted}, diffRule(base(), nil))
	many := base()
	for range 100 {
		many.Subjects = append(many.Subjects, "x")
	}
	details := diffRule(base(), many).Details
	require.Len(t, details, maxDetails+1)
	require.Equal(t, "… and 60 more", details[maxDetails])
}
