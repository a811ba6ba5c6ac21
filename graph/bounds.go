package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// boundAsWritten bounds a document before validation, whose rules are quadratic in
// places: how many selections it has and how deep they nest.
func (d *documents) boundAsWritten(doc *ast.QueryDocument) error {
	fields := 0
	var walk func(set ast.SelectionSet, depth int) error
	walk = func(set ast.SelectionSet, depth int) error {
		if depth > d.limits.Depth {
			return invalid("the document's selections are nested deeper than %d levels", d.limits.Depth)
		}
		for _, s := range set {
			fields++
			if fields > d.limits.Fields {
				return invalid("the document has more than %d selections", d.limits.Fields)
			}
			var err error
			switch s := s.(type) {
			case *ast.Field:
				if len(s.Directives) > maxDirectives {
					return invalid("a field has more than %d directives", maxDirectives)
				}
				err = walk(s.SelectionSet, depth+1)
			case *ast.InlineFragment:
				err = walk(s.SelectionSet, depth+1)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	for _, op := range doc.Operations {
		if err := walk(op.SelectionSet, 1); err != nil {
			return err
		}
	}
	for _, fragment := range doc.Fragments {
		if err := walk(fragment.SelectionSet, 1); err != nil {
			return err
		}
	}
	return nil
}

const (
	maxDirectives = 10
	// innerList is how long a list within a list is taken to be: dispatches and
	// decisions of an event, arguments of a field.
	innerList = 8
	unknown   = maxPage // a page's size that a variable gives
)

// boundAsExecuted bounds a valid document, fragments followed and lists multiplied:
// how many root fields an operation has, how deep it nests, and how many fields its
// answer can have.
func (d *documents) boundAsExecuted(doc *ast.QueryDocument) error {
	for _, op := range doc.Operations {
		m := measure{limits: d.limits}
		cost := m.selections(op.SelectionSet, 1)
		switch {
		case !d.introspection && m.introspects:
			return invalid("introspection is switched off on this server")
		case m.roots > d.limits.RootFields:
			return invalid("the operation has %d root fields; the limit is %d: use sendCustomEvents for many events, or several requests",
				m.roots, d.limits.RootFields)
		case m.tooDeep:
			return invalid("the operation's selections are nested deeper than %d levels", d.limits.Depth)
		case cost > d.limits.Complexity:
			return invalid("the operation can ask for more than %d fields: ask for fewer, or for shorter lists", d.limits.Complexity)
		}
	}
	return nil
}

// measure goes through an operation. It stops going deeper once a limit is passed,
// so that its own work is bounded.
type measure struct {
	limits      Limits
	roots       int
	tooDeep     bool
	introspects bool
}

func (m *measure) selections(set ast.SelectionSet, depth int) int {
	if depth > m.limits.Depth {
		m.tooDeep = true
		return 0
	}
	cost := 0
	for _, s := range set {
		if cost > m.limits.Complexity || m.tooDeep {
			return cost
		}
		switch s := s.(type) {
		case *ast.Field:
			if depth == 1 {
				m.roots++
			}
			if s.Name == "__schema" || s.Name == "__type" {
				m.introspects = true
			}
			cost += 1 + listLength(s)*m.selections(s.SelectionSet, depth+1)
		case *ast.InlineFragment:
			cost += m.selections(s.SelectionSet, depth)
		case *ast.FragmentSpread:
			if s.Definition != nil {
				// A spread costs something itself, or empty nests of them cost nothing.
				cost += 1 + m.selections(s.Definition.SelectionSet, depth)
			}
		}
	}
	return cost
}

// listLength is how many times a field's own selections can be in the answer.
func listLength(f *ast.Field) int {
	if f.Definition == nil {
		return 1
	}
	if first := f.Definition.Arguments.ForName("first"); first != nil {
		if arg := f.Arguments.ForName("first"); arg != nil {
			first = &ast.ArgumentDefinition{DefaultValue: arg.Value}
		}
		if v, err := first.DefaultValue.Value(nil); err == nil {
			if n, ok := v.(int64); ok && n >= 0 && n <= maxPage {
				return int(n)
			}
		}
		return unknown
	}
	switch {
	case f.Definition.Type.Elem == nil, f.Name == "nodes", f.Name == "edges":
		return 1 // nodes and edges are counted at the connection
	case f.Name == "sendCustomEvents":
		return maxBatch
	case strings.HasPrefix(f.ObjectDefinition.Name, "__"):
		return 4
	default:
		return innerList
	}
}
