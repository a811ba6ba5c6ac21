package routing

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// clause is one top-level conjunct of a rule's condition. What can be said of it
// without an event is worked out once.
type clause struct {
	*expression
	shown string // its text, for people
	short string // the same, cut
	// about is the place that it is about, where there is just one, and expected what it
	// wants there: `> 100`, `in ["a","b"]`, `present`.
	about    *spot
	expected string
	// subjects, where there are any, are all that the clause is about: no expression.
	subjects map[string]bool
	// equals are the values, as keys of the index, of which about's must be one for the
	// clause to hold; nil where the clause is no such equality.
	equals []valueKey
}

// subjectsClause is what a rule's subjects come to: one more condition.
func subjectsClause(subjects []string) *clause {
	place := spotOf(path{{name: "event"}, {name: "subject"}})
	c := &clause{
		expression: &expression{reads: []*spot{place}}, about: place,
		shown: "subjects: " + strings.Join(subjects, ", "), subjects: make(map[string]bool, len(subjects)),
	}
	c.short = shorten(c.shown, maxClauseShown)
	quoted := make([]string, len(subjects))
	for i, s := range subjects {
		c.subjects[s] = true
		c.equals = append(c.equals, keyOf(s))
		quoted[i] = string(payload.AppendString(nil, s))
	}
	c.expected = shorten("in ["+strings.Join(quoted, ",")+"]", maxShown)
	return c
}

func newClause(text string) (*clause, error) {
	checked, err := parse(text)
	if err != nil {
		return nil, err
	}
	e, err := compile(text, checked)
	if err != nil {
		return nil, err
	}
	c := &clause{expression: e, shown: onOneLine(text)}
	c.short = shorten(c.shown, maxClauseShown)
	c.analyse(checked.NativeRep().Expr())
	return c, nil
}

// flipped are the comparisons read from right to left.
var flipped = map[string]string{
	operators.Equals: operators.Equals, operators.NotEquals: operators.NotEquals,
	operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals,
	operators.Greater: operators.Less, operators.GreaterEquals: operators.LessEquals,
}

func (c *clause) analyse(e ast.Expr) {
	if len(c.reads) == 1 {
		c.about = c.reads[0]
	}
	switch e.Kind() {
	case ast.SelectKind:
		if s := e.AsSelect(); s.IsTestOnly() {
			if p, ok := pathOf(s.Operand()); ok {
				c.about, c.expected = spotOf(append(p, step{name: s.FieldName()})), "present"
			}
		} else if c.plain != nil {
			c.expected = "true"
		}
	case ast.CallKind:
		c.analyseCall(e.AsCall())
	default:
	}
}

func (c *clause) analyseCall(call ast.CallExpr) {
	args := call.Args()
	if call.IsMemberFunction() {
		if p, ok := pathOf(call.Target()); ok && len(args) == 1 {
			if constant, ok := constantOf(args[0]); ok {
				c.about, c.expected = spotOf(p), call.FunctionName()+"("+showConstant(constant)+")"
			}
		}
		return
	}
	name := call.FunctionName()
	if name == operators.LogicalNot {
		inner := args[0]
		if p, ok := pathOf(inner); ok {
			c.about, c.expected = spotOf(p), "false"
		} else if inner.Kind() == ast.SelectKind && inner.AsSelect().IsTestOnly() {
			if p, ok := pathOf(inner.AsSelect().Operand()); ok {
				c.about, c.expected = spotOf(append(p, step{name: inner.AsSelect().FieldName()})), "absent"
			}
		}
		return
	}
	if len(args) != 2 {
		return
	}
	left, right := args[0], args[1]
	if _, ok := pathOf(left); !ok && flipped[name] != "" {
		left, right, name = right, left, flipped[name]
	}
	p, ok := pathOf(left)
	constant, isConstant := constantOf(right)
	if !ok || !isConstant {
		return
	}
	switch name {
	case operators.Equals:
		c.about, c.expected = spotOf(p), showConstant(constant)
		c.equals = keysOf(constant)
	case operators.In:
		list, ok := constant.(traits.Lister)
		if !ok {
			return
		}
		c.about, c.expected = spotOf(p), "in "+showConstant(constant)
		var each []ref.Val
		for it := list.Iterator(); it.HasNext() == types.True; {
			each = append(each, it.Next())
		}
		c.equals = keysOf(each...)
	case operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		symbol, _ := operators.FindReverse(name)
		c.about, c.expected = spotOf(p), symbol+" "+showConstant(constant)
	}
}

// constantOf gives the value of a literal, of a list of literals, and of a negative
// number.
func constantOf(e ast.Expr) (ref.Val, bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		return e.AsLiteral(), true
	case ast.ListKind:
		elements := make([]ref.Val, 0, e.AsList().Size())
		for _, element := range e.AsList().Elements() {
			v, ok := constantOf(element)
			if !ok {
				return nil, false
			}
			elements = append(elements, v)
		}
		return types.NewRefValList(types.DefaultTypeAdapter, elements), true
	default:
		return nil, false
	}
}

func showConstant(v ref.Val) string {
	text, err := appendCELJSON(nil, v)
	if err != nil {
		return fmt.Sprint(v.Value())
	}
	return shorten(string(text), maxShown)
}

// shorten cuts s after so many characters. It reads no more of it than that.
func shorten(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// outcome is how a clause went on one event.
type outcome struct {
	result signalbox.ClauseResult
	fault  *fault
}

func (c *clause) ask(v *variables) outcome {
	if c.subjects != nil {
		if c.subjects[v.facts.Event.Subject] {
			return outcome{result: signalbox.ClauseTrue}
		}
		return outcome{result: signalbox.ClauseFalse}
	}
	holds, f := c.truth(v)
	switch {
	case f != nil && f.isMissing():
		return outcome{signalbox.ClauseMissing, f}
	case f != nil:
		return outcome{signalbox.ClauseError, f}
	case holds:
		return outcome{result: signalbox.ClauseTrue}
	}
	return outcome{result: signalbox.ClauseFalse}
}

// maxClauseShown is how many characters of a clause a stored decision keeps.
const maxClauseShown = 300

// explain says how the clause went.
func (c *clause) explain(v *variables, o outcome) signalbox.Clause {
	out := signalbox.Clause{Text: c.shown, Result: o.result, Expected: c.expected}
	if c.about != nil {
		out.Path = c.about.text
		out.Observed = c.about.observe(v)
	}
	switch o.result {
	case signalbox.ClauseTrue:
	case signalbox.ClauseFalse:
		out.Reason = c.short + " does not hold" + c.seen(v)
	case signalbox.ClauseMissing:
		out.Reason = o.fault.member + " is missing, which " + c.short + " reads"
		if o.fault.missing != nil {
			out.Path, out.Observed = o.fault.missing.String(), missingText
			out.Reason = out.Path + " is missing"
		}
	case signalbox.ClauseError:
		out.Reason = c.short + " " + o.fault.reason
	}
	return out
}

// seen says what the clause read: ": payload.data.total is 40".
func (c *clause) seen(v *variables) string {
	about := c.reads
	if c.about != nil {
		about = []*spot{c.about}
	}
	var parts []string
	for _, p := range about[:min(len(about), 3)] {
		parts = append(parts, p.text+" is "+p.observe(v))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
