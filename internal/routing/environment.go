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
	// maxCost is in CEL's units of cost, some 50 ns each: a comparison is one, a string
	// operation a tenth of its characters, a macro its body times its elements. It bounds
	// an expression, and all the loops of a rule together. It is what decides: the same
	// event costs the same however busy the machine is.
	maxCost = 1_000_000
	// The clock is the last resort, for what the units do not see: the time of an
	// expression that loops, of a rule, and of all rules of an event.
	maxRuleTime  = time.Second
	maxEventTime = 2 * time.Second
	// interruptEvery is how many turns of a loop go between two looks at the clock.
	interruptEvery = 10
	// maxMatchWork is how many characters a regular expression may look at, times its
	// own instructions: some 40 ms.
	maxMatchWork = 2_000_000
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
		operators.Add:           {"add", on(traits.Adder.Add), traits.AdderType},
		operators.Subtract:      {"subtract", on(traits.Subtractor.Subtract), traits.SubtractorType},
		operators.Multiply:      {"multiply", on(traits.Multiplier.Multiply), traits.MultiplierType},
		operators.Divide:        {"divide", on(traits.Divider.Divide), traits.DividerType},
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
			return m.apply(alike(a, b))
		}, m.trait))
		f, err := decls.NewFunction(standard.Name(), options...)
		if err != nil {
			panic(err) // our own declarations
		}
		declared = append(declared, f)
	}
	return []cel.EnvOption{cel.StdLib(cel.StdLibSubset(subset)), cel.FunctionDecls(declared...)}
}

// on calls an operation of the left side, where alike has left it one that has it.
func on[T any](operation func(T, ref.Val) ref.Val) functions.BinaryOp {
	return func(a, b ref.Val) ref.Val {
		left, ok := a.(T)
		if !ok {
			return types.MaybeNoSuchOverloadErr(a)
		}
		return operation(left, b)
	}
}

func ordered(holds func(types.Int) bool) functions.BinaryOp {
	compare := on(traits.Comparer.Compare)
	return func(a, b ref.Val) ref.Val {
		sign := types.IntOne
		if _, ok := b.(decimal); ok { // which alone knows how, beside an infinity
			a, b, sign = b, a, types.IntNegOne
		}
		c := compare(a, b)
		if order, ok := c.(types.Int); ok {
			return types.Bool(holds(order * sign))
		}
		return c
	}
}
