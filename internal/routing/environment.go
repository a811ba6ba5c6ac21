package routing

import (
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/stdlib"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// What an expression may be, and what evaluating it may cost. A rule is a tenant's
// input: hostile until proven otherwise.
const (
	maxExpression = 4 << 10 // bytes
	maxNodes      = 2_000   // of the syntax tree, macros expanded
	maxRecursion  = 40      // of the parser
	maxRegex      = 2_000   // instructions of a compiled regular expression
	// maxCost is in CEL's units of cost, some 10 ns each: a comparison is one, a string
	// operation a tenth of its characters, a macro its body times its elements.
	maxCost = 1_000_000
	// evalTimeout bounds an expression that loops. Others cannot take long.
	evalTimeout = 25 * time.Millisecond
	// interruptEvery is how many turns of a loop go between two looks at the clock.
	interruptEvery = 100
)

// environment is what expressions may use: CEL's standard library over event,
// payload, tenant and now, three functions on strings from cel-go's extensions, and
// arithmetic in which whole and decimal numbers mix, since JSON does not tell 5 from
// 5.0. Everything in a payload is of dynamic type here: what the schemas say of it is
// checked by Check, against every version at once.
var environment = sync.OnceValue(func() *cel.Env {
	e, err := cel.NewCustomEnv(append(numericFunctions(),
		cel.Variable("event", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("payload", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("tenant", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("now", cel.TimestampType),
		onString("lowerAscii", lowerASCII),
		onString("upperAscii", upperASCII),
		onString("trim", strings.TrimSpace),
		cel.CustomTypeAdapter(adapter{types.DefaultTypeAdapter}),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(maxRecursion),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserErrorRecoveryLimit(4),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegex),
	)...)
	if err != nil {
		panic(err) // our own declarations
	}
	return e
})

// onString declares a method of strings, under cel-go's name for it.
func onString(name string, apply func(string) string) cel.EnvOption {
	return cel.Function(name, cel.MemberOverload("string_"+name, []*cel.Type{cel.StringType}, cel.StringType,
		cel.UnaryBinding(func(v ref.Val) ref.Val {
			s, ok := v.(types.String)
			if !ok {
				return types.MaybeNoSuchOverloadErr(v)
			}
			return types.String(apply(string(s)))
		})))
}

func lowerASCII(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') }
func upperASCII(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') }

func mapASCII(s string, from, to rune, by int) string {
	return strings.Map(func(r rune) rune {
		if r >= from && r <= to {
			return r + rune(by) //nolint:gosec // ±32.
		}
		return r
	}, s)
}

// numericFunctions is the standard library with arithmetic and order that take
// numbers of different kinds.
func numericFunctions() []cel.EnvOption {
	mixed := map[string]struct {
		id    string
		apply functions.BinaryOp
		trait int
	}{
		operators.Add:           {"add", func(a, b ref.Val) ref.Val { return a.(traits.Adder).Add(b) }, traits.AdderType},
		operators.Subtract:      {"subtract", func(a, b ref.Val) ref.Val { return a.(traits.Subtractor).Subtract(b) }, traits.SubtractorType},
		operators.Multiply:      {"multiply", func(a, b ref.Val) ref.Val { return a.(traits.Multiplier).Multiply(b) }, traits.MultiplierType},
		operators.Divide:        {"divide", func(a, b ref.Val) ref.Val { return a.(traits.Divider).Divide(b) }, traits.DividerType},
		operators.Less:          {"", ordered(func(c types.Int) bool { return c < 0 }), traits.ComparerType},
		operators.LessEquals:    {"", ordered(func(c types.Int) bool { return c <= 0 }), traits.ComparerType},
		operators.Greater:       {"", ordered(func(c types.Int) bool { return c > 0 }), traits.ComparerType},
		operators.GreaterEquals: {"", ordered(func(c types.Int) bool { return c >= 0 }), traits.ComparerType},
	}
	subset := env.NewLibrarySubset()
	var declared []*decls.FunctionDecl
	for _, standard := range stdlib.Functions() {
		m, ours := mixed[standard.Name()]
		if !ours {
			continue
		}
		subset.AddExcludedFunctions(env.NewFunction(standard.Name()))
		var options []decls.FunctionOpt
		for _, o := range standard.OverloadDecls() {
			options = append(options, decls.Overload(o.ID(), o.ArgTypes(), o.ResultType()))
		}
		if m.id != "" {
			options = append(options,
				decls.Overload(m.id+"_int64_double", []*types.Type{types.IntType, types.DoubleType}, types.DoubleType),
				decls.Overload(m.id+"_double_int64", []*types.Type{types.DoubleType, types.IntType}, types.DoubleType))
		}
		options = append(options, decls.SingletonBinaryBinding(func(a, b ref.Val) ref.Val {
			a, b = alike(a, b)
			return m.apply(a, b)
		}, m.trait))
		f, err := decls.NewFunction(standard.Name(), options...)
		if err != nil {
			panic(err) // our own declarations
		}
		declared = append(declared, f)
	}
	return []cel.EnvOption{cel.StdLib(cel.StdLibSubset(subset)), cel.FunctionDecls(declared...)}
}

func ordered(holds func(types.Int) bool) functions.BinaryOp {
	return func(a, b ref.Val) ref.Val {
		c := a.(traits.Comparer).Compare(b)
		if order, ok := c.(types.Int); ok {
			return types.Bool(holds(order))
		}
		return c
	}
}
