package routing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Table is one tenant's rules, compiled. It never changes once made.
type Table struct {
	all   []*signalbox.Rule // by name
	exact map[pair][]*signalbox.Rule
	globs []*signalbox.Rule // by name
}

// Options are what a table is compiled with beside its rules.
type Options struct {
	Namespace string // of rules that name none
	Previous  *Table // compiled rules that are unchanged are taken from it; may be nil
}

// Facts are what rules are asked about. Event has its id and tenant.
type Facts struct {
	Event *signalbox.Event
	// Data is the event's data, decoded: objects as map[string]any, arrays as []any,
	// numbers as json.Number. nil where it is absent or null.
	Data any
	// Config is the tenant's, decoded likewise.
	Config any
	// Sensitive tells of a path below payload.data whether its value must not be
	// shown; nil: none but those of the deny-list.
	Sensitive func(path []string) bool
}

type pair struct{ typ, operation string }

// Compile makes a table. Every fault of every rule is reported at once, as a
// CONFIGURATION error that names the rule.
func Compile(rules []signalbox.Rule, o Options) (*Table, error) {
	t := &Table{exact: make(map[pair][]*signalbox.Rule)}
	var faults []error
	seen := make(map[string]bool)
	for _, r := range rules {
		if seen[r.Name] {
			faults = append(faults, fmt.Errorf("rule %q is there twice", r.Name))
		}
		seen[r.Name] = true
		faults = append(faults, check(&r)...)
		if r.Start.Namespace == "" {
			r.Start.Namespace = o.Namespace
		}
		t.all = append(t.all, &r)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, &signalbox.Error{Code: signalbox.CodeConfiguration, Message: err.Error()}
	}
	slices.SortFunc(t.all, byName)
	for _, r := range t.all {
		if strings.Contains(r.On.Type, "*") || strings.Contains(r.On.Operation, "*") {
			t.globs = append(t.globs, r)
		} else {
			key := pair{r.On.Type, r.On.Operation}
			t.exact[key] = append(t.exact[key], r)
		}
	}
	return t, nil
}

// Rules lists the table's rules by name.
func (t *Table) Rules() []*signalbox.Rule { return t.all }

// Match asks every candidate: the rules whose pattern fits the event's type and
// operation. The event must have its id and tenant.
func (t *Table) Match(f *Facts) signalbox.Plan {
	e := f.Event
	var plan signalbox.Plan
	for _, r := range t.candidates(e) {
		d := signalbox.Decision{Rule: r.Name, RuleVersion: r.Version, Verdict: signalbox.VerdictMatched}
		if r.State == signalbox.RuleDisabled {
			d.Verdict, d.Reason = signalbox.VerdictDisabled, "the rule is disabled"
		} else {
			plan.Dispatches = append(plan.Dispatches, dispatchFor(e, r))
		}
		plan.Decisions = append(plan.Decisions, d)
	}
	return plan
}

func (t *Table) candidates(e *signalbox.Event) []*signalbox.Rule {
	exact := t.exact[pair{e.Type, e.Operation}]
	found := exact
	for _, r := range t.globs {
		if globMatch(r.On.Type, e.Type) && globMatch(r.On.Operation, e.Operation) {
			found = append(found[:len(found):len(found)], r)
		}
	}
	if len(found) > len(exact) {
		slices.SortFunc(found, byName)
	}
	return found
}

// dispatchFor is the start that the rule calls for on the event. The workflow id
// names both, so that no other pair can have it (P-14, X-08).
func dispatchFor(e *signalbox.Event, r *signalbox.Rule) signalbox.Dispatch {
	return signalbox.Dispatch{
		ID:           signalbox.DispatchID(e.ID, r.Name),
		Tenant:       e.Tenant,
		EventID:      e.ID,
		Rule:         r.Name,
		RuleVersion:  r.Version,
		Namespace:    r.Start.Namespace,
		WorkflowType: r.Start.Workflow,
		WorkflowID:   r.Name + "/" + e.ID.String(),
		TaskQueue:    r.Start.TaskQueue,
		Options:      r.Start.StartOptions,
		Status:       signalbox.StatusPending,
	}
}

func byName(a, b *signalbox.Rule) int { return cmp.Compare(a.Name, b.Name) }

// globMatch tells whether name fits pattern, in which * stands for any run of
// characters. Linear but for backtracking to the newest star.
func globMatch(pattern, name string) bool {
	p, n := 0, 0
	star, resume := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
