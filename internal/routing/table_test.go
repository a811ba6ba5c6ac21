package routing_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func rule(name, typ, operation string) signalbox.Rule {
	return signalbox.Rule{
		Name: name, Version: 3, State: signalbox.RuleEnabled,
		RuleDefinition: signalbox.RuleDefinition{
			On:    signalbox.Pattern{Type: typ, Operation: operation},
			Start: signalbox.StartSpec{Workflow: "W", TaskQueue: "q"},
		},
	}
}

func event(typ, operation string) *signalbox.Event {
	return &signalbox.Event{ID: signalbox.ID{0, 0, 0, 0, 0, 1, 0x70, 9}, Tenant: signalbox.ID{1}, Type: typ, Operation: operation}
}

func TestMatch(t *testing.T) { // P-10, P-11, P-14, P-21
	disabled := rule("off", "order", "*")
	disabled.State = signalbox.RuleDisabled
	table, err := routing.Compile([]signalbox.Rule{
		rule("z-exact", "order", "placed"), rule("a-any", "*", "*"), rule("m-prefix", "order", "pl*"), rule("other", "customer", "placed"),
		rule("suffix", "*der", "*ed"), disabled,
	}, routing.Options{Home: home})
	require.NoError(t, err)
	for _, c := range []struct {
		typ, operation string
		want           string
	}{
		{"order", "placed", "a-any m-prefix suffix z-exact off(DISABLED)"},
		{"order", "cancelled", "a-any suffix off(DISABLED)"},
		{"order", "plan", "a-any m-prefix off(DISABLED)"},
		{"Order", "placed", "a-any suffix"},
		{"customer", "placed", "a-any other"},
		{"order ", "placed", "a-any"},
	} {
		plan := table.Match(&routing.Facts{Event: event(c.typ, c.operation)})
		var got []string
		matched := 0
		for _, d := range plan.Decisions {
			text := d.Rule
			if d.Verdict == signalbox.VerdictMatched {
				matched++
				require.Empty(t, d.Reason)
			} else {
				text += "(" + string(d.Verdict) + ")"
				require.NotEmpty(t, d.Sentence())
			}
			require.Equal(t, 3, d.RuleVersion)
			got = append(got, text)
		}
		require.Equal(t, c.want, strings.Join(got, " "), "%s/%s", c.typ, c.operation)
		require.Len(t, plan.Dispatches, matched)
	}
}

func TestADispatchIsAFunctionOfEventAndRule(t *testing.T) {
	own := rule("own-namespace", "order", "placed")
	own.Start.Namespace = "elsewhere"
	table, err := routing.Compile([]signalbox.Rule{rule("plain", "order", "placed"), own}, routing.Options{Home: home})
	require.NoError(t, err)
	e := event("order", "placed")
	first, second := table.Match(&routing.Facts{Event: e}), table.Match(&routing.Facts{Event: e})
	require.Equal(t, first.Dispatches, second.Dispatches)
	require.Equal(t, "elsewhere", first.Dispatches[0].Namespace)
	require.Equal(t, "home", first.Dispatches[1].Namespace)
	require.NotEqual(t, first.Dispatches[0].ID, first.Dispatches[1].ID)
	require.Equal(t, e.ID.Time(), first.Dispatches[0].ID.Time(), "in its event's partition")
	require.Equal(t, "plain/"+e.ID.String(), first.Dispatches[1].WorkflowID)
}

func TestCompileReportsEveryFaultAtOnce(t *testing.T) {
	bad := rule("Größe", " order", "")
	bad.Start = signalbox.StartSpec{StartOptions: signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate, ConflictPolicy: signalbox.ConflictTerminateExisting, RunTimeout: -1}}
	bad.State = "HALF"
	_, err := routing.Compile([]signalbox.Rule{rule("twice", "a", "b"), rule("twice", "a", "b"), bad}, routing.Options{Home: home})
	require.Equal(t, signalbox.CodeConfiguration, signalbox.ErrorCode(err))
	for _, part := range []string{
		`rule "twice" is there twice`, `"Größe": name has`, "on.type has white space", "on.operation is blank", "start.workflow is missing",
		"start.taskQueue is missing", "start.reusePolicy", "start.conflictPolicy", "a timeout that is negative", "state is ENABLED, DISABLED or SHADOW",
	} {
		require.ErrorContains(t, err, part)
	}
}

func TestGlobsStayLinearOnHostilePatterns(t *testing.T) {
	hostile := strings.Repeat("a*", 60) + "b"
	table, err := routing.Compile([]signalbox.Rule{rule("r", hostile, "*")}, routing.Options{Home: home})
	require.NoError(t, err)
	require.Empty(t, table.Match(&routing.Facts{Event: event(strings.Repeat("a", 128), "x")}).Decisions)
}
