package eventtype

import (
	"cmp"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Registry is one tenant's registered pairs. It never changes once made.
type Registry struct {
	all    []signalbox.EventType          // by type, then operation
	byType map[string]map[string]struct{} // type → operations
}

// NewRegistry makes a registry of types, in any order. What previous, which may be
// nil, has compiled already is taken from it.
//
// A schema that does not compile is an error that names it.
func NewRegistry(types []signalbox.EventType, previous *Registry) (*Registry, error) {
	r := &Registry{all: slices.Clone(types), byType: make(map[string]map[string]struct{})}
	slices.SortFunc(r.all, func(a, b signalbox.EventType) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Operation, b.Operation))
	})
	for _, t := range r.all {
		operations := r.byType[t.Type]
		if operations == nil {
			operations = make(map[string]struct{})
			r.byType[t.Type] = operations
		}
		operations[t.Operation] = struct{}{}
	}
	return r, nil
}

// Checked is what the registry knows of an event that it lets pass.
type Checked struct {
	// Data is the event's data, decoded: objects as map[string]any, arrays as []any,
	// numbers as json.Number. nil where it is absent or null.
	Data     any
	Warnings []signalbox.Warning
	// Sensitive tells of a path below payload.data whether its value must never be
	// shown (P-27); nil: none but those of the deny-list.
	Sensitive func(path []string) bool
}

// All lists the registered pairs by type, then operation.
func (r *Registry) All() []signalbox.EventType { return r.all }

// Check is nil for an event of a registered pair. An unknown type is
// UNKNOWN_EVENT_TYPE, a known type with an unknown operation UNKNOWN_OPERATION; both
// suggest the nearest names (P-15). Names are case-sensitive (P-21).
//
// The event's SchemaVersion is the version that its sender named, 0 for none, and is
// set to the one that the data was held to.
func (r *Registry) Check(e *signalbox.Event, _ signalbox.UnknownNames) (Checked, error) {
	operations, known := r.byType[e.Type]
	if !known {
		return Checked{}, unknown(signalbox.CodeUnknownEventType, "/type", "the event type is not registered", e.Type, names(r.byType))
	}
	if _, known := operations[e.Operation]; !known {
		return Checked{}, unknown(signalbox.CodeUnknownOperation, "/operation", "the event type has no such operation", e.Operation, names(operations))
	}
	return Checked{}, nil
}

func unknown(code signalbox.Code, path, message, given string, known []string) error {
	e := &signalbox.Error{Code: code, Path: path, Message: message, Suggestions: nearest(given, known)}
	switch {
	case len(e.Suggestions) > 0:
		e.Message += `: did you mean "` + e.Suggestions[0] + `"?`
	case len(known) == 0:
		e.Message += ": none is registered yet; `signalbox apply -f FILE` registers them"
	}
	return e
}

func names[V any](m map[string]V) []string {
	all := make([]string, 0, len(m))
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
