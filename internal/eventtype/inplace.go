package eventtype

import "iter"

// inPlace are the subschemas that the node applies to the same value that it is
// applied to itself, each as often as it can be.
func (n *node) inPlace() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for _, sub := range []*node{n.ref, n.not, n.when} {
			if sub != nil && !yield(sub) {
				return
			}
		}
		if n.when != nil { // without if, neither counts
			for _, sub := range []*node{n.then, n.or} {
				if sub != nil && !yield(sub) {
					return
				}
			}
		}
		for _, subs := range [][]*node{n.allOf, n.anyOf, n.oneOf} {
			for _, sub := range subs {
				if !yield(sub) {
					return
				}
			}
		}
		for _, sub := range n.dependents {
			if !yield(sub) {
				return
			}
		}
	}
}

// rank gives every node a number that is less than those of the nodes that it
// applies in place. A node that comes back to itself in place, with no step into
// the value, is a fault: to validate with it would never end.
func (d *document) rank() []int {
	const (
		fresh = iota
		open
		done
	)
	state, ranks, next := make([]int, len(d.nodes)), make([]int, len(d.nodes)), len(d.nodes)
	var visit func(n *node)
	visit = func(n *node) {
		state[n.index] = open
		for sub := range n.inPlace() {
			switch state[sub.index] {
			case fresh:
				visit(sub)
			case open:
				pointer := n.pointer
				if sub == n.ref {
					pointer += "/$ref"
				}
				d.fault(pointer, "leads back to itself without going into the value, so that no value could ever be checked: take the reference out")
			}
		}
		state[n.index] = done
		next--
		ranks[n.index] = next
	}
	for _, n := range d.nodes {
		if state[n.index] == fresh {
			visit(n)
		}
	}
	return ranks
}
