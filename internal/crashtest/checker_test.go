package crashtest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// sound is a state without fault: one event with two rules, sent twice and once
// with another body, one event without a rule, and one send that nobody answered.
func sound() State {
	starts := func(run1, run2 string) []AnsweredDispatch {
		return []AnsweredDispatch{
			{Rule: "pack", WorkflowID: "pack/e1", RunID: run1},
			{Rule: "bill", WorkflowID: "bill/e1", RunID: run2},
		}
	}
	return State{
		Rules: map[string][]string{"placed": {"pack", "bill"}, "viewed": nil},
		Answers: []Answer{
			{Key: "k1", Operation: "placed", Body: `{"n":1}`, Code: Transport},
			{Key: "k1", Operation: "placed", Body: `{"n":1}`, EventID: "e1", Duplicate: true, Dispatches: starts("", "r2")},
			{Key: "k1", Operation: "placed", Body: `{"n":1}`, EventID: "e1", Duplicate: true, Dispatches: starts("r1", "r2")},
			{Key: "k1", Operation: "placed", Body: `{"n":2}`, Code: codeConflict},
			{Key: "k2", Operation: "viewed", Body: `{}`, EventID: "e2"},
			{Key: "k3", Operation: "placed", Body: `{}`, Code: codeUnavailable},
			{Key: "k4", Operation: "viewed", Body: `{}`, Code: codeUnavailable},
		},
		Events: []Event{
			{ID: "e1", Key: "k1", Operation: "placed", Body: `{"n":1}`},
			{ID: "e2", Key: "k2", Operation: "viewed", Body: `{}`},
			{ID: "e4", Key: "k4", Operation: "viewed", Body: `{}`},
		},
		Dispatches: []Dispatch{
			{EventID: "e1", Rule: "pack", Status: "STARTED", WorkflowID: "pack/e1", RunID: "r1"},
			{EventID: "e1", Rule: "bill", Status: "STARTED", WorkflowID: "bill/e1", RunID: "r2"},
		},
		Listed:   []Run{{WorkflowID: "pack/e1", RunID: "r1"}, {WorkflowID: "bill/e1", RunID: "r2"}},
		Executed: []Run{{WorkflowID: "pack/e1", RunID: "r1", EventID: "e1"}, {WorkflowID: "bill/e1", RunID: "r2", EventID: "e1"}},
	}
}

func TestCheckFindsNothingWhereNothingIs(t *testing.T) {
	require.Equal(t, Report{Acknowledged: 2}, Check(sound()))
}

func TestCheckFindsPlantedFaults(t *testing.T) {
	for _, c := range []struct {
		name          string
		plant         func(s *State)
		invariant     string
		lost, doubled int
	}{
		{name: "an acknowledged event is gone", invariant: "I1", lost: 1, plant: func(s *State) { s.Events = slices.Delete(s.Events, 1, 2) }},
		{name: "an acknowledged event is there twice", invariant: "I1", doubled: 1, plant: func(s *State) {
			s.Events = append(s.Events, Event{ID: "e9", Key: "k2", Operation: "viewed", Body: `{}`})
		}},
		{name: "another event than the one acknowledged", invariant: "I1", lost: 1, plant: func(s *State) { s.Events[1].ID = "e9" }},
		{name: "a payload with a byte changed", invariant: "I1", plant: func(s *State) { s.Events[0].Body = `{"n": 1}` }},
		{name: "an event that nobody sent", invariant: "I1", plant: func(s *State) {
			s.Events = append(s.Events, Event{ID: "e9", Key: "k9", Operation: "viewed", Body: `{}`})
		}},
		{name: "an unanswered send kept with another operation", invariant: "I1", plant: func(s *State) { s.Answers[6].Operation = "placed" }},
		{name: "a second run in Temporal's list", invariant: "I2", doubled: 1, plant: func(s *State) {
			s.Listed = append(s.Listed, Run{WorkflowID: "pack/e1", RunID: "r9"})
		}},
		{name: "a second run that only the worker saw", invariant: "I2", doubled: 1, plant: func(s *State) {
			s.Executed = append(s.Executed, Run{WorkflowID: "pack/e1", RunID: "r9", EventID: "e1"})
		}},
		{name: "a start that never was", invariant: "I2", lost: 1, plant: func(s *State) {
			s.Listed, s.Executed = s.Listed[:1], s.Executed[:1]
		}},
		{name: "a run without its event", invariant: "I2", plant: func(s *State) {
			s.Executed = append(s.Executed, Run{WorkflowID: "pack/e9", RunID: "r9", EventID: "e9"})
		}},
		{name: "a dispatch without its event", invariant: "I2", plant: func(s *State) {
			s.Dispatches = append(s.Dispatches, Dispatch{EventID: "e2", Rule: "pack", Status: "STARTED", WorkflowID: "pack/e2", RunID: "r9"})
		}},
		{name: "an event without its dispatch", invariant: "I2", plant: func(s *State) { s.Dispatches = s.Dispatches[:1] }},
		{name: "a dispatch twice", invariant: "I2", plant: func(s *State) { s.Dispatches = append(s.Dispatches, s.Dispatches[0]) }},
		{name: "a dispatch given up", invariant: "I2", plant: func(s *State) { s.Dispatches[0].Status = "FAILED" }},
		{name: "a start of ours that was not recognised", invariant: "I2", plant: func(s *State) { s.Dispatches[0].Status = "REUSED" }},
		{name: "a dispatch of another workflow", invariant: "I2", plant: func(s *State) { s.Dispatches[0].WorkflowID = "bill/e1" }},
		{name: "an answered run that does not exist", invariant: "I3", plant: func(s *State) { s.Answers[2].Dispatches[0].RunID = "r9" }},
		{name: "an answered run of another event", invariant: "I3", plant: func(s *State) { s.Executed[0].EventID = "e2" }},
		{name: "an answered workflow of another event", invariant: "I3", plant: func(s *State) { s.Answers[2].Dispatches[0].WorkflowID = "pack/e2" }},
		{name: "a dispatch that names a run of nobody", invariant: "I3", plant: func(s *State) { s.Dispatches[0].RunID = "r9" }},
		{name: "the same key answered with two events", invariant: "I4", plant: func(s *State) { s.Answers[2].EventID = "e2" }},
		{name: "the same start answered with two runs", invariant: "I4", plant: func(s *State) { s.Answers[1].Dispatches[1].RunID = "r1" }},
		{name: "an answer that names too few starts", invariant: "I4", plant: func(s *State) { s.Answers[2].Dispatches = s.Answers[2].Dispatches[:1] }},
		{name: "another body acknowledged", invariant: "I4", plant: func(s *State) {
			s.Answers[3].Code, s.Answers[3].EventID, s.Answers[3].Dispatches = "", "e1", s.Answers[2].Dispatches
		}},
		{name: "another body kept", invariant: "I4", plant: func(s *State) { s.Events[0].Body = `{"n":2}` }},
		{name: "the very body refused", invariant: "I4", plant: func(s *State) { s.Answers[3].Body = `{"n":1}` }},
		{name: "a dispatch still pending", invariant: "I6", plant: func(s *State) { s.Dispatches[0].Status = "PENDING" }},
		{name: "an unanswered send kept twice", invariant: "I8", doubled: 1, plant: func(s *State) {
			s.Events = append(s.Events, Event{ID: "e5", Key: "k4", Operation: "viewed", Body: `{}`})
		}},
		{name: "an error that has no business there", invariant: "answer", plant: func(s *State) { s.Answers[6].Code = "INTERNAL" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sound()
			c.plant(&s)
			report := Check(s)
			require.True(t, slices.ContainsFunc(report.Violations, func(v Violation) bool { return v.Invariant == c.invariant }),
				"no violation of %s among %v", c.invariant, report.Violations)
			require.Equal(t, c.lost, report.Lost, "lost")
			require.Equal(t, c.doubled, report.Doubled, "doubled")
		})
	}
}
