package eventtype

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Registry is one tenant's registered pairs. It never changes once made.
type Registry struct {
	all       []signalbox.EventType       // by type, then operation
	byType    map[string]map[string]*pair // type → operation
	byDisplay map[string][]*pair          // display name → those that have it
	partial   bool                        // it lacks what somebody may not know of
}

// pair is a registered pair with its schemas, compiled.
type pair struct {
	*signalbox.EventType
	schemas []*Schema // as EventType.Schemas
	// sensitive tells of a path whether any of them marks it; nil where none marks one.
	sensitive func(path []string) bool
}

// NewRegistry makes a registry of types, in any order. What previous, which may be
// nil, has compiled already is taken from it.
//
// A schema that does not compile is an error that names it.
func NewRegistry(types []signalbox.EventType, previous *Registry) (*Registry, error) {
	r := &Registry{
		all: slices.Clone(types), byType: make(map[string]map[string]*pair), byDisplay: make(map[string][]*pair),
	}
	slices.SortFunc(r.all, func(a, b signalbox.EventType) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Operation, b.Operation))
	})
	for i := range r.all {
		p := &pair{EventType: &r.all[i]}
		for _, version := range p.Schemas {
			schema, err := previous.compile(p.EventType, &version)
			if err != nil {
				return nil, err
			}
			p.schemas = append(p.schemas, schema)
		}
		p.sensitive = sensitiveIn(p.schemas)
		operations := r.byType[p.Type]
		if operations == nil {
			operations = make(map[string]*pair)
			r.byType[p.Type] = operations
		}
		operations[p.Operation] = p
		if p.DisplayName != "" {
			r.byDisplay[p.DisplayName] = append(r.byDisplay[p.DisplayName], p)
		}
	}
	return r, nil
}

// sensitiveIn tells of a path whether any version marks it: a sender chooses the
// version, and does not choose what is shown (P-27). nil where none marks anything.
func sensitiveIn(schemas []*Schema) func(path []string) bool {
	var marked []*Schema
	for _, s := range schemas {
		if s.marked {
			marked = append(marked, s)
		}
	}
	if marked == nil {
		return nil
	}
	return func(path []string) bool {
		return slices.ContainsFunc(marked, func(s *Schema) bool { return s.Sensitive(path) })
	}
}

// Sensitive tells of a path below the payload.data of a pair whether any of its
// schemas marks it; nil where none marks anything.
func (r *Registry) Sensitive(typ, operation string) func(path []string) bool {
	if p := r.byType[typ][operation]; p != nil {
		return p.sensitive
	}
	return nil
}

// compile takes one version's schema from the registry, or compiles it anew.
func (r *Registry) compile(t *signalbox.EventType, version *signalbox.Schema) (*Schema, error) {
	if r != nil {
		if p := r.byType[t.Type][t.Operation]; p != nil {
			i := p.index(version.Version)
			if i >= 0 && bytes.Equal(p.Schemas[i].Text, version.Text) {
				return p.schemas[i], nil
			}
		}
	}
	schema, err := CompileSchema(version.Text)
	if err != nil {
		e := *signalbox.AsError(err)
		e.Message = fmt.Sprintf("%s, schema version %d: %s", t.Name(), version.Version, e.Message)
		return nil, &e
	}
	return schema, nil
}

// index finds a version among the pair's; -1 where it has none such.
func (p *pair) index(version int) int {
	return slices.IndexFunc(p.Schemas, func(s signalbox.Schema) bool { return s.Version == version })
}

// All lists the registered pairs by type, then operation.
func (r *Registry) All() []signalbox.EventType { return r.all }

// Shapes lists the shapes of every schema version of the registered pairs that the
// pattern fits; a pair without a schema has one with no Data.
func (r *Registry) Shapes(on signalbox.Pattern) []signalbox.TypeShape {
	var shapes []signalbox.TypeShape
	for i := range r.all {
		t := &r.all[i]
		if !fits(on.Type, t.Type) || !fits(on.Operation, t.Operation) {
			continue
		}
		p := r.byType[t.Type][t.Operation]
		for i, schema := range p.schemas {
			shapes = append(shapes, signalbox.TypeShape{Type: t.Type, Operation: t.Operation, Version: p.Schemas[i].Version, Data: schema.Shape()})
		}
		if len(p.schemas) == 0 {
			shapes = append(shapes, signalbox.TypeShape{Type: t.Type, Operation: t.Operation})
		}
	}
	return shapes
}

// Resolve finds the pair that a display name stands for. It is none where
// several have it.
func (r *Registry) Resolve(displayName string) (typ, operation string, ok bool) {
	all := r.byDisplay[displayName]
	if len(all) != 1 {
		return "", "", false
	}
	return all[0].Type, all[0].Operation, true
}

// Schema finds the compiled schema of a pair; version 0 is the newest. nil where
// there is none.
func (r *Registry) Schema(typ, operation string, version int) *Schema {
	p := r.byType[typ][operation]
	if p == nil || len(p.schemas) == 0 {
		return nil
	}
	if version == 0 {
		return p.schemas[len(p.schemas)-1]
	}
	if i := p.index(version); i >= 0 {
		return p.schemas[i]
	}
	return nil
}

// fits tells whether a name fits a pattern, in which * stands for any run of
// characters. It takes time in proportion to the two lengths at the most.
func fits(pattern, name string) bool {
	at, star, from := 0, -1, 0
	for i := 0; i < len(name); {
		switch {
		case at < len(pattern) && pattern[at] == '*':
			star, from = at, i
			at++
		case at < len(pattern) && pattern[at] == name[i]:
			at++
			i++
		case star >= 0: // the last star takes one more
			from++
			at, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[at:], "*") == ""
}
