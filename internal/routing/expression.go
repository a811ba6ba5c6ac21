package routing

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
	plain   path            // what it is, where it is nothing but a path
	names   map[string]bool // of members that it writes out
	loops   bool
	counted bool // its program counts its cost
}

// parse makes a syntax tree of text, which nobody keeps: it is ten times as large as
// the program. The error is for the text's author.
func parse(text string) (*cel.Ast, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("has %d bytes; the limit is %d: split the rule", len(text), maxExpression)
	}
	checked, issues := environment().Compile(text)
	if len(issues.Errors()) > 0 { // not Err, which draws each one's place in the text
		return nil, fmt.Errorf("does not compile: %s", sayIssues(issues))
	}
	if err := checkDecimals(text); err != nil {
		return nil, err
	}
	return checked, checkCalls(checked.NativeRep().Expr())
}

// compile makes an expression of a syntax tree.
func compile(text string, checked *cel.Ast) (*expression, error) {
	root := checked.NativeRep().Expr()
	e := &expression{text: text, reads: pathsOf(root)}
	if p, ok := pathOf(root); ok {
		e.plain = p
	}
	e.names = make(map[string]bool)
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(part ast.Expr) {
		switch part.Kind() {
		case ast.ComprehensionKind:
			e.loops = true
		case ast.SelectKind:
			e.names[part.AsSelect().FieldName()] = true
		default:
		}
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
	options := []cel.ProgramOption{cel.OptimizeRegex(boundedMatches)}
	if e.counted = e.loops || worstCost(checked, sizes{assumed: largestSize}) > maxCost; e.counted {
		options = append(options, cel.CostTracking(methodCosts{}), cel.CostLimit(maxCost), cel.InterruptCheckFrequency(interruptEvery))
	}
	return options
}

// sayIssues puts the first of cel-go's complaints into a line.
func sayIssues(issues *cel.Issues) string {
	all := issues.Errors()
	first := all[0]
	message := strings.Join(strings.Fields(first.Message), " ")
	if strings.Contains(message, "recursion") {
		return "is nested too deep, or joins too many parts: split it into clauses with &&, or into rules"
	}
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
	var details *cel.EvalDetails
	var err error
	if e.loops {
		ctx, cancel := context.WithTimeout(context.Background(), maxRuleTime)
		defer cancel()
		value, details, err = e.program.ContextEval(ctx, v)
	} else {
		value, details, err = e.program.Eval(v)
	}
	if e.counted {
		if cost := details.ActualCost(); cost != nil {
			v.cost += *cost
		}
		if v.cost > maxCost {
			return nil, tooCostly()
		}
	}
	if err == nil {
		return value, nil
	}
	return nil, e.fault(v, err)
}

func tooCostly() *fault {
	return &fault{reason: fmt.Sprintf("costs more for this event than a rule may, which is %d units", maxCost)}
}

func tooSlow() *fault { return &fault{reason: "takes too long for this event"} }

// fault tells what is missing from what is wrong, and says it without cel-go's own
// text, which may hold values of the payload.
func (e *expression) fault(v *variables, err error) *fault {
	var cancelled interpreter.EvalCancelledError
	text := err.Error()
	begins := func(prefix string) bool { return strings.HasPrefix(text, prefix) }
	switch {
	case errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded:
		return tooCostly()
	case errors.Is(err, context.DeadlineExceeded):
		return tooSlow()
	case begins(longMatch):
		return &fault{reason: "matches a pattern on a text that is too long for it"}
	case begins("no such key: "):
		return e.missing(v, strings.TrimPrefix(text, "no such key: "))
	case begins("index out of bounds: "), begins("unsupported index type 'string' in list"):
		return e.missing(v, "")
	case begins("no such overload"), begins("unsupported index"), begins("got '"):
		return &fault{reason: "is not defined for these kinds of values" + e.kinds(v)}
	case begins("division by zero"), begins("modulus by zero"):
		return &fault{reason: "divides by zero"}
	case strings.HasSuffix(text, "overflow"), begins("range error"):
		return &fault{reason: "leaves the range of its numbers or times"}
	case begins("internal error"):
		return &fault{reason: "made the evaluator fail"}
	default:
		return &fault{reason: "cannot convert a value" + e.kinds(v)}
	}
}

// missing finds the place that is not there: one whose last step is the key that the
// evaluator stopped at, which may be a value of the payload and is not shown
// unless the expression itself writes it out.
func (e *expression) missing(v *variables, key string) *fault {
	for _, s := range e.reads {
		_, missing := s.resolve(v)
		if missing == nil {
			continue
		}
		if last := missing[len(missing)-1]; key == "" || last.name == key || last.name == "" && strconv.Itoa(last.index) == key {
			return &fault{missing: missing}
		}
	}
	if e.names[key] {
		return &fault{member: key}
	}
	return &fault{member: "an element"}
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
