package eventtype

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

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

// Check holds an event to what is registered.
//
// A type that is not registered may be the display name of a pair: then the
// event gets the pair's names. Else an unknown type is UNKNOWN_EVENT_TYPE, and a
// known type with an unknown operation UNKNOWN_OPERATION; both suggest the nearest
// names (P-15), and are warnings where the tenant accepts them. Names are
// case-sensitive (P-21).
//
// The event's SchemaVersion is the version that its sender named, 0 for none, and is
// set to the one that the data is held to: that version, else the newest (P-25). A
// payload that breaks it is INVALID_PAYLOAD with every violation (P-16, A-11), a
// warning for each, or nothing, as the pair's policy says.
//
// may tells which pairs' names are no secret to the sender, nil that none is. Of the
// others no error, warning or display name lets on that they are there.
func (r *Registry) Check(e *signalbox.Event, unknown signalbox.UnknownNames, may May) (Checked, error) {
	c := Checked{Data: payload.Decode(e.Data)}
	p, err := r.pair(e, may)
	if err != nil {
		if unknown != signalbox.UnknownAccept {
			return Checked{}, err
		}
		if e.SchemaVersion != 0 {
			return Checked{}, unknownVersion(e, nil)
		}
		c.warn(signalbox.WarnUnknownName, err.Path, err.Message)
		return c, nil
	}
	schema, err := p.version(e)
	if err != nil {
		return Checked{}, err
	}
	if schema != nil && p.Policy != signalbox.PayloadOff {
		if breaches := schema.Validate(c.Data); len(breaches) > 0 {
			if p.Policy != signalbox.PayloadWarn {
				return Checked{}, breach(breaches)
			}
			for _, b := range breaches {
				c.warn(signalbox.WarnPayload, b.Pointer, b.Pointer+" "+b.Message)
			}
		}
	}
	c.Sensitive = p.sensitive
	c.recommend(e)
	return c, nil
}

func (c *Checked) warn(code signalbox.WarningCode, pointer, message string) {
	c.Warnings = append(c.Warnings, signalbox.Warning{Code: code, Pointer: pointer, Message: message})
}

// recommend warns of recommended fields that the data lacks (P-26). What the event
// itself says of its source and time counts.
func (c *Checked) recommend(e *signalbox.Event) {
	members, ok := c.Data.(map[string]any)
	if !ok {
		return // there is no data to have them
	}
	set := lacking(func(name string) bool {
		switch {
		case name == "source" && e.Source != "", name == "timestamp" && !e.OccurredAt.IsZero():
			return true
		}
		_, ok := members[name]
		return ok
	})
	if set != 0 {
		c.Warnings = append(c.Warnings, recommendations[set])
	}
}

// May tells of a registered pair whether somebody may know of it.
type May func(typ, operation string) bool

// Names are those that an event with the given names has once it is checked: a
// pair's own where the type is its display name and the operation is too or is the
// pair's, else the given ones.
func (r *Registry) Names(typ, operation string) (string, string) {
	if _, known := r.byType[typ]; !known {
		if all := r.byDisplay[typ]; len(all) == 1 && (operation == all[0].Operation || operation == typ) {
			return all[0].Type, all[0].Operation
		}
	}
	return typ, operation
}

// Known is nil where events of that name are of a registered pair; else
// UNKNOWN_EVENT_TYPE or UNKNOWN_OPERATION.
func (r *Registry) Known(typ, operation string) error {
	if _, err := r.pair(&signalbox.Event{Type: typ, Operation: operation}, nil); err != nil {
		return err
	}
	return nil
}

// pair finds the event's pair. Where its type is a display name, the event gets the
// names that this stands for.
func (r *Registry) pair(e *signalbox.Event, may May) (*pair, *signalbox.Error) {
	typ, operation := r.Names(e.Type, e.Operation)
	named := typ == e.Type && operation == e.Operation
	if p := r.byType[typ][operation]; p != nil && (named || may == nil || may(typ, operation)) {
		e.Type, e.Operation = typ, operation
		return p, nil
	}
	r = r.only(may)
	if operations := r.byType[e.Type]; operations != nil {
		return nil, r.unknownOperation(e, operations)
	}
	return nil, r.unknownType(e)
}

// only has the names of those pairs that somebody may know of.
func (r *Registry) only(may May) *Registry {
	if may == nil {
		return r
	}
	seen := slices.DeleteFunc(slices.Clone(r.all), func(t signalbox.EventType) bool { return !may(t.Type, t.Operation) })
	for i := range seen {
		seen[i].Schemas = nil
	}
	only, _ := NewRegistry(seen, nil) // there is no schema in it that could fail to compile
	only.partial = true
	return only
}

// unknownType suggests types by their names, and by display names near the given one.
func (r *Registry) unknownType(e *signalbox.Event) *signalbox.Error {
	err := &signalbox.Error{Code: signalbox.CodeUnknownEventType, Path: "/type", Message: "the event type is not registered"}
	if len(r.all) == 0 && !r.partial {
		err.Message += ": none is registered yet; `signalbox apply -f FILE` registers them"
		return err
	}
	err.Suggestions = signalbox.Nearest(e.Type, slices.Sorted(keysOf(r.byType)))
	if len(err.Suggestions) > 0 {
		err.Message += ": did you mean " + strconv.Quote(err.Suggestions[0]) + "?"
	}
	for i, name := range signalbox.Nearest(e.Type, slices.Sorted(keysOf(r.byDisplay))) {
		p := r.byDisplay[name][0]
		if i == 0 && len(err.Suggestions) == 0 {
			err.Message += fmt.Sprintf(": did you mean %q, which is type %q with operation %q?", name, p.Type, p.Operation)
		}
		if len(err.Suggestions) < maxSuggestions && !slices.Contains(err.Suggestions, p.Type) {
			err.Suggestions = append(err.Suggestions, p.Type)
		}
	}
	return err
}

// maxSuggestions is how many names an error suggests at the most.
const maxSuggestions = 3

// unknownOperation suggests operations of the type by their names, and by display
// names near the given one.
func (r *Registry) unknownOperation(e *signalbox.Event, operations map[string]*pair) *signalbox.Error {
	err := &signalbox.Error{
		Code: signalbox.CodeUnknownOperation, Path: "/operation", Message: "the event type has no such operation",
		Suggestions: signalbox.Nearest(e.Operation, slices.Sorted(keysOf(operations))),
	}
	displays := make(map[string]string)
	for _, p := range operations {
		if p.DisplayName != "" {
			displays[p.DisplayName] = p.Operation
		}
	}
	for _, name := range signalbox.Nearest(e.Operation, slices.Sorted(keysOf(displays))) {
		if len(err.Suggestions) < maxSuggestions && !slices.Contains(err.Suggestions, displays[name]) {
			err.Suggestions = append(err.Suggestions, displays[name])
		}
	}
	if len(err.Suggestions) > 0 {
		err.Message += ": did you mean " + strconv.Quote(err.Suggestions[0]) + "?"
	}
	return err
}

// version finds the schema that the event's data is held to, and sets the event's
// version to it; nil where the pair has none.
func (p *pair) version(e *signalbox.Event) (*Schema, *signalbox.Error) {
	if e.SchemaVersion == 0 {
		if len(p.schemas) == 0 {
			return nil, nil
		}
		newest := len(p.schemas) - 1
		e.SchemaVersion = p.Schemas[newest].Version
		return p.schemas[newest], nil
	}
	i := p.index(e.SchemaVersion)
	if i < 0 {
		return nil, unknownVersion(e, p.Schemas)
	}
	return p.schemas[i], nil
}

// unknownVersion is the error of an event that names a version that there is not.
func unknownVersion(e *signalbox.Event, there []signalbox.Schema) *signalbox.Error {
	err := &signalbox.Error{Code: signalbox.CodeInvalidInput, Path: "/schemaVersion"}
	fault := fmt.Sprintf("is %d, and this event type has no schema: leave it out", e.SchemaVersion)
	if n := len(there); n > 0 {
		versions := make([]string, 0, min(n, 10))
		for _, s := range there[max(0, n-cap(versions)):] {
			versions = append(versions, strconv.Itoa(s.Version))
		}
		what := "there is version "
		if n > 1 {
			what = "there are versions "
		}
		if n > len(versions) {
			what = "the newest versions are "
		}
		fault = fmt.Sprintf("is %d; %s%s: leave it out for the newest", e.SchemaVersion, what, listed(versions, "and"))
	}
	err.Violations = []signalbox.Violation{{Pointer: err.Path, Message: fault}}
	err.Message = err.Path + " " + fault
	return err
}

// breach is the error of a payload that breaks its schema.
func breach(violations []signalbox.Violation) *signalbox.Error {
	return signalbox.Violated(signalbox.CodeInvalidPayload, violations[0].Sentence(), violations)
}
