package graph

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// ruleEditOf reads the arguments of createRule and updateRule.
func ruleEditOf(in *model.RuleInput, publish *bool, state *signalbox.RuleState, dryRun *bool) (signalbox.RuleEdit, error) {
	edit := signalbox.RuleEdit{Name: in.Name, Publish: orZero(publish), State: orZero(state), DryRun: orZero(dryRun)}
	if err := checkState(edit.State); err != nil {
		return edit, err
	}
	var err error
	edit.Definition, err = definitionIn(in)
	return edit, err
}

// checkState refuses the one state that nobody can ask for.
func checkState(state signalbox.RuleState) error {
	if state == signalbox.RuleDraft {
		return invalid("state is ENABLED, DISABLED or SHADOW: a rule is a DRAFT until it is published")
	}
	return nil
}

// definitionIn reads a RuleInput and reports all that cannot be read at once, by
// pointers from its root.
func definitionIn(in *model.RuleInput) (signalbox.RuleDefinition, error) {
	var faults faults
	d := signalbox.RuleDefinition{
		Description: orZero(in.Description), On: faults.pattern(in.On), When: orZero(in.When), Subjects: in.Subjects,
		Start: faults.start(in.Start),
	}
	if len(in.Tests) > maxBatch { // there may have been more: coerceList reads no further
		faults.add("/tests", "has too many tests: the limit is %d", maxBatch)
		return d, faults.err()
	}
	for i := range in.Tests {
		d.Tests = append(d.Tests, faults.test("/tests/"+strconv.Itoa(i), &in.Tests[i]))
	}
	return d, faults.err()
}

// faults gathers what is wrong with an input.
type faults []signalbox.Violation

func (f *faults) add(pointer, format string, args ...any) {
	*f = append(*f, signalbox.Violation{Pointer: pointer, Message: misfit(format, args...).reason})
}

// err is nil, or one error that names every fault.
func (f *faults) err() error { return signalbox.InvalidInput(*f) }

// value is a Map's text once it has passed the gate; nil where it was left out.
func (f *faults) value(pointer string, raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return nil
	}
	var gate *payload.Error
	switch err := payload.Check(raw, payload.DefaultLimits()); {
	case errors.As(err, &gate):
		f.add(pointer+gate.Pointer, "%s", gate.Reason)
	case !payload.IsObject(raw) && !payload.IsNull(raw):
		f.add(pointer, "is not an object: wrap the value in one")
	default:
		return raw
	}
	return nil
}

// object is value for places where null means the same as nothing.
func (f *faults) object(pointer string, raw json.RawMessage) json.RawMessage {
	if raw = f.value(pointer, raw); payload.IsNull(raw) {
		return nil
	}
	return raw
}

func (f *faults) pattern(on *model.RulePatternInput) signalbox.Pattern {
	p := signalbox.Pattern{Type: orZero(on.Type), Operation: orZero(on.Operation)}
	if on.Event == nil {
		return p
	}
	typ, operation, found := strings.Cut(*on.Event, ":")
	if !found {
		f.add("/on/event", `is not written as "type:operation"`)
	}
	if on.Type != nil || on.Operation != nil {
		f.add("/on/event", "says both type and operation: leave those out, or event")
	}
	return signalbox.Pattern{Type: typ, Operation: operation}
}

func (f *faults) start(in *model.RuleStartInput) signalbox.StartSpec {
	s := signalbox.StartSpec{
		Workflow: in.Workflow, TaskQueue: in.TaskQueue, Namespace: orZero(in.Namespace), ID: orZero(in.ID),
		Input: f.expressions("/start/input", in.Input), Memo: f.expressions("/start/memo", in.Memo),
		SearchAttributes: f.expressions("/start/searchAttributes", in.SearchAttributes),
	}
	s.ReusePolicy, s.ConflictPolicy = unless(in.ReusePolicy, signalbox.ReuseRejectDuplicate), unless(in.ConflictPolicy, signalbox.ConflictUseExisting)
	s.Priority = orZero(in.Priority)
	s.ExecutionTimeout, s.RunTimeout, s.TaskTimeout = orZero(in.ExecutionTimeout), orZero(in.RunTimeout), orZero(in.TaskTimeout)
	if r := in.Retry; r != nil {
		s.Retry = &signalbox.RetryPolicy{
			InitialInterval: orZero(r.InitialInterval), BackoffCoefficient: orZero(r.BackoffCoefficient),
			MaximumInterval: orZero(r.MaximumInterval), MaximumAttempts: orZero(r.MaximumAttempts),
			NonRetryableErrorTypes: r.NonRetryableErrorTypes,
		}
	}
	return s
}

// expressions reads a Map of which every member is text.
func (f *faults) expressions(pointer string, raw json.RawMessage) map[string]string {
	if raw = f.object(pointer, raw); raw == nil {
		return nil
	}
	all := map[string]string{}
	for name, value := range payload.Members(raw) {
		text, ok := payload.String(value)
		if !ok {
			f.add(pointer+"/"+segment(name), "is not a string: an expression is written as text")
			continue
		}
		all[name] = text
	}
	return all
}

func (f *faults) test(pointer string, in *model.RuleTestInput) signalbox.RuleTest {
	e := in.Event
	return signalbox.RuleTest{
		Name: in.Name, Expect: in.Expect, WorkflowID: orZero(in.WorkflowID),
		Config: f.object(pointer+"/config", in.Config), Input: f.object(pointer+"/input", in.Input),
		Event: signalbox.TestEvent{
			Type: orZero(e.Type), Operation: orZero(e.Operation), EntityID: orZero(e.ID),
			Data:   f.value(pointer+"/event/data", dataOf(e.Data)),
			Source: orZero(e.Source), Subject: orZero(e.Subject),
			Metadata:   f.object(pointer+"/event/metadata", e.Metadata),
			OccurredAt: orZero(e.OccurredAt), ReceivedAt: orZero(e.ReceivedAt),
		},
	}
}
