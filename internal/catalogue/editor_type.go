package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The stored events that a new schema is held against.
const (
	sampleEvents  = 1000
	sampleWindow  = 7 * 24 * time.Hour
	sampleTimeout = 5 * time.Second
)

// SaveEventType registers a pair or changes it. What is wrong with it is
// INVALID_INPUT with every violation, and so is a schema that breaks what stands,
// where the type's mode is BACKWARD.
func (e *Editor) SaveEventType(ctx context.Context, by signalbox.Principal, edit signalbox.EventTypeEdit) (*signalbox.EventTypeSaved, error) {
	var recent share
	if by.Permissions.Allow(signalbox.ActionReadEvents) { // a schema can ask for anything in them
		recent = e.sample(ctx, by.Tenant.ID, &edit.Type, edit.Schema) // before the tenant is locked
	}
	var before *signalbox.EventType
	var saved signalbox.EventTypeSaved
	stored, err := e.edit(ctx, by, edit.DryRun, func(t signalbox.Tenant, now signalbox.Catalogue) (signalbox.Catalogue, error) {
		now.Types = slices.Clone(now.Types)
		p := typePlan{edit: edit, tenant: t, now: &now, editor: e}
		faults, err := p.run()
		if err != nil {
			return now, err
		}
		if len(faults) > 0 {
			return now, refusal(signalbox.CodeInvalidInput, fmt.Sprintf("event type %q", edit.Type.Name()), faults)
		}
		before, saved = p.before, p.saved
		return now, nil
	})
	if err != nil {
		return nil, err
	}
	i := findType(stored.Types, &edit.Type)
	if i < 0 {
		return nil, fmt.Errorf("event type %s is not among what was stored", edit.Type.Name())
	}
	saved.Type = stored.Types[i]
	saved.Change = diffType(before, &saved.Type)
	recent.into(&saved)
	return &saved, nil
}

func findType(types []signalbox.EventType, t *signalbox.EventType) int {
	return slices.IndexFunc(types, func(other signalbox.EventType) bool { return pairOf(&other) == pairOf(t) })
}

// typePlan works out one edit of an event type, and puts it into now.
type typePlan struct {
	edit   signalbox.EventTypeEdit
	tenant signalbox.Tenant
	now    *signalbox.Catalogue
	editor *Editor

	rules map[string]*routing.Rule // compiled already, as they stand; nil keeps none

	before *signalbox.EventType
	saved  signalbox.EventTypeSaved // but for the type itself and what was sampled
}

func (p *typePlan) run() ([]signalbox.Violation, error) {
	wanted := p.edit.Type
	wanted.Schemas = nil
	i := findType(p.now.Types, &wanted)
	if i >= 0 {
		before := p.now.Types[i]
		p.before, wanted.Schemas = &before, slices.Clone(before.Schemas)
	}
	if wanted.Policy == "" {
		wanted.Policy = signalbox.PayloadReject
	}
	if wanted.Compatibility == "" {
		wanted.Compatibility = signalbox.CompatibilityNone
	}
	added := p.edit.Schema != nil && (wanted.Newest() == nil || !sameText(wanted.Newest().Text, p.edit.Schema))
	if added {
		wanted.Schemas = append(wanted.Schemas, signalbox.Schema{Version: len(wanted.Schemas) + 1, Text: p.edit.Schema})
	}
	faults := checkType(&wanted)
	for j := range p.now.Types {
		other := &p.now.Types[j]
		if wanted.DisplayName != "" && other.DisplayName == wanted.DisplayName && pairOf(other) != pairOf(&wanted) {
			faults = append(faults, signalbox.Violation{Pointer: "/displayName", Message: displayNameTaken(other)})
		}
		// A registered type comes before a display name, so neither may hide the other.
		if other.DisplayName == wanted.Type && pairOf(other) != pairOf(&wanted) {
			faults = append(faults, signalbox.Violation{Pointer: "/type", Message: "is the display name of " + other.Name() + ", which senders may use: take another name"})
		}
		if wanted.DisplayName != "" && other.Type == wanted.DisplayName && pairOf(other) != pairOf(&wanted) {
			faults = append(faults, signalbox.Violation{Pointer: "/displayName", Message: "is a registered type, " + other.Name() + ": take another name"})
		}
	}
	if i >= 0 {
		p.now.Types[i] = wanted
	} else {
		p.now.Types = append(p.now.Types, wanted)
	}
	if len(faults) > 0 {
		return faults, nil
	}
	p.saved.Warnings = eventtype.Lint(&wanted)
	if !added {
		return nil, nil
	}
	return p.compatible(&wanted)
}

// compatible finds what the new schema breaks, and answers it as faults where the
// type's mode refuses that.
func (p *typePlan) compatible(wanted *signalbox.EventType) ([]signalbox.Violation, error) {
	newer, err := eventtype.CompileSchema(wanted.Newest().Text)
	if err != nil {
		return nil, err
	}
	if p.before != nil && p.before.Newest() != nil {
		if older, err := eventtype.CompileSchema(p.before.Newest().Text); err == nil {
			p.saved.Breaks = eventtype.Breaks(older, newer)
		}
	}
	if p.saved.BrokenRules, err = p.brokenRules(wanted); err != nil {
		return nil, err
	}
	// To lift the mode and break it in one go would be no promise to producers.
	promised := wanted.Compatibility == signalbox.CompatibilityBackward || p.before != nil && p.before.Compatibility == signalbox.CompatibilityBackward
	refused := promised && !p.edit.AllowBreaking
	var faults []signalbox.Violation
	for _, b := range p.saved.Breaks {
		faults = append(faults, signalbox.Violation{Pointer: "/schema" + b.Pointer, Message: b.Message})
		p.warn(signalbox.WarnCompatibility, "/schema"+b.Pointer, b.Message+": payloads that version "+fmt.Sprint(p.before.Newest().Version)+" took may be refused")
	}
	for _, b := range p.saved.BrokenRules {
		message := fmt.Sprintf("breaks rule %q: %s", b.Rule, b.Reason)
		faults = append(faults, signalbox.Violation{Pointer: "/schema", Message: message})
		p.warn(signalbox.WarnRule, "/schema", message)
	}
	if !refused {
		return nil, nil
	}
	return faults, nil
}

func (p *typePlan) warn(code signalbox.WarningCode, pointer, message string) {
	p.saved.Warnings = append(p.saved.Warnings, signalbox.Warning{Code: code, Pointer: pointer, Message: message})
}

// brokenRules finds the rules that fit the newest schema up to now, and do not fit
// the new one. Each is held to one version alone: what a rule reads only of older
// events, it does not read of tomorrow's.
func (p *typePlan) brokenRules(wanted *signalbox.EventType) ([]signalbox.BrokenRule, error) {
	if p.before == nil {
		return nil, nil // no rule stands on it yet
	}
	today := signalbox.EventType{Type: wanted.Type, Operation: wanted.Operation}
	if p.before.Newest() != nil {
		today.Schemas = []signalbox.Schema{*p.before.Newest()}
	}
	tomorrow := today
	tomorrow.Schemas = []signalbox.Schema{*wanted.Newest()}
	before, err := eventtype.NewRegistry([]signalbox.EventType{today}, nil)
	if err != nil {
		return nil, nil //nolint:nilerr // what stands does not compile here, so nothing can be said of what fits it
	}
	after, err := eventtype.NewRegistry([]signalbox.EventType{tomorrow}, nil)
	if err != nil {
		return nil, err
	}
	c, err := p.editor.checker(p.tenant, nil)
	if err != nil {
		return nil, err
	}
	var broken []signalbox.BrokenRule
	for i := range p.now.Rules {
		r := &p.now.Rules[i]
		shapes := shapesOf(after, r.On)
		if len(shapes) == 0 {
			continue
		}
		compiled := p.compiled(c, r)
		if compiled == nil || len(compiled.Check(shapesOf(before, r.On))) > 0 {
			continue
		}
		if faults := compiled.Check(shapes); len(faults) > 0 {
			reasons := make([]string, len(faults))
			for j, f := range faults {
				reasons[j] = dotted(f.Pointer) + " " + f.Message
			}
			broken = append(broken, signalbox.BrokenRule{Rule: r.Name, Reason: strings.Join(reasons, "; ")})
		}
	}
	return broken, nil
}

// compiled is the checker's, once a rule for all the types of an edit.
func (p *typePlan) compiled(c *checker, r *signalbox.Rule) *routing.Rule {
	if p.rules == nil {
		return c.compiled(r)
	}
	compiled, known := p.rules[r.Name]
	if !known {
		compiled = c.compiled(r)
		p.rules[r.Name] = compiled
	}
	return compiled
}

// compiled gives a rule's compiled form, that in force where it is the same; nil
// where it has none.
func (c *checker) compiled(r *signalbox.Rule) *routing.Rule {
	if c.table != nil && r.Version != 0 {
		if known := c.table.Rule(r.Name); known != nil && known.Version == r.Version && sameDefinition(&known.RuleDefinition, &r.RuleDefinition) {
			return known
		}
	}
	compiled, err := routing.CompileRule(*r, c.home)
	if err != nil {
		return nil
	}
	return compiled
}

// sameText tells whether two JSON texts differ in no more than white space.
func sameText(a, b []byte) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return false
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}

// share is how recent events fare under a new schema.
type share struct {
	sampled int
	refused signalbox.Sample
	err     error
}

// sample holds the newest stored events of a pair against a schema that it is to
// have. It is advice: where it cannot be had, that is a warning.
func (e *Editor) sample(ctx context.Context, tenant signalbox.ID, t *signalbox.EventType, text []byte) share {
	var s share
	if text == nil {
		return s
	}
	schema, err := eventtype.CompileSchema(text)
	if err != nil {
		return s // the edit says so
	}
	ctx, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	w := signalbox.Window{From: e.cfg.Now().Add(-sampleWindow), Limit: sampleEvents}
	_, s.err = e.cfg.Store.ScanEvents(ctx, tenant, []signalbox.Pattern{pairOf(t)}, w, func(page []signalbox.Event) error {
		for i := range page {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.sampled++
			if len(schema.Validate(payload.Decode(page[i].Data))) > 0 {
				s.refused.Add(page[i].ID)
			}
		}
		return nil
	})
	return s
}

func (s share) into(saved *signalbox.EventTypeSaved) {
	saved.Sampled, saved.Refused = s.sampled, s.refused
	switch {
	case s.err != nil:
		saved.Warnings = append(saved.Warnings, signalbox.Warning{
			Code: signalbox.WarnCompatibility, Pointer: "/schema",
			Message: "how recent events fare under the schema could not be found out: " + signalbox.AsError(s.err).Message,
		})
	case s.refused.Count > 0:
		saved.Warnings = append(saved.Warnings, signalbox.Warning{
			Code: signalbox.WarnCompatibility, Pointer: "/schema",
			Message: fmt.Sprintf("of the newest %d events of the last 7 days, %d break the schema", s.sampled, s.refused.Count),
		})
	}
}
