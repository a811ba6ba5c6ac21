package routing

import (
	"strings"
	"testing"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/parser"
	"github.com/stretchr/testify/require"
)

func TestConjuncts(t *testing.T) { // clauses as they were written
	for text, want := range map[string][]string{
		`a`:                           {`a`},
		`a && b`:                      {`a`, `b`},
		` a  &&b&& c `:                {`a`, `b`, `c`},
		`(a && b) && c`:               {`a`, `b`, `c`},
		`((a && (b && c)))`:           {`a`, `b`, `c`},
		`a || b && c`:                 {`a || b && c`},
		`(a || b) && c`:               {`a || b`, `c`},
		`a ? b && c : d && e`:         {`a ? b && c : d && e`},
		`a && (b ? c : d)`:            {`a`, `b ? c : d`},
		`x == "a && b" && c`:          {`x == "a && b"`, `c`},
		`x == 'it\'s && b' && c`:      {`x == 'it\'s && b'`, `c`},
		`x == r"\" && y`:              {`x == r"\"`, `y`},
		`x == """a " && "" b""" && y`: {`x == """a " && "" b"""`, `y`},
		`bar == "x" && for_r == 'y'`:  {`bar == "x"`, `for_r == 'y'`},
		`payload.data.items.exists(i, i && j) && y`: {`payload.data.items.exists(i, i && j)`, `y`},
		`m["a && b"] && [1 && 2, 3][0]`:             {`m["a && b"]`, `[1 && 2, 3][0]`},
		"a // why && not\n && b":                    {"a // why && not", `b`},
		`(a) && (b)`:                                {`a`, `b`},
		`!(a && b)`:                                 {`!(a && b)`},
		`x == ")" && (y == "(")`:                    {`x == ")"`, `y == "("`},
	} {
		require.Equal(t, want, conjuncts(text), text)
	}
}

// Whatever the text, as long as CEL takes it, the parts are the conjuncts of CEL's
// own syntax tree, in their order.
func FuzzConjuncts(f *testing.F) {
	for _, seed := range []string{
		`a && b`, `(a || b) && c`, `a ? b : c && d`, `x == "&&" && y == r'\'`, `"""a"b""" == x && [1,2][0] == 1`,
		`b"x" == y && rb'z' == w`, "a//\n&&b", `!(a && b) && has(c.d)`, `{"a": b && c}.a && d`, `a && b || c && d`, `(a)&&((b)&&c)`,
	} {
		f.Add(seed)
	}
	p, err := parser.NewParser(parser.Macros(parser.AllMacros...), parser.MaxRecursionDepth(maxRecursion), parser.ExpressionSizeCodePointLimit(maxExpression))
	require.NoError(f, err)
	parse := func(text string) (ast.Expr, bool) {
		parsed, errors := p.Parse(common.NewTextSource(text))
		if len(errors.GetErrors()) > 0 {
			return nil, false
		}
		return parsed.Expr(), true
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole, ok := parse(text)
		if !ok {
			return
		}
		var want []ast.Expr
		var split func(ast.Expr)
		split = func(e ast.Expr) {
			if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
				for _, arg := range e.AsCall().Args() {
					split(arg)
				}
				return
			}
			want = append(want, e)
		}
		split(whole)
		parts := conjuncts(text)
		require.Len(t, parts, len(want), "%q", text)
		for i, part := range parts {
			got, ok := parse(part)
			require.True(t, ok, "%q: %q", text, part)
			require.Equal(t, sketch(want[i]), sketch(got), "%q: %q", text, part)
		}
	})
}

// sketch tells expressions apart whatever their ids are.
func sketch(e ast.Expr) string {
	var b strings.Builder
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			b.WriteString(e.AsIdent())
		case ast.LiteralKind:
			text, _ := appendCELJSON(nil, e.AsLiteral())
			b.Write(text)
		case ast.CallKind:
			b.WriteString(e.AsCall().FunctionName())
		case ast.SelectKind:
			b.WriteString("." + e.AsSelect().FieldName())
		default:
		}
		b.WriteByte(' ')
	}))
	return b.String()
}
