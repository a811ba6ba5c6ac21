package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// snapshot is one tenant's catalogue at one revision, compiled. It never changes
// once made, its counters aside, which are handed on from one to the next.
type snapshot struct {
	tenant signalbox.Tenant
	home   routing.Home
	config any // the tenant's, decoded
	types  *eventtype.Registry
	rules  []signalbox.Rule // as they are registered, by name
	table  *routing.Table
	counts map[string]*counts
	faults []signalbox.BrokenRule
}

// counts are of one rule, by its name.
type counts struct{ matched, errors atomic.Uint64 }

// newSnapshot compiles a catalogue. What does not compile, because a newer binary
// has saved it, holds up nothing else: of such a rule the version stays in force
// that before has, or none; such a schema version is passed over, so that events
// are held to the one before it and say so. Both are listed in faults. (To keep the
// whole of before instead would cut this replica off from every later change, and a
// replica that starts anew would serve nobody.)
func newSnapshot(tenant signalbox.Tenant, registered signalbox.Catalogue, home routing.Home, before *snapshot) *snapshot {
	if set := registered.Settings; set != nil {
		// Of one reading with the rules: the tenant's own may be older.
		tenant.Config, tenant.UnknownNames = set.Config, set.UnknownNames
	}
	s := &snapshot{
		tenant: tenant, home: home, config: payload.Decode(tenant.Config),
		rules: slices.Clone(registered.Rules), counts: make(map[string]*counts, len(registered.Rules)),
	}
	slices.SortFunc(s.rules, func(a, b signalbox.Rule) int { return cmp.Compare(a.Name, b.Name) })
	if before == nil {
		before = &snapshot{}
	}
	for _, r := range s.rules {
		s.counts[r.Name] = before.counts[r.Name]
		if s.counts[r.Name] == nil {
			s.counts[r.Name] = new(counts)
		}
	}
	s.compileTypes(registered.Types, before.types)
	s.compileRules(before.table)
	return s
}

func (s *snapshot) compileTypes(types []signalbox.EventType, previous *eventtype.Registry) {
	var err error
	if s.types, err = eventtype.NewRegistry(types, previous); err == nil {
		return
	}
	sound := slices.Clone(types)
	for i := range sound {
		t := &sound[i]
		all := t.Schemas
		t.Schemas = nil
		for _, schema := range all {
			if _, err := eventtype.CompileSchema(schema.Text); err != nil {
				s.fault(fmt.Sprintf("%s schema version %d", t.Name(), schema.Version), err)
				continue
			}
			t.Schemas = append(t.Schemas, schema)
		}
	}
	if s.types, err = eventtype.NewRegistry(sound, previous); err != nil {
		s.fault("event types", err)
		s.types = previous
		if s.types == nil {
			s.types, _ = eventtype.NewRegistry(nil, nil)
		}
	}
}

func (s *snapshot) compileRules(previous *routing.Table) {
	options := routing.Options{Home: s.home, Previous: previous}
	var err error
	if s.table, err = routing.Compile(s.rules, options); err == nil {
		return
	}
	sound := make([]signalbox.Rule, 0, len(s.rules))
	for _, r := range s.rules {
		_, err := routing.CompileRule(r, s.home)
		if err == nil {
			sound = append(sound, r)
			continue
		}
		s.fault(r.Name, err)
		if previous != nil && previous.Rule(r.Name) != nil {
			sound = append(sound, previous.Rule(r.Name).Rule)
		}
	}
	if s.table, err = routing.Compile(sound, options); err != nil {
		s.fault("rules", err)
		s.table = previous
		if s.table == nil {
			s.table, _ = routing.Compile(nil, options)
		}
	}
}

func (s *snapshot) fault(what string, err error) {
	s.faults = append(s.faults, signalbox.BrokenRule{Rule: what, Reason: signalbox.AsError(err).Message})
}

// facts are what rules are asked about e, data and sensitive being of its schema.
func (s *snapshot) facts(e *signalbox.Event, data any, sensitive func([]string) bool) *routing.Facts {
	return &routing.Facts{Event: e, Data: data, Config: s.config, Sensitive: sensitive}
}

// stored are the facts of an event that was accepted some time ago. What is
// sensitive in it is for all of its type's schemas to say.
func (s *snapshot) stored(e *signalbox.Event) *routing.Facts {
	return s.facts(e, payload.Decode(e.Data), s.types.Sensitive(e.Type, e.Operation))
}

func (s *snapshot) plan(e *signalbox.Event, may eventtype.May) (signalbox.Plan, error) {
	checked, err := s.types.Check(e, s.tenant.UnknownNames, may)
	if err != nil {
		return signalbox.Plan{}, err
	}
	plan := s.table.Match(s.facts(e, checked.Data, checked.Sensitive))
	plan.Warnings = checked.Warnings
	return plan, nil
}

// count takes note of decisions.
func (s *snapshot) count(decisions []signalbox.Decision) {
	for i := range decisions {
		d := &decisions[i]
		c := s.counts[d.Rule]
		if c == nil {
			continue
		}
		switch d.Verdict {
		case signalbox.VerdictMatched, signalbox.VerdictShadow:
			c.matched.Add(1)
		case signalbox.VerdictError:
			c.errors.Add(1)
		case signalbox.VerdictFiltered, signalbox.VerdictDisabled:
		}
	}
}

// index finds a registered rule.
func (s *snapshot) index(name string) (int, bool) {
	return slices.BinarySearchFunc(s.rules, name, func(r signalbox.Rule, name string) int { return cmp.Compare(r.Name, name) })
}

// named is a registered rule with its namespace filled in.
func (s *snapshot) named(r signalbox.Rule) signalbox.Rule {
	if r.Start.Namespace == "" {
		r.Start.Namespace = s.home.Namespace
	}
	if c := s.counts[r.Name]; c != nil {
		r.Counts = signalbox.RuleCounts{Matched: c.matched.Load(), Errors: c.errors.Load()}
	}
	return r
}
