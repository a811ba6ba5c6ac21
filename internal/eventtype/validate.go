package eventtype

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// dataPointer is where a payload's data is in the input.
	dataPointer = "/payload/data"
	// MaxViolations is the most that Validate lists; one more says how many there are beside.
	MaxViolations = 100
)

// Validate lists every breach of a decoded payload.data, with pointers from the
// input's root ("/payload/data/total"). Messages hold no value of the payload.
//
// nil is data that is absent, or null: it is missing, unless the schema takes null,
// and its author did so in so many words or takes an empty object as well.
//
// A missing member is pointed to where it ought to be, one that is too many where
// it is. Of a choice (anyOf, oneOf) that nothing fits, the breaches of the one
// alternative that is meant are listed, where it can be told by its type or by a
// member that says which it is. The order is that of the pointers.
func (s *Schema) Validate(data any) (violations []signalbox.Violation) {
	defer func() {
		if r := recover(); r != nil {
			violations = []signalbox.Violation{{Pointer: dataPointer, Message: "has a value that cannot be checked against the schema"}}
		}
	}()
	if data == nil {
		if s.absent() {
			return nil
		}
		return []signalbox.Violation{{Pointer: dataPointer, Message: "is missing"}}
	}
	if s.charge(data, 0, 0, maxCharge) > maxCharge {
		return []signalbox.Violation{{Pointer: dataPointer, Message: "has too many values to be checked against this schema: send fewer, or simplify the schema"}}
	}
	err := s.compiled.Validate(data)
	if err == nil {
		return nil
	}
	var breach *jsonschema.ValidationError
	if !errors.As(err, &breach) {
		return []signalbox.Violation{{Pointer: dataPointer, Message: "cannot be checked against the schema"}}
	}
	r := report{schema: s, root: dataPointer, data: data}
	r.breach(breach)
	return r.sorted()
}

// absent tells whether there may be no data at all.
func (s *Schema) absent() bool {
	if s.compiled.Validate(nil) != nil {
		return false
	}
	root := s.document.nodes[0]
	return root.object["type"] != nil || s.compiled.Validate(map[string]any{}) == nil
}

// report gathers violations from the library's tree of errors.
type report struct {
	schema     *Schema // nil while a schema is compiled
	root       string
	data       any
	violations []violation
}

type violation struct {
	path    []string
	message string
}

func (r *report) add(path []string, format string, args ...any) {
	r.violations = append(r.violations, violation{path, fmt.Sprintf(format, args...)})
}

// sorted gives the violations by pointer, each once, and not too many.
func (r *report) sorted() []signalbox.Violation {
	slices.SortFunc(r.violations, func(a, b violation) int {
		return cmp.Or(slices.CompareFunc(a.path, b.path, compareSegments), cmp.Compare(a.message, b.message))
	})
	r.violations = slices.CompactFunc(r.violations, func(a, b violation) bool {
		return a.message == b.message && slices.Equal(a.path, b.path)
	})
	all := make([]signalbox.Violation, 0, min(len(r.violations), MaxViolations+1))
	for i, v := range r.violations {
		if i == MaxViolations {
			all = append(all, signalbox.Violation{Pointer: r.root, Message: fmt.Sprintf("breaks the schema in %d more places", len(r.violations)-i)})
			break
		}
		all = append(all, signalbox.Violation{Pointer: r.pointer(v.path), Message: v.message})
	}
	return all
}

// compareSegments orders indexes by number, and everything else by bytes.
func compareSegments(a, b string) int {
	i, errA := strconv.Atoi(a)
	j, errB := strconv.Atoi(b)
	if errA == nil && errB == nil && i != j {
		return cmp.Compare(i, j)
	}
	return cmp.Compare(a, b)
}

func (r *report) pointer(path []string) string {
	var b strings.Builder
	b.WriteString(r.root)
	for _, segment := range path {
		b.WriteByte('/')
		b.WriteString(escape(segment))
	}
	return b.String()
}

// breach takes in one error and those below it.
func (r *report) breach(e *jsonschema.ValidationError) {
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
		for _, cause := range e.Causes {
			r.breach(cause)
		}
	case *kind.AnyOf:
		r.choice(e, len(e.Causes))
	case *kind.OneOf:
		if k.Subschemas != nil {
			r.add(e.InstanceLocation, "fits several of the alternatives of which the schema wants exactly one")
			return
		}
		r.choice(e, len(e.Causes))
	default:
		r.leaf(e)
	}
}

// choice takes in a choice that nothing fitted: the breaches of the one alternative
// that is meant, where there is one.
func (r *report) choice(e *jsonschema.ValidationError, alternatives int) {
	meant := slices.DeleteFunc(slices.Clone(e.Causes), func(cause *jsonschema.ValidationError) bool { return wrongKind(cause, e) })
	if len(meant) > 1 {
		meant = slices.DeleteFunc(meant, func(cause *jsonschema.ValidationError) bool { return wrongTag(cause, e) })
	}
	if len(meant) == 1 {
		r.breach(meant[0])
		return
	}
	if kinds := wantedKinds(e); kinds != 0 {
		r.add(e.InstanceLocation, "is %s; the schema wants %s", r.found(e.InstanceLocation), kinds)
		return
	}
	r.add(e.InstanceLocation, "fits none of the %d alternatives that the schema has for it", alternatives)
}

// wrongKind tells of an alternative whether the value is not even of its type.
func wrongKind(cause, choice *jsonschema.ValidationError) bool {
	return anyBelow(cause, func(e *jsonschema.ValidationError) bool {
		_, wrong := e.ErrorKind.(*kind.Type)
		return wrong && len(e.InstanceLocation) == len(choice.InstanceLocation)
	})
}

// wrongTag tells of an alternative whether it wants another constant in a member of
// the value, as in {"kind": {"const": "a"}}, or another one for the value itself.
func wrongTag(cause, choice *jsonschema.ValidationError) bool {
	return anyBelow(cause, func(e *jsonschema.ValidationError) bool {
		switch e.ErrorKind.(type) {
		case *kind.Const, *kind.Enum:
			return len(e.InstanceLocation) <= len(choice.InstanceLocation)+1
		}
		return false
	})
}

// wantedKinds are the types that the alternatives want; 0 where one of them was
// missed for another reason.
func wantedKinds(choice *jsonschema.ValidationError) kinds {
	var all kinds
	for _, cause := range choice.Causes {
		var here kinds
		anyBelow(cause, func(e *jsonschema.ValidationError) bool {
			if k, ok := e.ErrorKind.(*kind.Type); ok && len(e.InstanceLocation) == len(choice.InstanceLocation) {
				here = kindsOf(k.Want)
			}
			return here != 0
		})
		if here == 0 {
			return 0
		}
		all |= here
	}
	return all
}

// anyBelow tells whether test holds for an error, or for one that must be put right
// for it: alternatives of a choice are not.
func anyBelow(e *jsonschema.ValidationError, test func(*jsonschema.ValidationError) bool) bool {
	switch e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
		return slices.ContainsFunc(e.Causes, func(cause *jsonschema.ValidationError) bool { return anyBelow(cause, test) })
	}
	return test(e)
}

// node is the subschema that an error comes from; nil where it cannot be told.
func (r *report) node(e *jsonschema.ValidationError) *node {
	if r.schema == nil {
		return nil
	}
	_, place, _ := strings.Cut(e.SchemaURL, "#")
	pointer, err := url.PathUnescape(place)
	if err != nil {
		return nil
	}
	return r.schema.document.at[pointer]
}

// value is what the payload has at a path.
func (r *report) value(path []string) any {
	v := r.data
	for _, segment := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[segment]
		case []any:
			i, err := strconv.Atoi(segment)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// found names the kind of what the payload has at a path.
func (r *report) found(path []string) string { return aKind(r.value(path)) }
