package catalogue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// EditStore is where catalogues are changed.
type EditStore interface {
	Catalogue(ctx context.Context, tenant signalbox.ID) (signalbox.Catalogue, error)
	// Edit changes a tenant's catalogue in one transaction, under the tenant's lock. plan
	// is given what stands and answers the whole that is wanted; what is answered is
	// what is then stored, or with dryRun would be.
	// It is by's tenant, and by's actor that the audit log names.
	Edit(ctx context.Context, by signalbox.Principal, dryRun bool, plan func(t signalbox.Tenant, now signalbox.Catalogue) (signalbox.Catalogue, error)) (signalbox.Catalogue, error)
	// ScanEvents hands the newest w.Limit stored events within w that fit any of the
	// patterns to page, and tells whether there were more.
	ScanEvents(ctx context.Context, tenant signalbox.ID, on []signalbox.Pattern, w signalbox.Window, page func([]signalbox.Event) error) (truncated bool, err error)
}

// EditorConfig is what an Editor is made of. Live and Now may be left out.
type EditorConfig struct {
	Store EditStore
	// Live is told of each change, so that it is in force here before the caller
	// hears of it; the other replicas find it themselves. nil where nothing is live.
	Live   *Live
	Now    func() time.Time // nil is time.Now
	Logger *slog.Logger
}

// Editor changes what tenants have registered. Whatever is saved, by whomever, has
// passed the same checks: an expression that compiles, and fits the schemas of the
// types that its rule covers, within the cost limit; and the rule's own tests.
type Editor struct {
	cfg EditorConfig
}

// NewEditor refuses a config with a part missing.
func NewEditor(cfg EditorConfig) (*Editor, error) {
	if cfg.Store == nil || cfg.Logger == nil {
		return nil, errors.New("catalogue.NewEditor: a part of the config is missing")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Editor{cfg}, nil
}

// ExpandFields makes a JSON Schema of the short form, a JSON object of field name to
// type. What is wrong with it is INVALID_INPUT.
func (e *Editor) ExpandFields(fields []byte) ([]byte, error) { return eventtype.ExpandFields(fields) }

// SaveRule creates a rule or changes its definition. Published, the definition is
// the next version, and takes the place of a draft; else it waits as one. Drafts are
// checked as what is published is.
//
// A rule at fault is CONFIGURATION, with every violation pointing into the rule; a
// name that is taken INVALID_INPUT; one that is not there NOT_FOUND.
func (e *Editor) SaveRule(ctx context.Context, by signalbox.Principal, edit signalbox.RuleEdit) (*signalbox.RuleSaved, error) {
	if err := checkState(edit.State, edit.Publish); err != nil {
		return nil, err
	}
	return e.editRule(ctx, by, edit.Name, edit.DryRun, func(old *signalbox.Rule, now *signalbox.Catalogue) (signalbox.Rule, error) {
		switch {
		case edit.Create && old != nil:
			return signalbox.Rule{}, &signalbox.Error{
				Code: signalbox.CodeInvalidInput, Path: "/name", Message: fmt.Sprintf("there is a rule %q already: choose another name, or update that one", edit.Name),
				Violations: []signalbox.Violation{{Pointer: "/name", Message: "is taken"}},
			}
		case !edit.Create && old == nil:
			return signalbox.Rule{}, noRule(edit.Name, now.Rules)
		}
		r := signalbox.Rule{Name: edit.Name, State: signalbox.RuleDraft}
		if old != nil {
			r = *old
		}
		if edit.Publish {
			return publish(r, edit.Definition, edit.State), nil
		}
		switch {
		case r.State == signalbox.RuleDraft:
			r.RuleDefinition = edit.Definition
		case sameDefinition(&r.RuleDefinition, &edit.Definition):
			r.Draft = nil // what stands is what is wanted
		default:
			r.Draft = &edit.Definition
		}
		return r, nil
	})
}

// PublishRule makes a rule's draft its next version. "" keeps the rule's state,
// which is ENABLED at first. There being no draft is INVALID_INPUT.
func (e *Editor) PublishRule(ctx context.Context, by signalbox.Principal, name string, state signalbox.RuleState) (*signalbox.RuleSaved, error) {
	if err := checkState(state, true); err != nil {
		return nil, err
	}
	return e.editRule(ctx, by, name, false, func(old *signalbox.Rule, now *signalbox.Catalogue) (signalbox.Rule, error) {
		switch {
		case old == nil:
			return signalbox.Rule{}, noRule(name, now.Rules)
		case old.State == signalbox.RuleDraft:
			return publish(*old, old.RuleDefinition, state), nil
		case old.Draft != nil:
			return publish(*old, *old.Draft, state), nil
		}
		return signalbox.Rule{}, signalbox.Errorf(signalbox.CodeInvalidInput,
			"rule %q has no draft to publish: version %d is what it says; save a changed definition first", name, old.Version)
	})
}

// publish gives a rule a definition that is in force. The store counts its versions.
func publish(r signalbox.Rule, d signalbox.RuleDefinition, state signalbox.RuleState) signalbox.Rule {
	r.RuleDefinition, r.Draft = d, nil
	switch {
	case state != "":
		r.State = state
	case r.State == signalbox.RuleDraft:
		r.State = signalbox.RuleEnabled
	}
	return r
}

// SetRuleState switches a published rule on, off or into shadow. One that was
// never published is INVALID_INPUT.
func (e *Editor) SetRuleState(ctx context.Context, by signalbox.Principal, name string, state signalbox.RuleState) (*signalbox.RuleSaved, error) {
	if state == "" {
		state = "none"
	}
	if err := checkState(state, true); err != nil {
		return nil, err
	}
	return e.editRule(ctx, by, name, false, func(old *signalbox.Rule, now *signalbox.Catalogue) (signalbox.Rule, error) {
		switch {
		case old == nil:
			return signalbox.Rule{}, noRule(name, now.Rules)
		case old.State == signalbox.RuleDraft:
			return signalbox.Rule{}, signalbox.Errorf(signalbox.CodeInvalidInput, "rule %q is a draft that was never published: publish it first, in the state that it is to have", name)
		}
		r := *old
		r.State = state
		return r, nil
	})
}

// DeleteRule deletes a rule. Its versions stay, for the events that name them.
func (e *Editor) DeleteRule(ctx context.Context, by signalbox.Principal, name string) error {
	_, err := e.edit(ctx, by, false, func(_ signalbox.Tenant, now signalbox.Catalogue) (signalbox.Catalogue, error) {
		i := findRule(now.Rules, name)
		if i < 0 {
			return now, noRule(name, now.Rules)
		}
		now.Rules = slices.Delete(slices.Clone(now.Rules), i, i+1)
		return now, nil
	})
	return err
}

// checkState is nil for what a published rule's state may be set to.
func checkState(state signalbox.RuleState, published bool) error {
	message := ""
	switch state {
	case "":
	case signalbox.RuleEnabled, signalbox.RuleDisabled, signalbox.RuleShadow:
		if !published {
			message = "is for a rule that is published: publish it, or leave its state out"
		}
	default:
		message = "is ENABLED, DISABLED or SHADOW"
	}
	if message == "" {
		return nil
	}
	return &signalbox.Error{
		Code: signalbox.CodeInvalidInput, Path: "/state", Message: "state " + message,
		Violations: []signalbox.Violation{{Pointer: "/state", Message: message}},
	}
}

func findRule(rules []signalbox.Rule, name string) int {
	return slices.IndexFunc(rules, func(r signalbox.Rule) bool { return r.Name == name })
}

func noRule(name string, rules []signalbox.Rule) error {
	names := make([]string, len(rules))
	for i := range rules {
		names[i] = rules[i].Name
	}
	e := signalbox.Errorf(signalbox.CodeNotFound, "there is no such rule")
	if e.Suggestions = signalbox.Nearest(name, names); len(e.Suggestions) > 0 {
		e.Message += fmt.Sprintf(": did you mean %q?", e.Suggestions[0])
	}
	return e
}

// edit changes the catalogue, and has the change in force here before it answers.
func (e *Editor) edit(ctx context.Context, by signalbox.Principal, dryRun bool, plan func(signalbox.Tenant, signalbox.Catalogue) (signalbox.Catalogue, error)) (signalbox.Catalogue, error) {
	stored, err := e.cfg.Store.Edit(ctx, by, dryRun, plan)
	if err != nil || dryRun || e.cfg.Live == nil {
		return stored, err
	}
	if err := e.cfg.Live.Refresh(context.WithoutCancel(ctx)); err != nil {
		// It is saved; every replica, this one too, looks again within the second.
		e.cfg.Logger.Warn("a saved change is not in force here yet", "error", err)
	}
	return stored, nil
}

// editRule changes one rule, having checked what it is to be.
func (e *Editor) editRule(ctx context.Context, by signalbox.Principal, name string, dryRun bool, change func(old *signalbox.Rule, now *signalbox.Catalogue) (signalbox.Rule, error)) (*signalbox.RuleSaved, error) {
	var before *signalbox.Rule
	var saved signalbox.RuleSaved
	stored, err := e.edit(ctx, by, dryRun, func(t signalbox.Tenant, now signalbox.Catalogue) (signalbox.Catalogue, error) {
		before, saved = nil, signalbox.RuleSaved{}
		i := findRule(now.Rules, name)
		if i >= 0 {
			old := now.Rules[i]
			before = &old
		}
		wanted, err := change(before, &now)
		if err != nil {
			return now, err
		}
		c, err := e.checker(t, now.Types)
		if err != nil {
			return now, err
		}
		var faults []signalbox.Violation
		if saved.Warnings, faults = c.rule(before, wanted); len(faults) > 0 {
			return now, refusal(signalbox.CodeConfiguration, fmt.Sprintf("rule %q", name), faults)
		}
		now.Rules = slices.Clone(now.Rules)
		if i < 0 {
			now.Rules = append(now.Rules, wanted)
		} else {
			now.Rules[i] = wanted
		}
		return now, nil
	})
	if err != nil {
		return nil, err
	}
	i := findRule(stored.Rules, name)
	if i < 0 {
		return nil, fmt.Errorf("rule %s is not among what was stored", name)
	}
	saved.Rule = stored.Rules[i]
	saved.Change = diffRule(before, &saved.Rule)
	if e.cfg.Live != nil && !dryRun {
		if live, ok := e.cfg.Live.Rule(by.Tenant.ID, name); ok { // its namespace and counts filled in
			saved.Rule = live
		}
	}
	return &saved, nil
}

// checker holds rules to a tenant's event types.
type checker struct {
	home  routing.Home
	types *eventtype.Registry
	table *routing.Table // rules compiled already; may be nil
}

func (e *Editor) checker(t signalbox.Tenant, types []signalbox.EventType) (*checker, error) {
	c := &checker{home: homeOf(&t, "")}
	var previous *eventtype.Registry
	if e.cfg.Live != nil {
		previous, c.table = e.cfg.Live.registry(t.ID), e.cfg.Live.table(t.ID)
		c.home = homeOf(&t, e.cfg.Live.namespace)
	}
	var err error
	c.types, err = eventtype.NewRegistry(types, previous)
	return c, err
}

// rule checks all that is new in a rule: its draft, else its definition. A rule that
// only changes its state is checked too, and what is wrong with it by now is a
// warning: to switch it off must stay possible.
func (c *checker) rule(before *signalbox.Rule, wanted signalbox.Rule) ([]signalbox.Warning, []signalbox.Violation) {
	what := wanted
	if wanted.Draft != nil && (before == nil || before.Draft == nil || !sameDefinition(before.Draft, wanted.Draft)) {
		what.RuleDefinition = *wanted.Draft
	}
	what.Draft = nil
	compiled, faults := compileRule(what, c.home)
	var warnings []signalbox.Warning
	if compiled != nil {
		shapes := shapesOf(c.types, what.On)
		// The causes come before the tests that they fail.
		faults = append(compiled.Check(shapes), compiled.Test()...)
		if len(shapes) == 0 {
			warnings = append(warnings, c.fitsNothing(what.On))
		}
	}
	if before != nil && before.State != signalbox.RuleDraft && sameDraft(before.Draft, wanted.Draft) && sameDefinition(&before.RuleDefinition, &wanted.RuleDefinition) {
		for _, f := range faults {
			warnings = append(warnings, signalbox.Warning{Code: signalbox.WarnRule, Pointer: f.Pointer, Message: dotted(f.Pointer) + " " + f.Message})
		}
		faults = nil
	}
	return warnings, faults
}

// sameDraft tells whether what waits to be published is no other, or is withdrawn.
func sameDraft(before, wanted *signalbox.RuleDefinition) bool {
	return wanted == nil || before != nil && sameDefinition(before, wanted)
}

func (c *checker) fitsNothing(on signalbox.Pattern) signalbox.Warning {
	var names []string
	for _, t := range c.types.All() {
		names = append(names, t.Name())
	}
	w := signalbox.Warning{
		Code: signalbox.WarnRule, Pointer: "/on",
		Message: fmt.Sprintf("no registered event type fits %s:%s, so the rule matches nothing until one does", on.Type, on.Operation),
	}
	if near := signalbox.Nearest(on.Type+":"+on.Operation, names); len(near) > 0 {
		w.Message += fmt.Sprintf(": did you mean %q?", near[0])
	}
	return w
}
