package routing

import "github.com/signalbox/signalbox/internal/signalbox"

// Rule is one rule, compiled. It never changes once made, and is safe for
// concurrent use.
type Rule struct {
	signalbox.Rule
}

// CompileRule compiles one rule. Every fault is reported at once, as a
// CONFIGURATION error whose violations point into the rule ("/when", "/start/id").
// namespace is where it starts its workflow if it names none.
func CompileRule(r signalbox.Rule, namespace string) (*Rule, error) {
	panic("to come")
}

// Rule finds a rule by its name; nil where there is none.
func (t *Table) Rule(name string) *Rule { panic("to come") }

// Covers tells whether the rule's pattern fits a type and an operation.
func (r *Rule) Covers(typ, operation string) bool { panic("to come") }

// Decide asks the rule about one event, whatever its state and pattern are: MATCHED
// with the start that it calls for, FILTERED or ERROR.
func (r *Rule) Decide(f *Facts) (signalbox.Decision, *signalbox.Dispatch) { panic("to come") }

// Explain says everything about the rule and one event, Stored and Dispatch aside.
func (r *Rule) Explain(f *Facts) signalbox.Explanation { panic("to come") }

// Check holds the rule to the schemas of the types that its pattern fits, every
// version of them: a field that none has, and a comparison that none allows, is a
// violation that points into the rule. nil shapes, or one without a schema, let
// everything pass.
func (r *Rule) Check(shapes []signalbox.TypeShape) []signalbox.Violation { panic("to come") }

// Test runs the rule's own tests, and answers a violation for each that fails.
func (r *Rule) Test() []signalbox.Violation { panic("to come") }
