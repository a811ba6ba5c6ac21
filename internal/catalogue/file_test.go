package catalogue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/catalogue"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestParse(t *testing.T) { // H-01
	got, err := catalogue.Parse([]byte(`
types:
  - type: user
    operations: [created, { name: deleted, displayName: User deleted, description: Gone. }]
rules:
  - name: welcome
    on: { event: "user:created" }
    start: { workflow: Welcome, taskQueue: users, executionTimeout: PT1H30M, runTimeout: P1D, reusePolicy: REJECT_DUPLICATE }
  - name: audit
    state: DISABLED
    on: { type: user, operation: "*" }
    start: { workflow: Audit, taskQueue: audit, namespace: audit }
`))
	require.NoError(t, err)
	require.Equal(t, signalbox.Catalogue{
		Types: []signalbox.EventType{{Type: "user", Operation: "created"}, {Type: "user", Operation: "deleted", DisplayName: "User deleted", Description: "Gone."}},
		Rules: []signalbox.Rule{
			{
				Name: "welcome", State: signalbox.RuleEnabled, RuleDefinition: signalbox.RuleDefinition{On: signalbox.Pattern{Type: "user", Operation: "created"},
					Start: signalbox.StartSpec{Workflow: "Welcome", TaskQueue: "users", StartOptions: signalbox.StartOptions{
						ReusePolicy: signalbox.ReuseRejectDuplicate, ExecutionTimeout: 90 * time.Minute, RunTimeout: 24 * time.Hour,
					}}},
			},
			{
				Name: "audit", State: signalbox.RuleDisabled, RuleDefinition: signalbox.RuleDefinition{On: signalbox.Pattern{Type: "user", Operation: "*"},
					Start: signalbox.StartSpec{Workflow: "Audit", TaskQueue: "audit", Namespace: "audit"}},
			},
		},
	}, got)
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"not YAML":         {"types: [", "the file cannot be read"},
		"unknown key":      {"rule: []", "rule"},
		"no operations":    {"types: [{type: a}]", `type "a" has no operations`},
		"twice":            {"types: [{type: a, operations: [b, b]}]", "a:b is there twice"},
		"blank":            {"types: [{type: ' ', operations: [b]}]", "is blank"},
		"star":             {"types: [{type: a, operations: ['b*']}]", "a * is for rules' patterns"},
		"event and type":   {"rules: [{name: r, on: {event: 'a:b', type: a}, start: {workflow: w, taskQueue: q}}]", `event: "type:operation"`},
		"no colon":         {"rules: [{name: r, on: {event: 'ab'}, start: {workflow: w, taskQueue: q}}]", `event: "type:operation"`},
		"bare seconds":     {"rules: [{name: r, on: {event: 'a:b'}, start: {workflow: w, taskQueue: q, runTimeout: '60'}}]", "ISO 8601 duration"},
		"no workflow":      {"rules: [{name: r, on: {event: 'a:b'}, start: {taskQueue: q}}]", "start.workflow is missing"},
		"rule name":        {"rules: [{name: 'a b', on: {event: 'a:b'}, start: {workflow: w, taskQueue: q}}]", "a name has"},
		"operation number": {"types: [{type: a, operations: [{nme: x}]}]", "nme"},
	} {
		_, err := catalogue.Parse([]byte(c.file))
		require.ErrorContains(t, err, c.want, name)
		require.NotContains(t, err.Error(), "catalogue.", "no Go in "+name)
	}
}

func TestAnEmptyFileIsNoFault(t *testing.T) {
	got, err := catalogue.Parse(nil)
	require.NoError(t, err)
	require.Empty(t, got.Types)
}
