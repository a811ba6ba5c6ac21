package routing

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Table is one tenant's rules, compiled. It never changes once made.
type Table struct {
	all    []*Rule // by name
	byName map[string]*Rule
	// The rules by their pattern: both names exact; the operation with a star; the
	// type with one.
	exact  map[pair]*bucket
	byType map[string][]pattern
	globs  []pattern
}

type pair struct{ typ, operation string }

// pattern is a bucket of rules whose pattern has a star.
type pattern struct {
	signalbox.Pattern
	*bucket
}

// Options are what a table is compiled with beside its rules.
type Options struct {
	Home     Home
	Previous *Table // rules whose version stands there are taken from it; may be nil
}

// Home is where a tenant's workflows live.
type Home struct {
	Namespace string // Temporal's, of rules that name none
	// Fenced tenants' rules start workflows there and nowhere else, and may name no
	// namespace but Own, the tenant's own; "" is none.
	Fenced bool
	Own    string
	// IDPrefix stands before every workflow id, where tenants share the namespace: what
	// one calls its workflows must never be what another does, or it would be answered
	// with the other's run, or end it (I3, I7).
	IDPrefix string
}

// Compile makes a table. Every fault of every rule is reported at once, as a
// CONFIGURATION error that names the rule.
func Compile(rules []signalbox.Rule, o Options) (*Table, error) {
	t := &Table{
		byName: make(map[string]*Rule, len(rules)),
		exact:  make(map[pair]*bucket), byType: make(map[string][]pattern),
	}
	var faults []error
	groups := make(map[signalbox.Pattern][]*Rule)
	for i := range rules {
		r := o.Previous.reuse(&rules[i], o.Home)
		if r == nil {
			var err error
			if r, err = CompileRule(rules[i], o.Home); err != nil {
				faults = append(faults, errors.New(signalbox.AsError(err).Message))
				continue
			}
		}
		if t.byName[r.Name] != nil {
			faults = append(faults, errors.New(`rule "`+r.Name+`" is there twice`))
			continue
		}
		t.byName[r.Name] = r
		t.all = append(t.all, r)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, &signalbox.Error{Code: signalbox.CodeConfiguration, Message: err.Error()}
	}
	slices.SortFunc(t.all, func(a, b *Rule) int { return cmp.Compare(a.Name, b.Name) })
	for _, r := range t.all {
		groups[r.On] = append(groups[r.On], r)
	}
	for on, group := range groups {
		b := newBucket(group)
		switch {
		case strings.Contains(on.Type, "*"):
			t.globs = append(t.globs, pattern{on, b})
		case strings.Contains(on.Operation, "*"):
			t.byType[on.Type] = append(t.byType[on.Type], pattern{on, b})
		default:
			t.exact[pair{on.Type, on.Operation}] = b
		}
	}
	return t, nil
}

// Rules lists the table's rules by name.
func (t *Table) Rules() []*Rule { return t.all }

// Rule finds a rule by its name; nil where there is none.
func (t *Table) Rule(name string) *Rule { return t.byName[name] }

// candidates lists the buckets of the patterns that fit the event.
func (t *Table) candidates(e *signalbox.Event) []*bucket {
	var found []*bucket
	if b := t.exact[pair{e.Type, e.Operation}]; b != nil {
		found = append(found, b)
	}
	for _, p := range t.byType[e.Type] {
		if signalbox.Glob(p.Operation, e.Operation) {
			found = append(found, p.bucket)
		}
	}
	for _, p := range t.globs {
		if signalbox.Glob(p.Type, e.Type) && signalbox.Glob(p.Operation, e.Operation) {
			found = append(found, p.bucket)
		}
	}
	return found
}

// Match asks the candidates: the rules whose pattern fits the event's type and
// operation. Those that the index rules out are not evaluated.
func (t *Table) Match(f *Facts) signalbox.Plan {
	v := &variables{facts: f}
	buckets := t.candidates(f.Event)
	looks := make([][]seen, len(buckets))
	var asked []*Rule
	size := 0
	for i, b := range buckets {
		looks[i] = b.look(v)
		asked = b.survivors(asked, looks[i])
		size += b.size
	}
	if size == 0 {
		return signalbox.Plan{}
	}
	slices.SortFunc(asked, func(a, b *Rule) int { return cmp.Compare(a.Name, b.Name) })

	plan := signalbox.Plan{Decisions: make([]signalbox.Decision, 0, min(size, min(len(asked), signalbox.MaxMisses)+signalbox.MaxMisses))}
	var misses []judgement
	for _, r := range asked {
		j := r.judge(v, false)
		if j.verdict == signalbox.VerdictFiltered {
			misses = append(misses, j)
			continue
		}
		d := j.decision(v)
		switch {
		case j.verdict == signalbox.VerdictMatched && r.State == signalbox.RuleShadow:
			d.Verdict, d.Reason = signalbox.VerdictShadow, passiveReasons[signalbox.RuleShadow]
		case j.verdict == signalbox.VerdictMatched:
			plan.Dispatches = append(plan.Dispatches, *j.start)
		}
		plan.Decisions = append(plan.Decisions, d)
	}
	slices.SortStableFunc(plan.Decisions, func(a, b signalbox.Decision) int { return rank(a.Verdict) - rank(b.Verdict) })

	slices.SortStableFunc(misses, func(a, b judgement) int { return a.failed - b.failed })
	near := len(misses) // those that missed by one clause come first
	for near > 0 && misses[near-1].failed > 1 {
		near--
	}
	most := len(plan.Decisions) + signalbox.MaxMisses
	missed := func(some []judgement) {
		for i := range some[:min(len(some), most-len(plan.Decisions))] {
			plan.Decisions = append(plan.Decisions, some[i].decision(v))
		}
	}
	missed(misses[:near])
	plan.Decisions = passedOver(plan.Decisions, most, buckets, looks, v)
	missed(misses[near:])
	for _, b := range buckets {
		plan.Decisions = append(plan.Decisions, b.switchedOff(most-len(plan.Decisions))...)
	}
	plan.Omitted = size - len(plan.Decisions)
	return plan
}

func rank(v signalbox.Verdict) int {
	switch v {
	case signalbox.VerdictMatched:
		return 0
	case signalbox.VerdictShadow:
		return 1
	default:
		return 2
	}
}

// passedOver adds decisions, up to most, on rules that the index has ruled out: all
// that is known of them is that they missed by one clause at least.
func passedOver(decisions []signalbox.Decision, most int, buckets []*bucket, looks [][]seen, v *variables) []signalbox.Decision {
	for i, b := range buckets {
		decisions = b.passedOver(decisions, most-len(decisions), looks[i], v)
	}
	return decisions
}
