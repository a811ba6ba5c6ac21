package routing

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Check holds the rule to the schemas of the types that its pattern fits, every
// version of them: a field that none has, a comparison that none allows, and a cost
// that their bounds do not keep within the limit is a violation that points into the
// rule. Where a type has no schema, everything passes but what is wrong without one.
func (r *Rule) Check(shapes []signalbox.TypeShape) []signalbox.Violation {
	data := make([]*signalbox.Shape, len(shapes))
	for i, s := range shapes {
		data[i] = s.Data
	}
	if len(data) == 0 || slices.Contains(data, nil) {
		data = []*signalbox.Shape{nil}
	}
	var faults []signalbox.Violation
	worst := uint64(0) // what loops may cost
	check := func(pointer string, e *expression, wanted kinds, by string) {
		i := &inference{payload: ofShapes(payloadShapes(data)), scope: make(map[string]inferred)}
		checked, err := parse(e.text)
		if err != nil {
			return // it has been compiled
		}
		root := checked.NativeRep().Expr()
		i.want(root, i.infer(root), wanted, by)
		for _, f := range i.faults {
			faults = append(faults, signalbox.Violation{Pointer: pointer, Message: f})
		}
		if e.loops {
			worst += min(worstCost(checked, newSizes(data, checked)), math.MaxUint32)
		}
	}
	for _, c := range r.clauses {
		if c.subjects != nil {
			continue
		}
		check("/when", c.expression, booleanKind, "a condition")
	}
	if worst > maxCost {
		faults = append(faults, signalbox.Violation{Pointer: "/when", Message: fmt.Sprintf(
			"may cost %d units, and the limit is %d: loop over less, or give the arrays a maxItems in the schema", worst, maxCost)})
	}
	if r.start.id != nil {
		check("/start/id", r.start.id, stringKind, "a workflow id")
	}
	for _, m := range slices.Concat(r.start.input, r.start.memo, r.start.searchAttributes) {
		check(m.pointer, m.expression, anyKind, "")
	}
	return faults
}

// inference works out, from the schemas, what kinds of values the parts of an
// expression have, and collects what can never be right. It judges only where it
// knows: a part of which nothing is known may be anything.
type inference struct {
	payload inferred
	scope   map[string]inferred // variables of macros
	faults  []string
}

func (i *inference) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(i.faults, text) {
		i.faults = append(i.faults, text)
	}
}

func (i *inference) infer(e ast.Expr) inferred {
	switch e.Kind() {
	case ast.LiteralKind:
		return ofLiteral(e.AsLiteral())
	case ast.IdentKind:
		return i.variable(e.AsIdent())
	case ast.SelectKind:
		s := e.AsSelect()
		value := i.member(s.Operand(), s.FieldName())
		if s.IsTestOnly() {
			return known(booleanKind)
		}
		return value
	case ast.CallKind:
		return i.call(e.AsCall())
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			i.infer(element)
		}
		return known(arrayKind)
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			i.infer(entry.AsMapEntry().Key())
			i.infer(entry.AsMapEntry().Value())
		}
		return known(objectKind)
	case ast.ComprehensionKind:
		return i.comprehension(e.AsComprehension())
	default:
		return inferred{}
	}
}

func (i *inference) variable(name string) inferred {
	if value, ok := i.scope[name]; ok {
		return value
	}
	switch name {
	case "payload":
		return i.payload
	case "event":
		return ofShapes([]*signalbox.Shape{eventShape})
	case "tenant":
		return ofShapes([]*signalbox.Shape{tenantShape})
	case "now":
		return known(timeKind)
	}
	return inferred{}
}

// member is what operand.name is: a union over the schemas, of which one that has
// the member is enough.
func (i *inference) member(operand ast.Expr, name string) inferred {
	of := i.infer(operand)
	at := describe(operand)
	if !of.kinds.may(objectKind) {
		i.fault("%s is %s and has no member %q", at, of.kinds, name)
		return inferred{}
	}
	if of.kinds == anyKind || len(of.shapes) == 0 {
		return inferred{}
	}
	var members []*signalbox.Shape
	names := make(map[string]bool)
	for _, s := range of.shapes {
		if s == nil || s.Kinds == 0 {
			return inferred{}
		}
		if s.Kinds&signalbox.KindObject == 0 {
			continue
		}
		m, declared := s.Fields[name]
		switch {
		case declared:
			members = append(members, m)
		case s.Open:
			return inferred{}
		}
		for n := range s.Fields {
			names[n] = true
		}
	}
	if len(members) == 0 {
		message := fmt.Sprintf("%s has no member %q", at, name)
		if at != "event" && at != "payload" && at != "tenant" {
			message += " in any schema version"
		}
		if near := signalbox.Nearest(name, slices.Sorted(maps.Keys(names))); len(near) > 0 {
			message += fmt.Sprintf(": did you mean %q?", near[0])
		}
		i.fault("%s", message)
		return inferred{}
	}
	if at == "event" && (name == "occurredAt" || name == "receivedAt") {
		return known(timeKind)
	}
	return ofShapes(members)
}

// elements is what the elements of an array are.
func elements(of inferred) inferred {
	if of.kinds == anyKind || len(of.shapes) == 0 {
		return inferred{}
	}
	var items []*signalbox.Shape
	for _, s := range of.shapes {
		if s == nil || s.Kinds == 0 {
			return inferred{}
		}
		if s.Kinds&signalbox.KindArray != 0 {
			items = append(items, s.Items)
		}
	}
	if len(items) == 0 {
		return inferred{}
	}
	return ofShapes(items)
}

func (i *inference) comprehension(c ast.ComprehensionExpr) inferred {
	over := i.infer(c.IterRange())
	if !over.kinds.may(arrayKind | objectKind) {
		i.fault("%s is %s, and a macro goes over an array or an object", describe(c.IterRange()), over.kinds)
	}
	outer := maps.Clone(i.scope)
	switch {
	case c.HasIterVar2():
		i.scope[c.IterVar()], i.scope[c.IterVar2()] = inferred{}, inferred{}
	case over.kinds == arrayKind:
		i.scope[c.IterVar()] = elements(over)
	case over.kinds == objectKind:
		i.scope[c.IterVar()] = known(stringKind)
	default:
		i.scope[c.IterVar()] = inferred{}
	}
	i.scope[c.AccuVar()] = inferred{}
	begins := i.infer(c.AccuInit())
	i.infer(c.LoopCondition())
	i.infer(c.LoopStep())
	i.infer(c.Result())
	i.scope = outer
	if begins.kinds == numberKind { // exists_one counts
		return known(booleanKind)
	}
	return known(begins.kinds)
}

var comparisons = map[string]bool{
	operators.Equals: true, operators.NotEquals: true, operators.Less: true, operators.LessEquals: true,
	operators.Greater: true, operators.GreaterEquals: true,
}

func (i *inference) call(c ast.CallExpr) inferred {
	name := c.FunctionName()
	if c.IsMemberFunction() {
		return i.method(c)
	}
	args := make([]inferred, len(c.Args()))
	for n, arg := range c.Args() {
		if name == operators.Index && n == 0 {
			continue
		}
		args[n] = i.infer(arg)
	}
	switch {
	case comparisons[name]:
		i.compare(name, c.Args(), args)
		return known(booleanKind)
	case name == operators.Index:
		return i.index(c.Args(), args[1])
	case name == operators.In:
		i.in(c.Args(), args)
		return known(booleanKind)
	case name == operators.Conditional:
		i.want(c.Args()[0], args[0], booleanKind, "the condition of ?:")
		return either(args[1], args[2])
	case name == operators.LogicalAnd, name == operators.LogicalOr, name == operators.LogicalNot:
		for n, arg := range c.Args() {
			i.want(arg, args[n], booleanKind, symbolOf(name))
		}
		return known(booleanKind)
	case arithmetic[name] != anyKind:
		return i.arithmetic(name, c.Args(), args)
	case len(args) == 1 && conversions[name] != anyKind:
		if name == "size" {
			i.want(c.Args()[0], args[0], stringKind|arrayKind|objectKind, "size")
		}
		return known(conversions[name])
	}
	return inferred{}
}

// arithmetic are the operators with the kinds that they take.
var arithmetic = map[string]kinds{
	operators.Add:      numberKind | stringKind | arrayKind | timeKind | spanKind,
	operators.Subtract: numberKind | timeKind | spanKind,
	operators.Multiply: numberKind, operators.Divide: numberKind, operators.Modulo: numberKind, operators.Negate: numberKind,
}

// conversions are the functions of one argument with the kind of their result.
var conversions = map[string]kinds{
	"int": numberKind, "uint": numberKind, "double": numberKind, "string": stringKind, "bool": booleanKind,
	"timestamp": timeKind, "duration": spanKind, "size": numberKind,
}

func (i *inference) arithmetic(name string, at []ast.Expr, args []inferred) inferred {
	for n := range at {
		i.want(at[n], args[n], arithmetic[name], symbolOf(name))
	}
	const simple = numberKind | stringKind | arrayKind
	if len(args) == 2 && args[0].kinds != anyKind && args[1].kinds != anyKind {
		a, b := args[0].kinds, args[1].kinds
		if a&^simple == 0 && b&^simple == 0 && a&b == 0 {
			i.fault("%s is %s and %s is %s, which %s does not join", describe(at[0]), a, describe(at[1]), b, symbolOf(name))
		}
	}
	if arithmetic[name] == numberKind {
		return known(numberKind)
	}
	if len(args) == 2 && args[0].kinds == args[1].kinds && args[0].kinds&^simple == 0 {
		return known(args[0].kinds)
	}
	return inferred{}
}

// compare faults two sides that no event can make alike. Anything may be compared
// with null.
func (i *inference) compare(name string, at []ast.Expr, args []inferred) {
	a, b := args[0].kinds, args[1].kinds
	equality := name == operators.Equals || name == operators.NotEquals
	if a.may(b) || equality && (a|b)&nullKind != 0 {
		return
	}
	i.fault("%s is %s and is compared with %s, which is %s", describe(at[0]), a, describe(at[1]), b)
}

// in faults a search for what cannot be there.
func (i *inference) in(at []ast.Expr, args []inferred) {
	if !args[1].kinds.may(arrayKind | objectKind) {
		i.fault("%s is %s, and in looks into an array or an object", describe(at[1]), args[1].kinds)
		return
	}
	of := elements(args[1])
	if at[1].Kind() == ast.ListKind {
		for n, element := range at[1].AsList().Elements() {
			one := i.infer(element)
			if n == 0 {
				of = one
			} else {
				of = either(of, one)
			}
		}
	}
	if args[1].kinds == arrayKind && !args[0].kinds.may(of.kinds) && (args[0].kinds|of.kinds)&nullKind == 0 {
		i.fault("%s is %s and is looked for among %s, which are %s", describe(at[0]), args[0].kinds, describe(at[1]), of.kinds.plural())
	}
}

func (i *inference) want(at ast.Expr, value inferred, wanted kinds, by string) {
	if !value.kinds.may(wanted) {
		i.fault("%s is %s, and %s takes %s", describe(at), value.kinds, by, wanted)
	}
}

func (i *inference) index(args []ast.Expr, key inferred) inferred {
	if args[1].Kind() == ast.LiteralKind {
		if name, ok := args[1].AsLiteral().(types.String); ok {
			return i.member(args[0], string(name))
		}
	}
	of := i.infer(args[0])
	i.want(args[0], of, arrayKind|objectKind, "[ ]")
	if of.kinds == arrayKind && key.kinds == numberKind {
		return elements(of)
	}
	return inferred{}
}

// methods are the functions on a value with what they are called on and give.
var methods = map[string]struct{ on, gives kinds }{
	"startsWith": {stringKind, booleanKind}, "endsWith": {stringKind, booleanKind},
	"contains": {stringKind, booleanKind}, "matches": {stringKind, booleanKind},
	"lowerAscii": {stringKind, stringKind}, "upperAscii": {stringKind, stringKind}, "trim": {stringKind, stringKind},
	"size": {stringKind | arrayKind | objectKind, numberKind},
}

func (i *inference) method(c ast.CallExpr) inferred {
	target := i.infer(c.Target())
	for _, arg := range c.Args() {
		i.infer(arg)
	}
	if m, ok := methods[c.FunctionName()]; ok {
		i.want(c.Target(), target, m.on, c.FunctionName())
		return known(m.gives)
	}
	if strings.HasPrefix(c.FunctionName(), "get") { // of times and durations
		i.want(c.Target(), target, timeKind|spanKind, c.FunctionName())
		return known(numberKind)
	}
	return inferred{}
}

func symbolOf(name string) string {
	if symbol, ok := operators.FindReverse(name); ok && symbol != "" {
		return symbol
	}
	return name
}

// describe names a part of an expression for people.
func describe(e ast.Expr) string {
	if p, ok := pathOf(e); ok {
		return p.String()
	}
	if constant, ok := constantOf(e); ok {
		return showConstant(constant)
	}
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		return describe(e.AsSelect().Operand()) + "." + e.AsSelect().FieldName()
	case ast.CallKind:
		if c := e.AsCall(); c.IsMemberFunction() {
			return describe(c.Target()) + "." + c.FunctionName() + "(…)"
		}
		return "the result of " + symbolOf(e.AsCall().FunctionName())
	default:
		return "a part of it"
	}
}
