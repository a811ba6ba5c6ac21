package routing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Rule is one rule, compiled. It never changes once made, and is safe for
// concurrent use.
type Rule struct {
	signalbox.Rule
	home      Home
	namespace string    // where it starts its workflow
	clauses   []*clause // its condition; all must hold
	start     start
}

// CompileRule compiles one rule. Every fault is reported at once, as a
// CONFIGURATION error whose violations point into the rule ("/when", "/start/id").
func CompileRule(r signalbox.Rule, home Home) (*Rule, error) {
	compiled := &Rule{Rule: r, home: home, namespace: home.Namespace}
	faults := check(&r)
	if named := r.Start.Namespace; named != "" {
		compiled.namespace = named
		if home.Fenced && named != home.Own {
			faults = append(faults, signalbox.Violation{Pointer: "/start/namespace", Message: "is not the tenant's own: leave it out, or have the operator give the tenant a namespace"})
		}
	}
	var more []signalbox.Violation
	compiled.clauses, more = compileCondition(&r.RuleDefinition)
	faults = append(faults, more...)
	compiled.start, more = compileStart(&r.Start)
	faults = append(faults, more...)
	if len(faults) > 0 {
		return nil, faulty(r.Name, faults)
	}
	return compiled, nil
}

// faulty is the error of a rule that cannot be taken.
func faulty(name string, faults []signalbox.Violation) error {
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = strings.TrimSpace(dotted(f.Pointer) + " " + f.Message)
	}
	return &signalbox.Error{
		Code: signalbox.CodeConfiguration, Path: faults[0].Pointer, Violations: faults,
		Message: fmt.Sprintf("rule %q: %s", name, strings.Join(lines, "; ")),
	}
}

// dotted is a pointer as people write it: start.id for /start/id.
func dotted(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// compileCondition makes the clauses of subjects and when.
func compileCondition(d *signalbox.RuleDefinition) ([]*clause, []signalbox.Violation) {
	var clauses []*clause
	var faults []signalbox.Violation
	if len(d.Subjects) > 0 {
		clauses = append(clauses, subjectsClause(d.Subjects))
	}
	when := strings.TrimSpace(d.When)
	if when == "" {
		return clauses, faults
	}
	whole, err := parse(when)
	if err != nil {
		return clauses, append(faults, signalbox.Violation{Pointer: "/when", Message: err.Error()})
	}
	if !mayBeTrue(whole) {
		return clauses, append(faults, signalbox.Violation{Pointer: "/when", Message: "is not a condition: it has to come to true or false"})
	}
	parts := conjuncts(when)
	fromWhen := make([]*clause, 0, len(parts))
	for _, part := range parts {
		c, err := newClause(part)
		if err != nil {
			// The split and CEL's grammar differ on this text: the whole is one clause.
			fromWhen = fromWhen[:0]
			break
		}
		fromWhen = append(fromWhen, c)
	}
	if len(fromWhen) == 0 {
		c, err := newClause(when)
		if err != nil {
			return clauses, append(faults, signalbox.Violation{Pointer: "/when", Message: err.Error()})
		}
		fromWhen = append(fromWhen, c)
	}
	return append(clauses, fromWhen...), faults
}

// active tells whether the rule is asked at all.
func (r *Rule) active() bool {
	return r.State == signalbox.RuleEnabled || r.State == signalbox.RuleShadow
}

// Covers tells whether the rule's pattern fits a type and an operation.
func (r *Rule) Covers(typ, operation string) bool {
	return r.On.Fits(typ, operation)
}

// Decide asks the rule about one event, whatever its state and pattern are: MATCHED
// with the start that it calls for, FILTERED or ERROR.
func (r *Rule) Decide(f *Facts) (signalbox.Decision, *signalbox.Dispatch) {
	v := &variables{facts: f}
	j := r.judge(v, false)
	return j.decision(v), j.start
}

func (r *Rule) decision(verdict signalbox.Verdict) signalbox.Decision {
	return signalbox.Decision{Rule: r.Name, RuleVersion: r.Version, Verdict: verdict, Clauses: len(r.clauses)}
}

// judgement is what a rule makes of an event, before anybody asks why.
type judgement struct {
	*Rule
	verdict signalbox.Verdict
	failed  int     // clauses that did not hold
	at      *clause // the first of them that the verdict stands on; nil where none did
	how     outcome // of that clause
	err     error   // why the start cannot be made, where every clause holds
	start   *signalbox.Dispatch
	took    time.Duration
	each    []outcome // of every clause, where they are kept
}

// judge holds the event to every clause. A clause that does not hold or reads what
// is missing makes the rule FILTERED, whatever the others are; else one that cannot
// be evaluated makes it an ERROR. A rule that has used up what it may cost is asked no
// further: its remaining clauses are errors.
func (r *Rule) judge(v *variables, keep bool) judgement {
	began := time.Now()
	v.cost = 0
	if v.until.IsZero() {
		v.until = began.Add(maxEventTime)
	}
	until := began.Add(maxRuleTime)
	if until.After(v.until) {
		until = v.until
	}
	j := judgement{Rule: r, verdict: signalbox.VerdictMatched}
	for i, c := range r.clauses {
		o := outcome{signalbox.ClauseError, tooSlow()}
		if i%16 != 0 && !c.counted || time.Now().Before(until) {
			o = c.ask(v)
		}
		if keep {
			j.each = append(j.each, o)
		}
		var verdict signalbox.Verdict
		switch o.result {
		case signalbox.ClauseTrue:
			continue
		case signalbox.ClauseError:
			verdict = signalbox.VerdictError
		default:
			verdict = signalbox.VerdictFiltered
		}
		j.failed++
		if j.at == nil || j.verdict == signalbox.VerdictError && verdict == signalbox.VerdictFiltered {
			j.at, j.how, j.verdict = c, o, verdict
		}
	}
	if j.at == nil {
		if j.start, j.err = r.dispatch(v); j.err != nil {
			j.verdict = signalbox.VerdictError
		}
	}
	j.took = time.Since(began)
	return j
}

// decision says why.
func (j *judgement) decision(v *variables) signalbox.Decision {
	d := j.Rule.decision(j.verdict)
	d.Failed, d.Micros = j.failed, int(j.took.Microseconds())
	switch {
	case j.at != nil:
		tell(&d, j.at, j.at.explain(v, j.how))
	case j.err != nil:
		d.Reason = j.err.Error()
	}
	return d
}

// tell puts into a decision how the clause at fault went.
func tell(d *signalbox.Decision, c *clause, how signalbox.Clause) {
	d.Clause, d.Path, d.Expected, d.Observed = c.short, how.Path, how.Expected, how.Observed
	if how.Result != signalbox.ClauseFalse || how.Path == "" {
		d.Reason = how.Reason
	}
}

// Explain says everything about the rule and one event, Stored and Dispatch aside.
func (r *Rule) Explain(f *Facts) signalbox.Explanation {
	v := &variables{facts: f}
	j := r.judge(v, true)
	x := signalbox.Explanation{
		Rule: r.Name, Version: r.Version, State: r.State, Decision: j.decision(v),
		Candidate: r.Covers(f.Event.Type, f.Event.Operation),
	}
	for i, c := range r.clauses {
		x.Clauses = append(x.Clauses, c.explain(v, j.each[i]))
	}
	x.Reason = r.sumUp(&x, f.Event)
	return x
}

func (r *Rule) sumUp(x *signalbox.Explanation, e *signalbox.Event) string {
	if !x.Candidate {
		return fmt.Sprintf("the rule is on %s:%s, the event is %s:%s", r.On.Type, r.On.Operation, e.Type, e.Operation)
	}
	says := x.Decision.Sentence()
	if x.Decision.Verdict == signalbox.VerdictMatched {
		says = "every clause holds"
		if len(r.clauses) == 0 {
			says = "the rule has no condition"
		}
	}
	switch r.State {
	case signalbox.RuleDisabled, signalbox.RuleDraft, signalbox.RuleShadow:
		return says + "; but " + passiveReasons[r.State]
	default:
		return says
	}
}

// passiveReasons say why a rule starts nothing though nothing in it says no.
var passiveReasons = map[signalbox.RuleState]string{
	signalbox.RuleDisabled: "the rule is disabled",
	signalbox.RuleDraft:    "the rule is a draft that has never been published",
	signalbox.RuleShadow:   "the rule is in shadow: it is evaluated and recorded, and starts nothing",
}

// reuse gives the compiled form of r that stands already, where nothing has changed
// that it was compiled from.
func (t *Table) reuse(r *signalbox.Rule, home Home) *Rule {
	if t == nil || r.Version == 0 {
		return nil
	}
	old := t.byName[r.Name]
	if old == nil || old.Version != r.Version {
		return nil
	}
	if old.home != home {
		return nil
	}
	if old.State == r.State && old.UpdatedAt.Equal(r.UpdatedAt) {
		return old
	}
	fresh := *old
	fresh.Rule = *r
	return &fresh
}

// Test runs the rule's own tests, and answers a violation for each that fails.
func (r *Rule) Test() []signalbox.Violation {
	var failures []signalbox.Violation
	for i := range r.Tests {
		if err := r.runTest(&r.Tests[i]); err != nil {
			failures = append(failures, signalbox.Violation{Pointer: fmt.Sprintf("/tests/%d", i), Message: fmt.Sprintf("%q fails: %s", r.Tests[i].Name, err)})
		}
	}
	return slices.Clip(failures)
}

// Namespace is where the rule starts its workflow.
func (r *Rule) Namespace() string { return r.namespace }
