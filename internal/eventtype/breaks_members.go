package eventtype

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// subject begins a sentence on a value.
func subject(what string) string {
	if what == "" {
		return ""
	}
	return what + " "
}

// fieldOf names a member of what.
func fieldOf(what, name string) string {
	name = cut(name, 64)
	if outer, ok := strings.CutPrefix(what, "the field "); ok {
		return "the field " + outer + "." + name
	}
	return "the field " + name
}

// elementOf names an element of what.
func elementOf(what string) string {
	if what == "" {
		return "an element"
	}
	return what + "[]"
}

// objects compares what is said of members.
func (c *comparer) objects(old claim, n *node, what string) {
	for _, name := range n.required {
		if !slices.ContainsFunc(old.nodes, func(o *node) bool { return slices.Contains(o.required, name) }) {
			c.note(n.pointer+"/required", "%s is required now", fieldOf(what, name))
		}
	}
	said := old.said(c)
	if !c.spend(len(n.properties)*(len(old.nodes)+len(said.patterns)+1) + len(n.required)*len(old.nodes)) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(n.properties)) {
		if !said.silentOn(name) {
			c.compare(old.member(name), n.properties[name], fieldOf(what, name))
		}
	}
	names := old.names()
	if (len(n.patterns) > 0 || n.additional != nil) && !c.spend(len(names)*(len(n.patterns)+len(old.nodes)+1)) {
		return
	}
	for _, re := range n.patterns {
		for _, name := range names {
			if re.re.MatchString(name) {
				c.compare(old.member(name), re.node, fieldOf(what, name))
			}
		}
		c.compare(old.others(re.text), re.node, "a field that fits "+cut(re.text, 64))
	}
	if n.additional != nil {
		c.additional(old, n, what)
	}
	c.rest(old, n, what)
}

// additional compares additionalProperties with what the claim says of the members
// that n does not declare.
func (c *comparer) additional(old claim, n *node, what string) {
	refuses := n.additional.object == nil && !n.additional.always
	check := func(cl claim, field string) {
		if refuses {
			if cl = cl.flat(); cl.kinds() != 0 {
				c.note(n.additional.pointer, "%s was taken and is refused now: the schema declares it no more, and takes no others", field)
			}
			return
		}
		c.compare(cl, n.additional, field)
	}
	for _, name := range old.names() {
		if _, declared := n.properties[name]; declared || n.fits(name) {
			continue
		}
		check(old.member(name), fieldOf(what, name))
	}
	own := make(map[string]struct{}, len(n.patterns))
	for _, re := range n.patterns {
		own[re.text] = struct{}{}
	}
	for _, cl := range old.allOthers(own) {
		check(cl, "a field that older payloads may have beside those")
	}
}

// rest compares what is either the same, or may refuse.
func (c *comparer) rest(old claim, n *node, what string) {
	if n.propertyNames != nil && !c.sameIn(old, n, func(a, b *node) bool { return c.equal(a.propertyNames, b.propertyNames) }) {
		c.note(n.propertyNames.pointer, "%smay be refused: what names have to be differs", subject(what))
	}
	for _, name := range slices.Sorted(maps.Keys(n.needs)) {
		for _, needed := range n.needs[name] {
			if !slices.ContainsFunc(old.nodes, func(o *node) bool {
				return slices.Contains(o.required, needed) || slices.Contains(o.needs[name], needed)
			}) {
				c.note(n.pointer, "%s is required now where there is %s", fieldOf(what, needed), cut(name, 64))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.dependents)) {
		if !slices.ContainsFunc(old.nodes, func(o *node) bool { return c.equal(o.dependents[name], n.dependents[name]) }) {
			c.compare(old, n.dependents[name], what)
		}
	}
	if n.unevaluated != nil && (n.unevaluated.object != nil || !n.unevaluated.always) {
		c.note(n.unevaluated.pointer, "%smay be refused: what is left for unevaluatedProperties differs", subject(what))
	}
}

// arrays compares what is said of elements.
func (c *comparer) arrays(old claim, n *node, what string) {
	longest := len(n.prefix)
	for _, o := range old.nodes {
		longest = max(longest, len(o.prefix))
	}
	if !c.spend(longest * (1 + len(old.nodes))) {
		return
	}
	for i := range longest {
		if sub := n.element(i); sub != nil {
			c.compare(old.element(i), sub, fmt.Sprintf("%s[%d]", what, i))
		}
	}
	if n.items != nil {
		c.compare(old.element(longest), n.items, elementOf(what))
	}
	if unique, _ := n.object["uniqueItems"].(bool); unique && !slices.ContainsFunc(old.nodes, func(o *node) bool {
		before, _ := o.object["uniqueItems"].(bool)
		return before
	}) {
		c.note(n.pointer+"/uniqueItems", "%smay not have the same element twice now", subject(what))
	}
	if n.contains != nil && !c.sameIn(old, n, func(a, b *node) bool {
		return c.equal(a.contains, b.contains) && sameNumber(a, b, "minContains") && sameNumber(a, b, "maxContains")
	}) {
		c.note(n.contains.pointer, "%smay be refused: what it has to contain differs", subject(what))
	}
	if n.unevaluatedItems != nil && (n.unevaluatedItems.object != nil || !n.unevaluatedItems.always) {
		c.note(n.unevaluatedItems.pointer, "%smay be refused: what is left for unevaluatedItems differs", subject(what))
	}
}

func sameNumber(a, b *node, key string) bool {
	x, y := number(a.object[key]), number(b.object[key])
	if x == nil || y == nil {
		return x == y
	}
	return x.Cmp(y) == 0
}

// element is what the node says of an element; nil where it says nothing.
func (n *node) element(i int) *node {
	if i < len(n.prefix) {
		return n.prefix[i]
	}
	return n.items
}

// fits tells whether one of patternProperties is for the name.
func (n *node) fits(name string) bool {
	return slices.ContainsFunc(n.patterns, func(re pattern) bool { return re.re.MatchString(name) })
}
