package eventtype

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/signalbox/signalbox/internal/payload"
)

// location is a class of places in a payload to which the same subschemas are
// applied, equally often: the states of a deterministic automaton that reads the way
// from payload.data down to a value, and a bound of what is done there.
//
// It is found by following every evaluation at once. A location is a multiset of
// subschemas: those that the way to it applies, and with multiplicity those that
// they apply in place ($ref, allOf, anyOf, oneOf, not, if, dependentSchemas).
// Nothing is ever evaluated twice for one of these, nor remembered, so that the
// multiplicities are what the validator does, but for branches that it does not
// take and patterns that do not fit a name: they are an upper bound. A member's name
// leads on to what properties, patternProperties, additionalProperties and
// unevaluatedProperties of any of them apply to it, an index to what prefixItems,
// items, contains and unevaluatedItems do. Names that no subschema spells out are one
// class, to which every pattern may apply.
//
// So a chain of definitions that each refer to the next one twice shows as a
// multiplicity of 2ⁿ in one place; a recursion that applies itself twice to the same
// member shows as one that doubles with every level down. Both pass the limit after a
// few steps and are refused. A recursion that goes once into each member, as a tree
// does, comes back to a multiset that is there already.
type location struct {
	applied   int // subschemas applied to one value here, with multiplicity
	steps     int // what that costs
	instr     int // instructions of patterns that a string here is matched with
	numeric   int // keywords that read a number here
	keyInstr  int // instructions of patterns that the name of each member is matched with
	keySteps  int // what propertyNames costs for each member
	told      int // subschemas that keep account of members and elements, for unevaluatedProperties
	deep      int // keywords that go through all that is below the value: uniqueItems and its kin
	sensitive bool

	members map[string]int // name → location
	other   int            // any other member's
	prefix  []int          // elements, by index
	rest    int            // the other elements'
}

// Locations that are none.
const (
	nowhere = -1 // no subschema is applied there, nor below
	tooDeep = -2 // deeper than the gate lets anything through
)

const (
	maxApplied   = 256     // subschemas applied to one value
	maxSteps     = 10_000  // steps at one value
	maxKeyInstr  = 8000    // instructions at one value, of patterns for strings or names
	maxLocations = 4000    //
	maxWork      = 400_000 // what finding them may take, in looks at a subschema
)

// multiset is how often each subschema is applied, by the node's index.
type multiset map[int]int

func (m multiset) add(n *node, times int) {
	if n != nil {
		m[n.index] = min(m[n.index]+times, maxApplied+1) // beyond it is all the same
	}
}

// key is the multiset in a form that can be compared.
func (m multiset) key() string {
	var b []byte
	for _, i := range slices.Sorted(keysOfInt(m)) {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(i)), uint64(m[i])) //nolint:gosec // neither is negative
	}
	return string(b)
}

// finder finds a document's locations.
type finder struct {
	*document
	ranks     []int
	locations []location
	known     map[string]int
	queue     []pending
	work      int
}

type pending struct {
	location, depth int
	direct          multiset
}

// locate finds the locations of a document, the root's first. What goes beyond a
// limit is noted as a fault.
func (d *document) locate() []location {
	f := finder{document: d, ranks: d.rank(), known: map[string]int{}}
	if len(d.faults) > 0 {
		return nil
	}
	f.find(multiset{0: 1}, 0)
	for len(f.queue) > 0 && len(d.faults) == 0 {
		next := f.queue[0]
		f.queue = f.queue[1:]
		f.expand(next)
		if len(f.locations) > maxLocations || f.work > maxWork {
			d.fault("", "is too intricate to be checked in bounded time: use fewer combinations of allOf, anyOf, oneOf and $ref")
		}
	}
	return f.locations
}

// find gives the location of a multiset, a new one where there is none yet.
func (f *finder) find(direct multiset, depth int) int {
	switch {
	case len(direct) == 0:
		return nowhere
	case depth > payload.DefaultLimits().MaxDepth:
		return tooDeep
	}
	key := direct.key()
	if i, ok := f.known[key]; ok {
		return i
	}
	i := len(f.locations)
	f.known[key] = i
	f.locations = append(f.locations, location{})
	f.queue = append(f.queue, pending{location: i, depth: depth, direct: direct})
	return i
}

// applied is all that is applied in a place, and how often.
type applied struct {
	*node
	times int
}

// closure adds to a multiset what is applied in place.
func (f *finder) closure(direct multiset) []applied {
	all := make(multiset, len(direct))
	var nodes []*node
	var reach func(n *node)
	reach = func(n *node) {
		if _, seen := all[n.index]; seen {
			return
		}
		all[n.index] = direct[n.index]
		nodes = append(nodes, n)
		for sub := range n.inPlace() {
			reach(sub)
		}
	}
	for i := range direct {
		reach(f.nodes[i])
	}
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(f.ranks[a.index], f.ranks[b.index]) })
	out := make([]applied, len(nodes))
	for i, n := range nodes { // whatever applies it comes before it
		out[i] = applied{n, all[n.index]}
		for sub := range n.inPlace() {
			all.add(sub, all[n.index])
		}
	}
	f.work += len(out)
	return out
}

// expand works out what is done at a location, and where its members and elements are.
func (f *finder) expand(p pending) {
	here := f.closure(p.direct)
	l := location{other: nowhere, rest: nowhere}
	most, tells := here[0], false
	for _, a := range here {
		l.applied += a.times
		l.steps += a.times * a.steps()
		l.instr += a.times * a.instr
		l.numeric += a.times * a.numeric()
		tells = tells || a.unevaluated != nil || a.unevaluatedItems != nil
		for _, re := range a.patterns {
			l.keyInstr += a.times * re.instr
		}
		if a.propertyNames != nil {
			f.names(&l, a)
		}
		if a.goesDeep() {
			l.deep += a.times
		}
		l.sensitive = l.sensitive || a.sensitive
		if a.times > most.times {
			most = a
		}
	}
	if tells {
		l.told = l.applied
	}
	switch {
	case l.applied > maxApplied:
		f.fault(most.pointer, "is one of more than %d subschemas that are applied to one and the same value, which takes too long: refer to it from fewer places", maxApplied)
		return
	case l.steps > maxSteps || l.keySteps > maxSteps:
		f.fault(most.pointer, "takes too long to be applied, with all that is applied to the same value: shorten its lists of names and values")
		return
	case l.instr > maxKeyInstr || l.keyInstr > maxKeyInstr:
		f.fault(most.pointer, "takes too long to be applied: the patterns for one and the same value or name are too large in all")
		return
	}
	f.members(&l, here, p.depth+1)
	f.elements(&l, here, p.depth+1)
	f.locations[p.location] = l
}

// names counts what propertyNames does for each member, twice.
func (f *finder) names(l *location, a applied) {
	for _, on := range f.closure(multiset{a.propertyNames.index: a.times}) {
		l.keyInstr += 2 * on.times * on.instr
		l.keySteps += 2 * on.times * on.steps()
		l.applied += on.times
	}
}

func (f *finder) members(l *location, here []applied, depth int) {
	names := make(map[string]struct{})
	other := make(multiset)
	var objects []applied // those that say something of members
	for _, a := range here {
		if a.properties == nil && a.patterns == nil && a.additional == nil && a.unevaluated == nil {
			continue
		}
		objects = append(objects, a)
		for name := range a.properties {
			names[name] = struct{}{}
		}
		for _, re := range a.patterns {
			other.add(re.node, a.times)
		}
		other.add(a.additional, a.times)
		other.add(a.unevaluated, a.times)
	}
	l.other = f.find(other, depth)
	l.members = make(map[string]int, len(names))
	f.work += len(names) * len(objects)
	for _, name := range slices.Sorted(keysOf(names)) {
		if f.work > maxWork {
			return
		}
		direct := make(multiset)
		for _, a := range objects {
			sub, declared := a.properties[name]
			direct.add(sub, a.times)
			for _, re := range a.patterns {
				if re.re.MatchString(name) {
					direct.add(re.node, a.times)
					declared = true
				}
			}
			if !declared {
				direct.add(a.additional, a.times)
			}
			direct.add(a.unevaluated, a.times)
		}
		l.members[name] = f.find(direct, depth)
	}
}

func (f *finder) elements(l *location, here []applied, depth int) {
	longest := 0
	for _, a := range here {
		longest = max(longest, len(a.prefix))
	}
	f.work += longest * len(here)
	for i := range longest + 1 {
		if f.work > maxWork {
			return
		}
		direct := make(multiset)
		for _, a := range here {
			if i < len(a.prefix) {
				direct.add(a.prefix[i], a.times)
			} else {
				direct.add(a.items, a.times)
			}
			direct.add(a.contains, a.times)
			direct.add(a.unevaluatedItems, a.times)
		}
		if i < longest {
			l.prefix = append(l.prefix, f.find(direct, depth))
		} else {
			l.rest = f.find(direct, depth)
		}
	}
}
