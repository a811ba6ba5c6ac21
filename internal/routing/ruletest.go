package routing

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// testTime is when the event of a rule's test is received, unless it says.
var testTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// runTest holds the rule to one of its tests, by the evaluator that events meet.
func (r *Rule) runTest(t *signalbox.RuleTest) error {
	e, err := r.testEvent(t)
	if err != nil {
		return err
	}
	facts := &Facts{Event: e, Data: payload.Decode(e.Data), Config: payload.Decode(t.Config)}
	var d signalbox.Decision
	var start *signalbox.Dispatch
	if r.Covers(e.Type, e.Operation) {
		d, start = r.Decide(facts)
	} else {
		d = r.decision(signalbox.VerdictFiltered)
		d.Reason = r.sumUp(&signalbox.Explanation{}, e)
	}
	if d.Verdict != t.Expect {
		why := d.Sentence()
		if why == "" {
			why = "every clause holds"
		}
		return fmt.Errorf("it expects %s, and the rule says %s: %s", t.Expect, d.Verdict, why)
	}
	if start == nil {
		return nil
	}
	// The prefix is the tenant's and not the rule's, which is to pass with every tenant.
	if id := strings.TrimPrefix(start.WorkflowID, r.home.IDPrefix); t.WorkflowID != "" && t.WorkflowID != id {
		return fmt.Errorf("it expects the workflow id %q, and the rule makes %q", t.WorkflowID, id)
	}
	if t.Input != nil {
		if start.Input == nil {
			return fmt.Errorf("it expects an input, and the rule maps none: the workflow gets the whole event")
		}
		if !SameJSON(payload.Decode(t.Input), payload.Decode(start.Input)) {
			return fmt.Errorf("it expects the input %s, and the rule makes %s", shorten(string(t.Input), maxShown), shorten(string(start.Input), maxShown))
		}
	}
	return nil
}

// SameJSON compares decoded values: members in any order, numbers by what they are.
func SameJSON(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && digitsOf(string(a)) == digitsOf(string(b))
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, SameJSON)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, SameJSON)
	}
	return reflect.DeepEqual(a, b)
}

// testEvent makes the event of a test, with an id of the test's time.
func (r *Rule) testEvent(t *signalbox.RuleTest) (*signalbox.Event, error) {
	e := &signalbox.Event{
		Type: t.Event.Type, Operation: t.Event.Operation, EntityID: t.Event.EntityID, Data: t.Event.Data,
		Source: t.Event.Source, Subject: t.Event.Subject, Metadata: t.Event.Metadata, OccurredAt: t.Event.OccurredAt,
	}
	received := t.Event.ReceivedAt
	if received.IsZero() {
		received = testTime
	}
	e.ID = signalbox.FirstID(received)
	for _, name := range []struct {
		what    string
		given   *string
		pattern string
	}{{"type", &e.Type, r.On.Type}, {"operation", &e.Operation, r.On.Operation}} {
		if *name.given != "" {
			continue
		}
		if strings.Contains(name.pattern, "*") {
			return nil, fmt.Errorf("its event needs a %s, since the rule is on %s", name.what, name.pattern)
		}
		*name.given = name.pattern
	}
	if e.EntityID == "" {
		e.EntityID = "test"
	}
	switch t.Expect {
	case signalbox.VerdictMatched, signalbox.VerdictFiltered, signalbox.VerdictError:
	default:
		return nil, fmt.Errorf("what it expects is MATCHED, FILTERED or ERROR")
	}
	for _, part := range []struct {
		name string
		raw  []byte
	}{{"event.data", t.Event.Data}, {"event.metadata", t.Event.Metadata}, {"config", t.Config}, {"input", t.Input}} {
		if part.raw == nil {
			continue
		}
		var gate *payload.Error
		if err := payload.Check(part.raw, payload.DefaultLimits()); errors.As(err, &gate) {
			return nil, fmt.Errorf("its %s%s %s", part.name, gate.Pointer, gate.Reason)
		}
	}
	return e, nil
}
