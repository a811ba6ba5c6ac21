package routing

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// boundedMatches compiles the pattern of a call of matches once, and bounds what a
// call may take: Go's regular expressions are linear in the text, but by a factor of
// their own size, which CEL's units of cost do not see.
var boundedMatches = &interpreter.RegexOptimization{
	Function:   overloads.Matches,
	RegexIndex: 1,
	Factory: func(call interpreter.InterpretableCall, pattern string) (interpreter.InterpretableCall, error) {
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return nil, err
		}
		size, err := programSize(pattern)
		if err != nil {
			return nil, err
		}
		return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), func(values ...ref.Val) ref.Val {
			text, ok := values[0].(types.String)
			switch {
			case !ok:
				return types.MaybeNoSuchOverloadErr(values[0])
			case size*len(text) > maxMatchWork:
				return types.NewErr("%s", longMatch)
			}
			return types.Bool(compiled.MatchString(string(text)))
		}), nil
	},
}

const longMatch = "matches on a text too long for its pattern"

func programSize(pattern string) (int, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0, err
	}
	return len(program.Inst), nil
}

// checkCalls refuses what cannot be bounded or told apart beforehand: a pattern that
// is not written out, and a macro's variable with the name of one of ours.
func checkCalls(root ast.Expr) (err error) {
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.CallKind:
			c := e.AsCall()
			if c.FunctionName() == overloads.Matches && (len(c.Args()) == 0 || c.Args()[len(c.Args())-1].Kind() != ast.LiteralKind) {
				err = fmt.Errorf("has a matches whose pattern is not written out: write it between quotes")
			}
		case ast.ComprehensionKind:
			c := e.AsComprehension()
			for _, name := range []string{c.IterVar(), c.IterVar2()} {
				if roots[name] {
					err = fmt.Errorf("calls a macro's variable %s, which is what the event's own is called: take another name", name)
				}
			}
		default:
		}
	}))
	return err
}

// roots are the variables that every expression has.
var roots = map[string]bool{"event": true, "payload": true, "tenant": true, "now": true}
