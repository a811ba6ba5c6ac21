package eventtype

import (
	"cmp"
	"maps"
	"slices"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// form is a signalbox.Shape in the making. Forms are shared, never changed once done.
type form struct {
	kinds     kinds // 0: no value at all
	fields    map[string]*form
	openness  openness
	items     *form // nil is anything
	maxItems  int   // 0 is none
	maxLength int
	done      bool
}

// openness is what a schema says of members that it does not declare.
type openness int

const (
	undeclared openness = iota // it declares none at all
	silent                     // it declares some, and says nothing of others
	explicit                   // it says that it takes others
	closed                     // it says that it takes none
)

// anything is the form that every value has.
var anything = &form{kinds: anyKind, done: true}

// shaper makes forms. Where forms to be combined are not done yet, as happens where
// a schema is recursive, or where there are too many combinations, it makes do with
// a wider one.
type shaper struct {
	forms map[*node]*form
	met   map[[2]*form]*form
	made  int
}

// maxForms bounds the combinations that are made.
const maxForms = 5000

// shape is the shape of a document's root.
func (d *document) shape() *signalbox.Shape {
	s := shaper{forms: map[*node]*form{}, met: map[[2]*form]*form{}}
	root := s.of(d.nodes[0])
	return publish(root, map[*form]*signalbox.Shape{})
}

// of is the form of a node: of its own keywords, met with those of what it applies
// in place.
func (s *shaper) of(n *node) *form {
	if f, ok := s.forms[n]; ok {
		return f
	}
	if n.object == nil {
		f := anything
		if !n.always {
			f = &form{done: true}
		}
		s.forms[n] = f
		return f
	}
	if n.ref != nil && n.refersOnly() { // not met with its own: what it refers to may be under way
		s.forms[n] = s.of(n.ref)
		return s.forms[n]
	}
	f := &form{}
	s.forms[n] = f
	made := s.own(n)
	for _, sub := range append([]*node{n.ref}, n.allOf...) {
		if sub != nil {
			made = s.meet(made, s.of(sub))
		}
	}
	for _, choice := range [][]*node{n.anyOf, n.oneOf} {
		if len(choice) == 0 {
			continue
		}
		union := &form{done: true}
		for _, sub := range choice {
			union = s.join(union, s.of(sub))
		}
		made = s.meet(made, union)
	}
	if n.when != nil {
		then, or := s.of(n.when), anything
		if n.then != nil {
			then = s.meet(then, s.of(n.then))
		}
		if n.or != nil {
			or = s.of(n.or)
		}
		made = s.meet(made, s.join(then, or))
	}
	for _, sub := range n.dependents { // or it is not applied
		made = s.meet(made, s.join(s.of(sub), anything))
	}
	*f = *made
	f.done = true
	return f
}

// refersOnly tells whether a node says no more than $ref.
func (n *node) refersOnly() bool {
	for key := range n.object {
		switch key {
		case "$ref", "$defs", "definitions", "$anchor":
		default:
			return false
		}
	}
	return true
}

// own is the form of a node's own keywords.
func (s *shaper) own(n *node) *form {
	f := &form{kinds: n.kinds, done: true}
	if n.listed {
		var listed kinds
		for _, v := range n.values {
			listed |= kindOf(v)
		}
		f.kinds &= listed
	}
	if len(n.properties) > 0 {
		f.openness = silent
		f.fields = make(map[string]*form, len(n.properties))
		for name, sub := range n.properties {
			f.fields[name] = s.of(sub)
		}
	}
	for _, name := range n.mentioned() { // whoever requires a member means it to be there
		if _, declared := f.fields[name]; !declared {
			if f.fields == nil {
				f.fields = make(map[string]*form)
			}
			f.fields[name] = anything
		}
	}
	switch others := cmp.Or(n.additional, n.unevaluated); {
	case others == nil:
	case others.object != nil || others.always:
		f.openness = explicit
	case n.additional != nil:
		f.openness = closed
	default: // what it applies in place may say that it takes others, and then it does
		f.openness = silent
	}
	if len(n.patterns) > 0 {
		f.openness = explicit
	}
	s.elements(n, f)
	f.maxItems = least(f.maxItems, count(n, "maxItems"))
	f.maxLength = count(n, "maxLength")
	return f
}

// mentioned are the members that the node names without saying what they are.
func (n *node) mentioned() []string {
	names := slices.Clone(n.required)
	for name, needed := range n.needs {
		names = append(append(names, name), needed...)
	}
	for name := range n.dependents {
		names = append(names, name)
	}
	return names
}

// elements: those of all places have one form, since rules are checked against that.
func (s *shaper) elements(n *node, f *form) {
	rest := n.items
	if rest == nil {
		rest = n.unevaluatedItems
	}
	switch {
	case rest == nil:
		return
	case rest.object == nil && !rest.always && len(n.prefix) > 0:
		f.items, f.maxItems = &form{done: true}, len(n.prefix)
	default:
		f.items = s.of(rest)
	}
	for _, sub := range n.prefix {
		f.items = s.join(f.items, s.of(sub))
	}
}

// meet is the form of what has both forms.
func (s *shaper) meet(a, b *form) *form {
	switch {
	case a == b, b == anything, !b.done:
		return a
	case a == anything, !a.done:
		return b
	}
	pair := [2]*form{a, b}
	if f, ok := s.met[pair]; ok {
		return f
	}
	if s.made++; s.made > maxForms {
		return a
	}
	f := &form{
		kinds: a.kinds & b.kinds, openness: max(a.openness, b.openness), done: true,
		items: a.items, maxItems: least(a.maxItems, b.maxItems), maxLength: least(a.maxLength, b.maxLength),
	}
	switch {
	case a.items == nil:
		f.items = b.items
	case b.items != nil:
		f.items = s.meet(a.items, b.items)
	}
	f.fields = maps.Clone(a.fields)
	for name, sub := range b.fields {
		if f.fields == nil {
			f.fields = make(map[string]*form, len(b.fields))
		}
		if both, ok := f.fields[name]; ok {
			sub = s.meet(both, sub)
		}
		f.fields[name] = sub
	}
	s.met[pair] = f
	return f
}

// join is the form of what has one of the two at least.
func (s *shaper) join(a, b *form) *form {
	switch {
	case a == b, a.kinds == 0 && a.done:
		return b
	case b.kinds == 0 && b.done:
		return a
	case !a.done || !b.done:
		return anything
	}
	if s.made++; s.made > maxForms {
		return anything
	}
	f := &form{kinds: a.kinds | b.kinds, done: true}
	s.joinObjects(f, a, b)
	switch {
	case a.kinds&kindArray == 0:
		f.items, f.maxItems = b.items, b.maxItems
	case b.kinds&kindArray == 0:
		f.items, f.maxItems = a.items, a.maxItems
	default:
		if a.items != nil && b.items != nil {
			f.items = s.join(a.items, b.items)
		}
		f.maxItems = most(a.maxItems, b.maxItems)
	}
	switch {
	case a.kinds&kindString == 0:
		f.maxLength = b.maxLength
	case b.kinds&kindString == 0:
		f.maxLength = a.maxLength
	default:
		f.maxLength = most(a.maxLength, b.maxLength)
	}
	return f
}

func (s *shaper) joinObjects(f, a, b *form) {
	switch {
	case a.kinds&kindObject == 0:
		f.fields, f.openness = b.fields, b.openness
		return
	case b.kinds&kindObject == 0:
		f.fields, f.openness = a.fields, a.openness
		return
	}
	switch {
	case a.openness == explicit || b.openness == explicit:
		f.openness = explicit
	default:
		f.openness = min(a.openness, b.openness)
	}
	f.fields = make(map[string]*form, len(a.fields)+len(b.fields))
	for name, sub := range a.fields {
		switch other, ok := b.fields[name]; {
		case ok:
			f.fields[name] = s.join(sub, other)
		case b.openness == silent || b.openness == closed:
			f.fields[name] = sub // what is silent on it does not mean it
		default:
			f.fields[name] = anything
		}
	}
	for name, sub := range b.fields {
		if _, ok := a.fields[name]; ok {
			continue
		}
		f.fields[name] = anything
		if a.openness == silent || a.openness == closed {
			f.fields[name] = sub
		}
	}
}

// publish makes shapes of forms; those that are shared stay so.
func publish(f *form, known map[*form]*signalbox.Shape) *signalbox.Shape {
	if f == nil {
		return nil
	}
	if shape, ok := known[f]; ok {
		return shape
	}
	shape := &signalbox.Shape{Kinds: f.kinds.public(), MaxItems: f.maxItems, MaxLength: f.maxLength}
	known[f] = shape
	if f.kinds == anyKind {
		shape.Kinds = 0
	}
	shape.Open = f.openness == undeclared || f.openness == explicit
	shape.Items = publish(f.items, known)
	if len(f.fields) > 0 {
		shape.Fields = make(map[string]*signalbox.Shape, len(f.fields))
		for name, sub := range f.fields {
			shape.Fields[name] = publish(sub, known)
		}
	}
	return shape
}

// count is a keyword's count; 0 where there is none.
func count(n *node, key string) int {
	if r := number(n.object[key]); r != nil && r.IsInt() {
		return int(r.Num().Int64())
	}
	return 0
}

// least and most are of bounds, where 0 is none.
func least(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func most(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}
