package routing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// expression is one CEL expression, compiled.
type expression struct {
	text    string
	program cel.Program
	reads   []*spot
	plain   path // what it is, where it is nothing but a path
	loops   bool
}

// parse makes a syntax tree of text, which nobody keeps: it is ten times as large as
// the program. The error is for the text's author.
func parse(text string) (*cel.Ast, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("has %d bytes; the limit is %d: split the rule", len(text), maxExpression)
	}
	checked, issues := environment().Compile(text)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("does not compile: %s", sayIssues(issues))
	}
	return checked, nil
}

// compile makes an expression of a syntax tree.
func compile(text string, checked *cel.Ast) (*expression, error) {
	root := checked.NativeRep().Expr()
	e := &expression{text: text, reads: pathsOf(root)}
	if p, ok := pathOf(root); ok {
		e.plain = p
	}
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e2 ast.Expr) {
		e.loops = e.loops || e2.Kind() == ast.ComprehensionKind
	}))
	var err error
	if e.program, err = environment().Program(checked, e.programOptions(checked)...); err != nil {
		return nil, fmt.Errorf("does not compile: %w", err)
	}
	return e, nil
}

// programOptions leave the limits out where the largest payload there can be does
// not bring the expression near them: counting costs ten times the counted.
func (e *expression) programOptions(checked *cel.Ast) []cel.ProgramOption {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if e.loops || worstCost(checked, sizes{assumed: largestSize}) > maxCost {
		options = append(options, cel.CostTracking(methodCosts{}), cel.CostLimit(maxCost), cel.InterruptCheckFrequency(interruptEvery))
	}
	return options
}

// sayIssues puts the first of cel-go's complaints into a line.
func sayIssues(issues *cel.Issues) string {
	all := issues.Errors()
	first := all[0]
	message := strings.Join(strings.Fields(first.Message), " ")
	if line := first.Location.Line(); line > 0 {
		message += fmt.Sprintf(" (line %d, column %d)", line, first.Location.Column()+1)
	}
	if len(all) > 1 {
		message += fmt.Sprintf(", and %d more", len(all)-1)
	}
	return message
}

// fault is why an expression has no value.
type fault struct {
	missing path   // what it reads that is not there; nil where that is not the reason
	member  string // the member that is missing, where that is all that is known
	reason  string // the end of a sentence that begins with the expression
}

func (f *fault) isMissing() bool { return f.missing != nil || f.member != "" }

// eval evaluates an expression, within its limits.
func (e *expression) eval(v *variables) (ref.Val, *fault) {
	var value ref.Val
	var err error
	if e.loops {
		ctx, cancel := context.WithTimeout(context.Background(), evalTimeout)
		defer cancel()
		value, _, err = e.program.ContextEval(ctx, v)
	} else {
		value, _, err = e.program.Eval(v)
	}
	if err == nil {
		return value, nil
	}
	return nil, e.fault(v, err)
}

// fault tells what is missing from what is wrong, and says it without cel-go's own
// text, which may hold values of the payload.
func (e *expression) fault(v *variables, err error) *fault {
	var cancelled interpreter.EvalCancelledError
	switch text := err.Error(); {
	case errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded:
		return &fault{reason: fmt.Sprintf("costs more than the limit of %d units for this event", maxCost)}
	case errors.Is(err, context.DeadlineExceeded):
		return &fault{reason: fmt.Sprintf("takes longer than %s for this event", evalTimeout)}
	case strings.Contains(text, "no such key"), strings.Contains(text, "index out of bounds"), strings.Contains(text, "unsupported index"):
		for _, p := range e.reads {
			if _, missing := p.resolve(v); missing != nil {
				return &fault{missing: missing}
			}
		}
		_, member, _ := strings.Cut(text, ": ")
		if !isWord(member) { // it may be a value
			member = "an element"
		}
		return &fault{member: member}
	case strings.Contains(text, "no such overload"):
		return &fault{reason: "is not defined for these kinds of values" + e.kinds(v)}
	case strings.Contains(text, "by zero"):
		return &fault{reason: "divides by zero"}
	case strings.Contains(text, "overflow"), strings.Contains(text, "out of range"), strings.Contains(text, "range error"):
		return &fault{reason: "leaves the range of its numbers or times"}
	case strings.Contains(text, "internal error"):
		return &fault{reason: "made the evaluator fail"}
	default:
		return &fault{reason: "cannot convert a value" + e.kinds(v)}
	}
}

// kinds says what kind of values the expression met: ": payload.data.total is a
// string".
func (e *expression) kinds(v *variables) string {
	var parts []string
	for _, p := range e.reads {
		if value, missing := p.resolve(v); missing == nil && len(parts) < 3 {
			parts = append(parts, p.text+" is "+kindOf(value))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// truth is the value of a condition.
func (e *expression) truth(v *variables) (bool, *fault) {
	value, f := e.eval(v)
	if f != nil {
		return false, f
	}
	b, ok := value.(types.Bool)
	if !ok {
		return false, &fault{reason: "is neither true nor false" + e.kinds(v)}
	}
	return bool(b), nil
}

// mayBeTrue tells whether an expression's value can be a boolean at all.
func mayBeTrue(checked *cel.Ast) bool {
	t := checked.OutputType()
	return t.IsExactType(cel.BoolType) || t.IsExactType(cel.DynType)
}
