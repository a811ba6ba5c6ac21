package catalogue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Limits of a look at many stored events.
const (
	defaultScan = 10_000
	maxScan     = 100_000
	// maxPreview bounds a backtest of a rule that is slow to ask: 100,000 events of an
	// ordinary rule take some 3 s.
	maxPreview = time.Minute
)

// EventStore is where accepted events are read.
type EventStore interface {
	// Event is NOT_FOUND where the tenant has no such event.
	Event(ctx context.Context, tenant, id signalbox.ID) (*signalbox.StoredEvent, error)
	// ScanEvents hands the newest w.Limit stored events within w that fit any of the
	// patterns to page, newest first, and tells whether there were more.
	ScanEvents(ctx context.Context, tenant signalbox.ID, on []signalbox.Pattern, w signalbox.Window, page func([]signalbox.Event) error) (truncated bool, err error)
}

// Explainer asks rules about stored events. It starts nothing.
type Explainer struct {
	live  *Live
	store EventStore
}

// NewExplainer refuses a part that is missing.
func NewExplainer(live *Live, store EventStore) (*Explainer, error) {
	if live == nil || store == nil {
		return nil, errors.New("catalogue.NewExplainer: a part is missing")
	}
	return &Explainer{live, store}, nil
}

// Explain says everything of one event and one rule, in whatever state that is and
// whether or not it was a candidate. The rule and the tenant's configuration
// are as they are now; Stored is what was decided then.
func (x *Explainer) Explain(ctx context.Context, tenant, event signalbox.ID, rule string) (*signalbox.Explanation, error) {
	s, err := x.live.of(tenant)
	if err != nil {
		return nil, err
	}
	r, err := s.rule(rule)
	if err != nil {
		return nil, err
	}
	stored, err := x.store.Event(ctx, tenant, event)
	if err != nil {
		return nil, err
	}
	explanation := r.Explain(s.stored(&stored.Event))
	explanation.Stored = decisionOf(stored.Decisions, rule)
	for i := range stored.Dispatches {
		if stored.Dispatches[i].Rule == rule {
			explanation.Dispatch = &stored.Dispatches[i]
		}
	}
	return &explanation, nil
}

func decisionOf(decisions []signalbox.Decision, rule string) *signalbox.Decision {
	for i := range decisions {
		if decisions[i].Rule == rule {
			return &decisions[i]
		}
	}
	return nil
}

// rule finds a compiled rule; NOT_FOUND with suggestions otherwise.
func (s *snapshot) rule(name string) (*routing.Rule, error) {
	if r := s.table.Rule(name); r != nil {
		return r, nil
	}
	for _, f := range s.faults {
		if f.Rule == name {
			return nil, signalbox.Errorf(signalbox.CodeConfiguration, "%s", f.Reason)
		}
	}
	return nil, noRule(name, s.rules)
}

// checkWindow fills in the limit.
func checkWindow(w signalbox.Window) (signalbox.Window, error) {
	refuse := func(pointer, message string) (signalbox.Window, error) {
		return w, &signalbox.Error{
			Code: signalbox.CodeInvalidInput, Path: pointer, Message: dotted(pointer) + " " + message,
			Violations: []signalbox.Violation{{Pointer: pointer, Message: message}},
		}
	}
	switch {
	case w.Limit < 0 || w.Limit > maxScan:
		return refuse("/window/limit", fmt.Sprintf("is from 1 to %d events", maxScan))
	case !w.From.IsZero() && !w.Before.IsZero() && !w.From.Before(w.Before):
		return refuse("/window/from", "is not before the window's end: there can be no event within")
	case w.Limit == 0:
		w.Limit = defaultScan
	}
	return w, nil
}

// span keeps the times of the events that were looked at, which come newest first.
type span struct{ oldest, newest time.Time }

func (s *span) add(e *signalbox.Event) {
	s.oldest = e.ReceivedAt()
	if s.newest.IsZero() {
		s.newest = s.oldest
	}
}

// covers tells whether either of the rules, which may be nil, is on the event.
func covers(r *routing.Rule, e *signalbox.Event) bool {
	return r != nil && r.Covers(e.Type, e.Operation)
}

// patternsOf lists what rules are on, nil and repeated ones aside.
func patternsOf(rules ...*routing.Rule) []signalbox.Pattern {
	var on []signalbox.Pattern
	for _, r := range rules {
		if r != nil && (len(on) == 0 || on[0] != r.On) {
			on = append(on, r.On)
		}
	}
	return on
}

// draft compiles a definition that is to be tried, and holds it to the event types
// as they are; what is wrong with it is CONFIGURATION. Its tests are not run: to try
// it comes before that.
func (s *snapshot) draft(name string, d signalbox.RuleDefinition) (*routing.Rule, error) {
	if name == "" {
		name = "draft"
	}
	r, err := routing.CompileRule(signalbox.Rule{Name: name, State: signalbox.RuleDraft, RuleDefinition: d}, s.home)
	if err != nil {
		return nil, err
	}
	if faults := r.Check(shapesOf(s.types, d.On)); len(faults) > 0 {
		return nil, refusal(signalbox.CodeConfiguration, fmt.Sprintf("rule %q", name), faults)
	}
	return r, nil
}
