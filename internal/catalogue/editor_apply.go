package catalogue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// maxSampled bounds the types of one file whose recent events are looked at.
const maxSampled = 50

// Apply lays a file's content over what a tenant has registered: all of it, in one
// transaction, or nothing. What the content does not name stays as it is; a state
// that it leaves out is kept, and DRAFT saves a definition without publishing it.
//
// Every fault is answered, each an error of its own within one that joins them.
func (e *Editor) Apply(ctx context.Context, by signalbox.Principal, content signalbox.Catalogue, dryRun bool) ([]signalbox.Change, []signalbox.Warning, error) {
	shares, err := e.samples(ctx, by.Tenant.ID, content.Types)
	if err != nil {
		return nil, nil, err
	}
	var a application
	stored, err := e.edit(ctx, by, dryRun, func(t signalbox.Tenant, now signalbox.Catalogue) (signalbox.Catalogue, error) {
		a = application{editor: e, tenant: t, content: content, before: now, shares: shares}
		return a.plan()
	})
	if err != nil {
		return nil, nil, err
	}
	return a.changes(&stored), a.warnings, nil
}

// samples looks at recent events of the types whose schema is to change.
func (e *Editor) samples(ctx context.Context, tenant signalbox.ID, types []signalbox.EventType) (map[signalbox.Pattern]share, error) {
	now, err := e.cfg.Store.Catalogue(ctx, tenant)
	if err != nil {
		return nil, err
	}
	shares := make(map[signalbox.Pattern]share)
	for i := range types {
		t := &types[i]
		wanted := t.Newest()
		if wanted == nil || len(shares) == maxSampled {
			continue
		}
		j := findType(now.Types, t)
		if j < 0 {
			continue // nobody can have sent any, or only as unknown names
		}
		if newest := now.Types[j].Newest(); newest != nil && sameText(newest.Text, wanted.Text) {
			continue
		}
		shares[pairOf(t)] = e.sample(ctx, tenant, t, wanted.Text)
	}
	return shares, nil
}

// application is one content on its way into a catalogue.
type application struct {
	editor   *Editor
	tenant   signalbox.Tenant
	content  signalbox.Catalogue
	before   signalbox.Catalogue
	compiled map[string]*routing.Rule // as they are to be, each once
	shares   map[signalbox.Pattern]share
	warnings []signalbox.Warning
	faults   []error
}

// plan answers the whole catalogue that is wanted.
func (a *application) plan() (signalbox.Catalogue, error) {
	now := signalbox.Catalogue{
		Types: slices.Clone(a.before.Types), Rules: slices.Clone(a.before.Rules), Settings: a.settings(),
	}
	a.compiled = make(map[string]*routing.Rule)
	changed := a.mergeRules(&now) // first: a schema breaks rules as they are to be
	for i := range a.content.Types {
		if err := a.eventType(&now, &a.content.Types[i]); err != nil {
			return now, err
		}
	}
	if len(a.faults) == 0 { // else rules would be blamed for their types' faults
		if err := a.checkRules(&now, changed); err != nil {
			return now, err
		}
	}
	return now, errors.Join(a.faults...)
}

func (a *application) refuse(code signalbox.Code, what string, faults []signalbox.Violation) {
	for _, f := range faults {
		a.faults = append(a.faults, refusal(code, what, []signalbox.Violation{f}))
	}
}

// settings are what stands with what the content says over it; nil for no change.
func (a *application) settings() *signalbox.TenantSettings {
	if a.content.Settings == nil {
		return nil
	}
	s := *a.content.Settings
	a.refuse(signalbox.CodeInvalidInput, "tenant", checkSettings(&s))
	if s.Config == nil {
		s.Config = a.tenant.Config
	}
	if s.UnknownNames == "" {
		s.UnknownNames = a.tenant.UnknownNames
	}
	return &s
}

func (a *application) eventType(now *signalbox.Catalogue, t *signalbox.EventType) error {
	edit := signalbox.EventTypeEdit{Type: *t}
	if newest := t.Newest(); newest != nil {
		edit.Schema = newest.Text
	}
	p := typePlan{edit: edit, tenant: a.tenant, now: now, editor: a.editor, rules: a.compiled}
	faults, err := p.run()
	if err != nil {
		return err
	}
	what := fmt.Sprintf("event type %q", t.Name())
	a.refuse(signalbox.CodeInvalidInput, what, faults)
	a.shares[pairOf(t)].into(&p.saved)
	a.warn(what, p.saved.Warnings)
	return nil
}

// warn keeps warnings, which no longer have one root, under the name of their thing.
func (a *application) warn(what string, warnings []signalbox.Warning) {
	for _, w := range warnings {
		w.Message = what + ": " + w.Message
		a.warnings = append(a.warnings, w)
	}
}

// changedRule is a rule of the content that differs from what stands.
type changedRule struct {
	before *signalbox.Rule
	after  int // where it is in the catalogue
}

// mergeRules puts the content's rules into now.
func (a *application) mergeRules(now *signalbox.Catalogue) []changedRule {
	places := make(map[string]int, len(now.Rules))
	for i := range now.Rules {
		places[now.Rules[i].Name] = i
	}
	var changed []changedRule
	for _, r := range a.content.Rules {
		i, there := places[r.Name]
		if !there {
			if r.State != signalbox.RuleDraft {
				r = publish(signalbox.Rule{Name: r.Name, State: signalbox.RuleDraft}, r.RuleDefinition, r.State)
			}
			places[r.Name] = len(now.Rules)
			changed = append(changed, changedRule{nil, len(now.Rules)})
			now.Rules = append(now.Rules, r)
			continue
		}
		old := now.Rules[i]
		wanted := old
		same := sameDefinition(&old.RuleDefinition, &r.RuleDefinition)
		switch {
		case r.State == signalbox.RuleDraft && old.State == signalbox.RuleDraft:
			wanted.RuleDefinition = r.RuleDefinition
		case r.State == signalbox.RuleDraft && same:
			wanted.Draft = nil
		case r.State == signalbox.RuleDraft:
			wanted.Draft = &r.RuleDefinition
		case same && old.State != signalbox.RuleDraft: // its draft, if it has one, still waits
			if r.State != "" {
				wanted.State = r.State
			}
		default:
			wanted = publish(old, r.RuleDefinition, r.State)
		}
		now.Rules[i] = wanted
		if diffRule(&old, &wanted).Action != signalbox.Unchanged {
			changed = append(changed, changedRule{&old, i})
		}
	}
	return changed
}

// checkRules checks what has changed against the types as they are to be.
func (a *application) checkRules(now *signalbox.Catalogue, changed []changedRule) error {
	c, err := a.editor.checker(a.tenant, now.Types)
	if err != nil {
		return err
	}
	for _, one := range changed {
		r := now.Rules[one.after]
		what := fmt.Sprintf("rule %q", r.Name)
		warnings, faults := c.rule(one.before, r)
		a.warn(what, warnings)
		a.refuse(signalbox.CodeConfiguration, what, faults)
	}
	return nil
}

// changes says what became of everything that the content names.
func (a *application) changes(stored *signalbox.Catalogue) []signalbox.Change {
	var changes []signalbox.Change
	if a.content.Settings != nil {
		changes = append(changes, diffTenant(a.tenant.Slug, a.before.Settings, stored.Settings))
	}
	for i := range a.content.Types {
		t := &a.content.Types[i]
		var before *signalbox.EventType
		if j := findType(a.before.Types, t); j >= 0 {
			before = &a.before.Types[j]
		}
		if j := findType(stored.Types, t); j >= 0 {
			changes = append(changes, diffType(before, &stored.Types[j]))
		}
	}
	before, after := rulesByName(a.before.Rules), rulesByName(stored.Rules)
	for i := range a.content.Rules {
		name := a.content.Rules[i].Name
		changes = append(changes, diffRule(before[name], after[name]))
	}
	return changes
}

func rulesByName(rules []signalbox.Rule) map[string]*signalbox.Rule {
	m := make(map[string]*signalbox.Rule, len(rules))
	for i := range rules {
		m[rules[i].Name] = &rules[i]
	}
	return m
}
