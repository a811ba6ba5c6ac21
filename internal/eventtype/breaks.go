package eventtype

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Breaks lists where newer may refuse what older took, with pointers into newer. It
// is empty only where everything that older takes, newer takes too (P-25); it is
// not always empty then, since it goes by what the two say and not by what they
// mean: of what it cannot tell, as of a not that differs, it says that it may refuse.
//
// One kind of payload is left out: members that older does not declare while it
// declares others and is silent on the rest, as in Shape, are taken never to have
// been sent. Else no field could ever be added.
func Breaks(older, newer *Schema) []signalbox.Violation {
	c := comparer{assumed: map[string]struct{}{}, same: map[[2]*node]bool{}}
	c.compare(claim{}.with(older.document.nodes[0]), newer.document.nodes[0], "")
	slices.SortFunc(c.found, func(a, b signalbox.Violation) int {
		return cmp.Or(
			slices.CompareFunc(strings.Split(a.Pointer, "/"), strings.Split(b.Pointer, "/"), compareSegments),
			cmp.Compare(a.Message, b.Message),
		)
	})
	c.found = slices.Compact(c.found)
	if c.spent > maxCompared {
		c.found = append(c.found, signalbox.Violation{Message: "may refuse more: the two are too intricate to be compared in full"})
	}
	if more := len(c.found) - MaxViolations; more > 0 {
		c.found = append(c.found[:MaxViolations], signalbox.Violation{Message: fmt.Sprintf("may refuse more in %d more places", more)})
	}
	return c.found
}

// maxCompared bounds the work of Breaks, in looks at a subschema or a name: some 30 ms.
const maxCompared = 200_000

// comparer compares two schemas. It goes through newer, and holds each keyword of
// it against what older is known to say of the same values.
type comparer struct {
	found []signalbox.Violation
	// quiet counts the trials under way, whose findings are not to be kept; failed
	// tells that the one has found something.
	quiet   int
	failed  bool
	spent   int
	cases   int                 // choices that are being taken apart
	assumed map[string]struct{} // comparisons under way, or done: recursion ends there
	trail   []string            // what was added to assumed, in order
	same    map[[2]*node]bool
	pairs   [][2]*node // what was added to same as equal, in order
}

// spend counts work, and tells whether there may be more of it. Where not, every
// trial fails, and Breaks ends by saying so.
func (c *comparer) spend(work int) bool {
	c.spent += work
	if c.spent > maxCompared {
		c.failed = true
	}
	return c.spent <= maxCompared
}

func (c *comparer) note(pointer, format string, args ...any) {
	if c.quiet > 0 {
		c.failed = true
		return
	}
	c.found = append(c.found, signalbox.Violation{Pointer: pointer, Message: fmt.Sprintf(format, args...)})
}

// holds tells whether a comparison finds nothing, without keeping what it finds.
func (c *comparer) holds(old claim, n *node) bool {
	return c.trial(func() { c.compare(old, n, "") })
}

func (c *comparer) trial(compare func()) bool {
	before, mark := c.failed, len(c.trail)
	c.failed = false
	c.quiet++
	compare()
	c.quiet--
	held := !c.failed
	if !held { // what it took for granted does not hold
		for _, key := range c.trail[mark:] {
			delete(c.assumed, key)
		}
		c.trail = c.trail[:mark]
	}
	c.failed = before
	return held
}

// compare notes where n may refuse a value that the claim holds for. what names the
// value for sentences: "" for the whole, else "the field total".
func (c *comparer) compare(old claim, n *node, what string) {
	old = old.flat()
	if !c.spend(1+len(old.nodes)*(1+len(old.nodes)/16)) || old.kinds() == 0 {
		return
	}
	if n.object == nil {
		if !n.always {
			c.note(n.pointer, "%sis refused now whatever it is", subject(what))
		}
		return
	}
	key := old.key(n)
	if _, done := c.assumed[key]; done {
		return
	}
	c.assumed[key] = struct{}{}
	c.trail = append(c.trail, key)
	for _, o := range old.nodes {
		if c.equal(o, n) {
			return
		}
	}
	if old.chooses() && (c.trial(func() { c.keywords(old, n, what) }) || c.byCases(old, n)) {
		return
	}
	c.keywords(old, n, what)
}

// maxCases bounds how many choices are taken apart within one another.
const maxCases = 3

// byCases tells whether n takes each alternative of a choice that the claim makes.
func (c *comparer) byCases(old claim, n *node) bool {
	if c.cases >= maxCases {
		return false
	}
	c.cases++
	defer func() { c.cases-- }()
	for _, o := range old.nodes {
		if c.spent > maxCompared {
			return false
		}
		for _, choice := range [][]*node{o.anyOf, o.oneOf} {
			// A branch that adds nothing would lead back here, and be taken for granted.
			if len(choice) == 0 || slices.ContainsFunc(choice, func(b *node) bool { return b.object == nil || slices.Contains(old.nodes, b) }) {
				continue
			}
			if !slices.ContainsFunc(choice, func(branch *node) bool { return !c.holds(old.with(branch), n) }) {
				return true
			}
		}
	}
	return false
}

// keywords compares keyword by keyword.
func (c *comparer) keywords(old claim, n *node, what string) {
	kinds := old.kinds()
	switch refused := kinds &^ n.kinds; {
	case refused == kindNumber && n.kinds&kindInteger != 0:
		c.note(n.pointer+"/type", "%shas to be an integer now", subject(what))
	case refused != 0:
		c.note(n.pointer+"/type", "%smay be %s no more", subject(what), refused)
	}
	kinds &= n.kinds
	c.values(old, n, what)
	if n.ref != nil {
		c.compare(old, n.ref, what)
	}
	for _, sub := range n.allOf {
		c.compare(old, sub, what)
	}
	c.choices(old, n, what)
	if kinds&kindsNumeric != 0 {
		c.numbers(old, n, what)
	}
	if kinds&kindString != 0 {
		c.counts(old, n, what, "minLength", "maxLength", "characters")
		c.equalTo(old, n, what, "pattern", "format")
	}
	if kinds&kindArray != 0 {
		c.counts(old, n, what, "minItems", "maxItems", "elements")
		c.arrays(old, n, what)
	}
	if kinds&kindObject != 0 {
		c.counts(old, n, what, "minProperties", "maxProperties", "members")
		c.objects(old, n, what)
	}
}

// values compares enum and const.
func (c *comparer) values(old claim, n *node, what string) {
	for _, key := range []string{"enum", "const"} {
		v, there := n.object[key]
		if !there {
			continue
		}
		list := []any{v}
		if key == "enum" {
			list, _ = v.([]any)
		}
		takes := make(map[string]struct{}, len(list))
		for _, v := range list {
			takes[string(canonical(nil, v))] = struct{}{}
		}
		kept := slices.ContainsFunc(old.nodes, func(o *node) bool {
			return o.listed && !slices.ContainsFunc(o.values, func(v any) bool { _, ok := takes[string(canonical(nil, v))]; return !ok })
		})
		if !kept {
			c.note(n.pointer+"/"+key, "%smay have fewer values now", subject(what))
		}
	}
}

// choices compares what cannot be taken apart: it is either the same, or wider in a
// way that is plain.
func (c *comparer) choices(old claim, n *node, what string) {
	if len(n.anyOf) > 0 && !c.anyOf(old, n) {
		c.note(n.pointer+"/anyOf", "%smay be refused: the alternatives differ", subject(what))
	}
	if len(n.oneOf) > 0 && !c.sameIn(old, n, func(a, b *node) bool { return c.equalLists(a.oneOf, b.oneOf) }) {
		c.note(n.pointer+"/oneOf", "%smay be refused: the alternatives differ", subject(what))
	}
	if n.not != nil && !c.sameIn(old, n, func(a, b *node) bool { return c.equal(a.not, b.not) }) {
		c.note(n.pointer+"/not", "%smay be refused: what not excludes differs", subject(what))
	}
	if n.when != nil && (n.then != nil || n.or != nil) && !c.sameIn(old, n, func(a, b *node) bool {
		return c.equal(a.when, b.when) && c.equal(a.then, b.then) && c.equal(a.or, b.or)
	}) {
		c.note(n.pointer+"/if", "%smay be refused: the condition differs", subject(what))
	}
}

// anyOf tells whether n has an alternative for all that the claim holds for.
func (c *comparer) anyOf(old claim, n *node) bool {
	takes := func(cl claim) bool {
		return slices.ContainsFunc(n.anyOf, func(branch *node) bool { return c.holds(cl, branch) })
	}
	if takes(old) {
		return true
	}
	return slices.ContainsFunc(old.nodes, func(o *node) bool {
		for _, choice := range [][]*node{o.anyOf, o.oneOf} {
			if len(choice) > 0 && !slices.ContainsFunc(choice, func(b *node) bool { return !takes(old.with(b)) }) {
				return true
			}
		}
		return false
	})
}

func (c *comparer) sameIn(old claim, n *node, same func(a, b *node) bool) bool {
	return slices.ContainsFunc(old.nodes, func(o *node) bool { return same(o, n) })
}

// equalTo wants the claim to have the very same text.
func (c *comparer) equalTo(old claim, n *node, what string, keys ...string) {
	for _, key := range keys {
		if v, ok := n.object[key]; ok && !slices.ContainsFunc(old.nodes, func(o *node) bool { return o.object[key] == v }) {
			c.note(n.pointer+"/"+key, "%sis held to another %s now", subject(what), key)
		}
	}
}

// counts compares the bounds of a count.
func (c *comparer) counts(old claim, n *node, what, lower, upper, of string) {
	if v := number(n.object[lower]); v != nil && v.Sign() > 0 {
		if before, _ := old.bound(lower, "", 1); before == nil || before.Cmp(v) < 0 {
			c.note(n.pointer+"/"+lower, "%shas to have more %s now", subject(what), of)
		}
	}
	if v := number(n.object[upper]); v != nil {
		if before, _ := old.bound(upper, "", -1); before == nil || before.Cmp(v) > 0 {
			c.note(n.pointer+"/"+upper, "%shas to have fewer %s now", subject(what), of)
		}
	}
}

// numbers compares the bounds of a number.
func (c *comparer) numbers(old claim, n *node, what string) {
	for _, side := range []struct {
		inclusive, exclusive string
		sign                 int
		word                 string
	}{{"minimum", "exclusiveMinimum", 1, "greater"}, {"maximum", "exclusiveMaximum", -1, "less"}} {
		before, open := old.bound(side.inclusive, side.exclusive, side.sign)
		for _, key := range []string{side.inclusive, side.exclusive} {
			v := number(n.object[key])
			if v == nil {
				continue
			}
			if before != nil {
				order := before.Cmp(v) * side.sign
				if order > 0 || order == 0 && (open || key == side.inclusive) {
					continue
				}
			}
			c.note(n.pointer+"/"+key, "%shas to be %s now", subject(what), side.word)
		}
	}
	if v := number(n.object["multipleOf"]); v != nil {
		if !slices.ContainsFunc(old.nodes, func(o *node) bool {
			before := number(o.object["multipleOf"])
			if before == nil && o.kinds&kindsNumeric == kindInteger {
				before = big.NewRat(1, 1)
			}
			return before != nil && new(big.Rat).Quo(before, v).IsInt()
		}) {
			c.note(n.pointer+"/multipleOf", "%shas to be a multiple of another number now", subject(what))
		}
	}
}
