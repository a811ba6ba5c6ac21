package graph

import (
	"math"
	"strings"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// boundAsWritten bounds a document before validation, whose rules are quadratic in
// places: how many selections, aliases and directives it has, and how deep it nests.
func (d *documents) boundAsWritten(doc *ast.QueryDocument) error {
	w := written{limits: d.limits}
	for _, op := range doc.Operations {
		w.directives(op.Directives)
		for _, v := range op.VariableDefinitions {
			w.directives(v.Directives)
		}
		w.root(op.SelectionSet)
	}
	for _, fragment := range doc.Fragments {
		if len(fragment.VariableDefinition) > 0 {
			return invalid("a fragment has variables of its own: they belong to operations")
		}
		w.directives(fragment.Directives)
		if on := d.schema.Types[fragment.TypeCondition]; on != nil && (on == d.schema.Mutation || on == d.schema.Query) {
			w.root(fragment.SelectionSet)
		} else {
			w.selections(fragment.SelectionSet, 1)
		}
	}
	if w.err != nil {
		return w.err
	}
	return nil
}

// written goes through a document, fragment by fragment, up to its first fault.
type written struct {
	limits       Limits
	fields       int
	aliases      int
	ofDirectives int
	err          *signalbox.Error
}

// root bounds the fields of a root, which are cheap to write and dear to execute.
func (w *written) root(set ast.SelectionSet) {
	if n := rootFields(set); n > w.limits.RootFields {
		w.err = tooManyRoots(n, w.limits)
		return
	}
	w.selections(set, 1)
}

func (w *written) selections(set ast.SelectionSet, depth int) {
	if depth > w.limits.Depth {
		w.err = tooDeep(w.limits)
	}
	for _, s := range set {
		w.fields++
		if w.fields > w.limits.Fields {
			w.err = invalid("the document has more than %d selections", w.limits.Fields)
		}
		if w.err != nil {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			w.alias(s)
			w.directives(s.Directives)
			w.selections(s.SelectionSet, depth+1)
		case *ast.InlineFragment:
			w.directives(s.Directives)
			w.selections(s.SelectionSet, depth+1)
		case *ast.FragmentSpread:
			w.directives(s.Directives)
		}
	}
}

// alias counts the fields that stand under another name than their own.
func (w *written) alias(f *ast.Field) {
	if f.Alias == "" || f.Alias == f.Name {
		return
	}
	if w.aliases++; w.aliases > w.limits.Aliases {
		w.err = invalid("the document has more than %d aliases", w.limits.Aliases)
	}
}

func (w *written) directives(all ast.DirectiveList) {
	w.ofDirectives += len(all)
	switch {
	case len(all) > maxDirectives:
		w.err = invalid("there are more than %d directives in one place", maxDirectives)
	case w.ofDirectives > w.limits.Directives:
		w.err = invalid("the document has more than %d directives", w.limits.Directives)
	}
}

// rootFields counts those of a set that are written out.
func rootFields(set ast.SelectionSet) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n++
		case *ast.InlineFragment:
			n += rootFields(s.SelectionSet)
		}
	}
	return n
}

func tooManyRoots(n int, limits Limits) *signalbox.Error {
	return invalid("the operation has %d root fields; the limit is %d: use sendCustomEvents for many events, or several requests", n, limits.RootFields)
}

func tooDeep(limits Limits) *signalbox.Error {
	return invalid("the document's selections are nested deeper than %d levels", limits.Depth)
}

const (
	maxDirectives = 5 // in one place
	// innerList is how long a list within a list is taken to be: dispatches and
	// decisions of an event, arguments of a field.
	innerList = 8
	// registered is how many rules, versions of a rule or event types a tenant is taken
	// to have.
	registered = 50
	unknown    = maxPage // a page's size that a variable gives
	// mapCost is what a Map counts in an answer: it can be as long as many fields.
	mapCost = 50
)

// boundAsExecuted bounds a valid document, fragments followed and lists multiplied:
// how many root fields an operation has, how deep it nests, and how many fields its
// answer can have.
func (d *documents) boundAsExecuted(doc *ast.QueryDocument) error {
	for _, op := range doc.Operations {
		m := measure{limits: d.limits, types: len(d.schema.Types)}
		cost := m.selections(op.SelectionSet, 1)
		switch {
		case !d.introspection && m.introspects:
			return invalid("introspection is switched off on this server")
		case m.roots > d.limits.RootFields:
			return tooManyRoots(m.roots, d.limits)
		case m.tooDeep:
			return tooDeep(d.limits)
		case d.introspection && m.introspection > d.maxIntrospection:
			return invalid("the operation asks for more of the schema than twice its introspection query does")
		case cost > d.limits.Complexity:
			return invalid("the operation can ask for more than %d fields: ask for fewer, or for shorter lists", d.limits.Complexity)
		}
	}
	return nil
}

// introspectionCost is that of the query with which clients learn the schema.
func (d *documents) introspectionCost() int {
	doc, err := parser.ParseQuery(&ast.Source{Input: introspection.Query})
	if err != nil {
		panic(err) // never: it is gqlgen's own text
	}
	_ = validate(d.schema, doc, nil) // leaves definitions at the fields
	m := measure{limits: Limits{Depth: 100, RootFields: 100, Complexity: math.MaxInt32}, types: len(d.schema.Types)}
	m.selections(doc.Operations[0].SelectionSet, 1)
	return m.introspection
}

// scans are the root fields that go through stored events: two in an operation are
// all that fits.
var scans = map[string]bool{"previewRule": true, "compareRules": true}

// measure goes through an operation. Each step costs something and it stops once a
// limit is passed, so that its own work is bounded.
type measure struct {
	limits      Limits
	roots       int
	tooDeep     bool
	introspects bool
	// introspection is the part of the cost that is the schema's. It takes work
	// where everything else comes from the database in one piece.
	introspection int
	types         int // of the schema
}

func (m *measure) selections(set ast.SelectionSet, depth int) int {
	if depth > m.limits.Depth {
		m.tooDeep = true
		return 0
	}
	cost := 0
	for _, s := range set {
		if cost > m.limits.Complexity || m.tooDeep || m.roots > m.limits.RootFields {
			break
		}
		switch s := s.(type) {
		case *ast.Field:
			if depth == 1 {
				m.roots++
			}
			one := 1 + m.listLength(s)*m.selections(s.SelectionSet, depth+1)
			if s.Name == "__schema" || s.Name == "__type" {
				m.introspects = true
				m.introspection += one
			}
			if s.Definition != nil && s.Definition.Type.NamedType == mapScalar {
				one = mapCost
			}
			if depth == 1 && scans[s.Name] {
				one += m.limits.Complexity * 2 / 5
			}
			cost += one
		case *ast.InlineFragment:
			cost += m.selections(s.SelectionSet, depth)
		case *ast.FragmentSpread:
			if s.Definition != nil {
				// A spread costs something itself, or empty nests of them cost nothing.
				cost += 1 + m.selections(s.Definition.SelectionSet, depth)
			}
		}
	}
	return min(cost, m.limits.Complexity+1) // or products of them would overflow
}

// listLength is how many times a field's own selections can be in the answer; 1 at
// the least.
func (m *measure) listLength(f *ast.Field) int {
	if f.Definition == nil {
		return 1
	}
	if first := f.Definition.Arguments.ForName("first"); first != nil {
		if arg := f.Arguments.ForName("first"); arg != nil {
			first = &ast.ArgumentDefinition{DefaultValue: arg.Value}
		}
		if v, err := first.DefaultValue.Value(nil); err == nil {
			if n, ok := v.(int64); ok && n >= 0 && n <= maxPage {
				return max(int(n), 1)
			}
		}
		return unknown
	}
	switch {
	case f.Definition.Type.Elem == nil, f.Name == "nodes", f.Name == "edges":
		return 1 // nodes and edges are counted at the connection
	case f.Name == "sendCustomEvents":
		return maxBatch
	case f.ObjectDefinition.Name == "Query": // rules, ruleVersions, eventTypes
		return registered
	case f.ObjectDefinition.Name == "__Schema" && f.Name == "types":
		return m.types
	case strings.HasPrefix(f.ObjectDefinition.Name, "__"):
		return 4
	default:
		return innerList
	}
}
