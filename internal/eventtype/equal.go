package eventtype

import (
	"bytes"
)

// assertions are the keywords that are compared by their values; subschemas are
// compared as such.
var assertions = []string{
	"type", "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "format",
	"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains", "uniqueItems",
}

// equal tells whether two subschemas, of either schema, say the same, annotations
// aside. References are followed; what refers back to a pair under way is equal as
// far as that is.
func (c *comparer) equal(a, b *node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.object == nil || b.object == nil {
		return a.object == nil && b.object == nil && a.always == b.always
	}
	pair := [2]*node{a, b}
	if same, known := c.same[pair]; known {
		return same
	}
	if !c.spend(1 + len(a.object) + len(a.required) + len(a.properties)) {
		return false
	}
	mark := len(c.pairs)
	c.same[pair] = true
	c.pairs = append(c.pairs, pair)
	if c.equalOwn(a, b) && c.equalSubs(a, b) {
		return true
	}
	for _, p := range c.pairs[mark:] { // they may have been found equal by this one's being so
		delete(c.same, p)
	}
	c.pairs = c.pairs[:mark]
	c.same[pair] = false
	return false
}

func (c *comparer) equalOwn(a, b *node) bool {
	for _, key := range assertions {
		x, inA := a.object[key]
		y, inB := b.object[key]
		if inA != inB || inA && !bytes.Equal(canonical(nil, x), canonical(nil, y)) {
			return false
		}
	}
	if len(a.required) != len(b.required) || len(a.needs) != len(b.needs) {
		return false
	}
	for name := range a.needs {
		if _, ok := b.needs[name]; !ok || !sameSet(a.needs[name], b.needs[name]) {
			return false
		}
	}
	return sameSet(a.required, b.required)
}

func (c *comparer) equalSubs(a, b *node) bool {
	for _, pair := range [][2]*node{
		{a.ref, b.ref},
		{a.not, b.not},
		{a.when, b.when},
		{a.then, b.then},
		{a.or, b.or},
		{a.additional, b.additional},
		{a.unevaluated, b.unevaluated},
		{a.propertyNames, b.propertyNames},
		{a.items, b.items},
		{a.contains, b.contains},
		{a.unevaluatedItems, b.unevaluatedItems},
	} {
		if !c.equal(pair[0], pair[1]) {
			return false
		}
	}
	for _, lists := range [][2][]*node{{a.allOf, b.allOf}, {a.anyOf, b.anyOf}, {a.oneOf, b.oneOf}, {a.prefix, b.prefix}} {
		if !c.equalLists(lists[0], lists[1]) {
			return false
		}
	}
	if len(a.patterns) != len(b.patterns) {
		return false
	}
	for i := range a.patterns {
		if a.patterns[i].text != b.patterns[i].text || !c.equal(a.patterns[i].node, b.patterns[i].node) {
			return false
		}
	}
	return c.equalMaps(a.properties, b.properties) && c.equalMaps(a.dependents, b.dependents)
}

func (c *comparer) equalLists(a, b []*node) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !c.equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func (c *comparer) equalMaps(a, b map[string]*node) bool {
	if len(a) != len(b) {
		return false
	}
	for name, sub := range a {
		other, ok := b[name]
		if !ok || !c.equal(sub, other) {
			return false
		}
	}
	return true
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	in := make(map[string]struct{}, len(a))
	for _, s := range a {
		in[s] = struct{}{}
	}
	for _, s := range b {
		if _, ok := in[s]; !ok {
			return false
		}
	}
	return true
}
