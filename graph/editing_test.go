package graph_test

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// editing stands for the dry run, the editors, the explainer and the history. It
// remembers what it was asked; refuse, where it is set, is what it answers.
type editing struct {
	mu     sync.Mutex // queries of one document are asked side by side
	asked  []asked
	refuse error
	test   *ingest.TestResult
}

// asked is one call and its arguments, without the tenant.
type asked struct {
	Method string `json:"method"`
	Args   []any  `json:"args"`
}

func (e *editing) ask(of signalbox.ID, method string, args ...any) error {
	if of != tenant {
		panic("the call is for another tenant")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, asked{method, args})
	return e.refuse
}

func (e *editing) Test(_ context.Context, p signalbox.Principal, in ingest.Input) (*ingest.TestResult, error) {
	if err := e.ask(p.Tenant.ID, "Test", sentOf(&in)); err != nil {
		return nil, err
	}
	if e.test == nil {
		return &ingest.TestResult{Outcome: signalbox.OutcomeNoRule}, nil
	}
	return e.test, nil
}

func (e *editing) SaveRule(_ context.Context, by signalbox.Principal, edit signalbox.RuleEdit) (*signalbox.RuleSaved, error) {
	if err := e.ask(by.Tenant.ID, "SaveRule", edit); err != nil {
		return nil, err
	}
	rule := signalbox.Rule{Name: edit.Name, State: signalbox.RuleDraft, RuleDefinition: edit.Definition, UpdatedAt: moment}
	return saved(rule, signalbox.Created), nil
}

func saved(rule signalbox.Rule, action signalbox.ChangeAction) *signalbox.RuleSaved {
	return &signalbox.RuleSaved{
		Rule: rule, Change: signalbox.Change{Kind: "rule", Name: rule.Name, Action: action, Details: []string{`when: "a" → "b"`}},
		Warnings: []signalbox.Warning{{Code: signalbox.WarnRule, Pointer: "/on", Message: "no registered type fits"}},
	}
}

func (e *editing) PublishRule(_ context.Context, by signalbox.Principal, name string, state signalbox.RuleState) (*signalbox.RuleSaved, error) {
	if err := e.ask(by.Tenant.ID, "PublishRule", name, state); err != nil {
		return nil, err
	}
	return saved(signalbox.Rule{Name: name, Version: 3, State: signalbox.RuleEnabled}, signalbox.Changed), nil
}

func (e *editing) SetRuleState(_ context.Context, by signalbox.Principal, name string, state signalbox.RuleState) (*signalbox.RuleSaved, error) {
	if err := e.ask(by.Tenant.ID, "SetRuleState", name, state); err != nil {
		return nil, err
	}
	return saved(signalbox.Rule{Name: name, Version: 3, State: state}, signalbox.Unchanged), nil
}

func (e *editing) DeleteRule(_ context.Context, by signalbox.Principal, name string) error {
	return e.ask(by.Tenant.ID, "DeleteRule", name)
}

func (e *editing) SaveEventType(_ context.Context, by signalbox.Principal, edit signalbox.EventTypeEdit) (*signalbox.EventTypeSaved, error) {
	if err := e.ask(by.Tenant.ID, "SaveEventType", edit.Type, json.RawMessage(edit.Schema), edit.AllowBreaking, edit.DryRun); err != nil {
		return nil, err
	}
	typ := edit.Type
	if edit.Schema != nil {
		typ.Schemas = []signalbox.Schema{{Version: 1, Text: edit.Schema}}
	}
	return &signalbox.EventTypeSaved{
		Type: typ, Change: signalbox.Change{Action: signalbox.Created},
		Warnings:    []signalbox.Warning{{Code: signalbox.WarnNaming, Pointer: "/type", Message: "has capitals"}},
		Breaks:      []signalbox.Violation{{Pointer: "/current", Message: "is required now"}},
		BrokenRules: []signalbox.BrokenRule{{Rule: "reorder", Reason: "payload.data.total is not in the schema"}},
		Sampled:     40, Refused: signalbox.Sample{Count: 2, IDs: []signalbox.ID{eventID(1), eventID(2)}},
	}, nil
}

func (e *editing) ExpandFields(fields []byte) ([]byte, error) {
	return []byte(`{"expanded":` + string(fields) + `}`), e.refuse
}

func (e *editing) Explain(_ context.Context, tenant, event signalbox.ID, rule string) (*signalbox.Explanation, error) {
	if err := e.ask(tenant, "Explain", event, rule); err != nil {
		return nil, err
	}
	sent := accepted(1, &ingest.Input{Type: "inventory", Operation: "low_stock_alert", EntityID: "item-42"})
	return &signalbox.Explanation{
		Rule: rule, Version: 4, State: signalbox.RuleShadow, Candidate: true, Reason: "the rule would not match now: payload.data.total is 40",
		Decision: miss, Stored: &sent.Event.Decisions[0], Dispatch: &sent.Dispatches[0],
		Clauses: []signalbox.Clause{
			{Text: `payload.data.warehouse == "w1"`, Result: signalbox.ClauseTrue, Path: "payload.data.warehouse", Expected: `== "w1"`, Observed: `"w1"`},
			{Text: "payload.data.total > 100", Result: signalbox.ClauseFalse, Path: "payload.data.total", Expected: "> 100", Observed: "40", Reason: "payload.data.total is 40"},
			{Text: "payload.data.vip", Result: signalbox.ClauseMissing, Path: "payload.data.vip", Reason: "payload.data.vip is missing"},
			{Text: "1 / payload.data.none > 0", Result: signalbox.ClauseError, Reason: "division by zero"},
		},
	}, nil
}

func (e *editing) Preview(_ context.Context, tenant signalbox.ID, name string, draft signalbox.RuleDefinition, w signalbox.Window) (*signalbox.Preview, error) {
	if err := e.ask(tenant, "Preview", name, draft, w); err != nil {
		return nil, err
	}
	p := &signalbox.Preview{
		Scanned: 100, Oldest: moment, Newest: moment.Add(time.Hour), Truncated: true, Matched: 12,
		FirstError: "payload.data.total is no number", Took: 1500 * time.Millisecond,
	}
	p.NewlyMatched.Add(eventID(1))
	p.NoLonger.Add(eventID(2))
	p.Errors.Add(eventID(3))
	p.Errors.Add(eventID(4))
	return p, nil
}

func (e *editing) Compare(_ context.Context, tenant signalbox.ID, shadow, enabled string, w signalbox.Window) (*signalbox.Comparison, error) {
	if err := e.ask(tenant, "Compare", shadow, enabled, w); err != nil {
		return nil, err
	}
	c := &signalbox.Comparison{Both: 7, Took: 20 * time.Millisecond}
	c.OnlyShadow.Add(eventID(1))
	c.OnlyEnabled.Add(eventID(2))
	c.ShadowErrors.Add(eventID(3))
	c.EnabledErrors.Add(eventID(4))
	return c, nil
}

func (e *editing) RuleVersions(_ context.Context, tenant signalbox.ID, name string) ([]signalbox.RuleVersion, error) {
	if err := e.ask(tenant, "RuleVersions", name); err != nil {
		return nil, err
	}
	return []signalbox.RuleVersion{
		{Rule: name, Version: 2, RuleDefinition: wholeRule().RuleDefinition, CreatedAt: moment},
		{Rule: name, Version: 1, CreatedAt: moment.Add(-time.Hour)},
	}, nil
}

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// miss is a decision with everything that one can have.
var miss = signalbox.Decision{
	Rule: "big-orders", RuleVersion: 4, Verdict: signalbox.VerdictFiltered, Reason: "payload.data.total is 40",
	Clause: "payload.data.total > 100", Path: "payload.data.total", Expected: "> 100", Observed: "40", Failed: 1, Clauses: 3, Micros: 17,
}

// wholeRule has everything that a rule can have.
func wholeRule() signalbox.Rule {
	return signalbox.Rule{
		Name: "reorder", Version: 2, State: signalbox.RuleEnabled, UpdatedAt: moment,
		RuleDefinition: signalbox.RuleDefinition{
			Description: "Orders more.", On: signalbox.Pattern{Type: "inventory", Operation: "*"}, When: "payload.data.current < 5",
			Subjects: []string{"warehouse-1"},
			Start: signalbox.StartSpec{
				Workflow: "ReorderStock", TaskQueue: "main", Namespace: "default", ID: `"reorder-" + payload.id`,
				Input: map[string]string{"item": "payload.id", "at": "now"}, Memo: map[string]string{"who": "event.source"},
				SearchAttributes: map[string]string{"Item": "payload.id"},
				StartOptions: signalbox.StartOptions{
					ReusePolicy: signalbox.ReuseAllowFailedOnly, ConflictPolicy: signalbox.ConflictFail,
					ExecutionTimeout: 90 * time.Minute, RunTimeout: time.Hour, TaskTimeout: 10 * time.Second, Priority: 2,
					Retry: &signalbox.RetryPolicy{
						InitialInterval: 1500 * time.Millisecond, BackoffCoefficient: 1.5, MaximumInterval: 24 * time.Hour,
						MaximumAttempts: 3, NonRetryableErrorTypes: []string{"BadItem"},
					},
				},
			},
			Tests: []signalbox.RuleTest{{
				Name: "low", Config: json.RawMessage(`{"limit":1.00}`), Expect: signalbox.VerdictMatched, WorkflowID: "reorder-1",
				Input: json.RawMessage(`{"item":"1"}`),
				Event: signalbox.TestEvent{
					Type: "inventory", Operation: "low_stock_alert", EntityID: "1", Data: json.RawMessage(`{"current":12345678901234567890.10}`),
					Source: "erp", Subject: "warehouse-1", Metadata: json.RawMessage(`{"n":0.10}`), OccurredAt: moment, ReceivedAt: moment,
				},
			}},
		},
		Draft: &signalbox.RuleDefinition{On: signalbox.Pattern{Type: "inventory", Operation: "low_*"}, Start: signalbox.StartSpec{Workflow: "W", TaskQueue: "q"}},
	}
}
