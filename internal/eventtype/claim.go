package eventtype

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
)

// claim is what older says of a value: that it fits all of the nodes. none says that
// there is no such value.
type claim struct {
	nodes []*node
	none  bool
}

func (cl claim) with(n *node) claim {
	if n == nil {
		return cl
	}
	if n.object == nil {
		cl.none = cl.none || !n.always
		return cl
	}
	if slices.Contains(cl.nodes, n) {
		return cl
	}
	return claim{nodes: append(slices.Clip(cl.nodes), n), none: cl.none}
}

// flat adds what the nodes apply in place for certain: $ref and allOf.
func (cl claim) flat() claim {
	out := claim{none: cl.none}
	var add func(n *node)
	add = func(n *node) {
		before := len(out.nodes)
		if out = out.with(n); len(out.nodes) == before {
			return
		}
		if n.ref != nil {
			add(n.ref)
		}
		for _, sub := range n.allOf {
			add(sub)
		}
	}
	for _, n := range cl.nodes {
		add(n)
	}
	return out
}

func (cl claim) key(n *node) string {
	indexes := make([]int, len(cl.nodes))
	for i, o := range cl.nodes {
		indexes[i] = o.index
	}
	slices.Sort(indexes)
	return fmt.Sprint(n.index, indexes)
}

// kinds are the kinds that the claim leaves.
func (cl claim) kinds() kinds {
	k := anyKind
	if cl.none {
		return 0
	}
	for _, n := range cl.nodes {
		k &= n.kinds
		if n.listed {
			var listed kinds
			for _, v := range n.values {
				listed |= kindOf(v)
			}
			k &= listed
		}
	}
	return k
}

// chooses tells whether the claim makes a choice that it could be taken apart by.
func (cl claim) chooses() bool {
	return slices.ContainsFunc(cl.nodes, func(o *node) bool { return len(o.anyOf)+len(o.oneOf) > 0 })
}

// bound is the tightest bound that the claim has on one side: the greatest lower
// one (sign 1) or the least upper one (-1), and whether it is itself outside.
func (cl claim) bound(inclusive, exclusive string, sign int) (tightest *big.Rat, open bool) {
	for _, o := range cl.nodes {
		for _, key := range []string{inclusive, exclusive} {
			v := number(o.object[key])
			if v == nil {
				continue
			}
			order := 1
			if tightest != nil {
				order = v.Cmp(tightest) * sign
			}
			if order > 0 || order == 0 && key == exclusive {
				tightest, open = v, key == exclusive
			}
		}
	}
	return tightest, open
}

// names are the members that the claim spells out.
func (cl claim) names() []string {
	all := make(map[string]struct{})
	for _, o := range cl.nodes {
		for name := range o.properties {
			all[name] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// member is what the claim says of a member.
func (cl claim) member(name string) claim {
	var out claim
	for _, o := range cl.nodes {
		sub, declared := o.properties[name]
		out = out.with(sub)
		for _, re := range o.patterns {
			if re.re.MatchString(name) {
				out, declared = out.with(re.node), true
			}
		}
		if !declared {
			out = out.with(o.additional)
		}
	}
	return out
}

// element is what the claim says of an element.
func (cl claim) element(i int) claim {
	var out claim
	for _, o := range cl.nodes {
		out = out.with(o.element(i))
	}
	return out
}

// said is what a claim says of members, be it in one alternative only.
type said struct {
	names    map[string]struct{} // that are declared
	patterns []pattern
	others   bool // something is said of members that are not declared
}

func (cl claim) said(c *comparer) said {
	out := said{names: make(map[string]struct{})}
	seen := make(map[*node]struct{})
	var visit func(n *node)
	visit = func(n *node) {
		if _, again := seen[n]; again || !c.spend(1+len(n.properties)) {
			return
		}
		seen[n] = struct{}{}
		for name := range n.properties {
			out.names[name] = struct{}{}
		}
		out.patterns = append(out.patterns, n.patterns...)
		out.others = out.others || n.additional != nil || n.unevaluated != nil
		for sub := range n.inPlace() {
			visit(sub)
		}
	}
	for _, n := range cl.nodes {
		visit(n)
	}
	return out
}

// silentOn tells whether a claim leaves the member out although it declares others.
func (s said) silentOn(name string) bool {
	_, declared := s.names[name]
	return !declared && !s.others && len(s.names) > 0 &&
		!slices.ContainsFunc(s.patterns, func(re pattern) bool { return re.re.MatchString(name) })
}

// others is the claim on a member that is not spelled out and fits the pattern. Of
// what other patterns its name fits, nothing is known.
func (cl claim) others(text string) claim {
	var out claim
	for _, o := range cl.nodes {
		same := slices.IndexFunc(o.patterns, func(re pattern) bool { return re.text == text })
		switch {
		case same >= 0:
			out = out.with(o.patterns[same].node)
		case len(o.patterns) == 0:
			out = out.with(o.additional)
		}
	}
	return out
}

// allOthers are claims on the members that the claim does not spell out and that fit
// none of the patterns of own.
func (cl claim) allOthers(own map[string]struct{}) []claim {
	var all claim
	var apart []claim
	for _, o := range cl.nodes {
		foreign := false
		for _, re := range o.patterns {
			if _, ok := own[re.text]; !ok {
				foreign = true
				apart = append(apart, claim{}.with(re.node))
			}
		}
		if !foreign {
			all = all.with(o.additional)
		}
	}
	return append(apart, all)
}
