package routing

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// kinds is what is known of an expression's value without an event: the kinds that
// it may be of, as JSON tells them, and those that JSON does not have.
type kinds uint16

const (
	anyKind     kinds = 0 // nothing is known
	stringKind        = kinds(signalbox.KindString)
	numberKind        = kinds(signalbox.KindNumber)
	booleanKind       = kinds(signalbox.KindBoolean)
	nullKind          = kinds(signalbox.KindNull)
	objectKind        = kinds(signalbox.KindObject)
	arrayKind         = kinds(signalbox.KindArray)
	timeKind    kinds = 1 << 8
	spanKind    kinds = 1 << 9
)

var kindNames = []struct {
	kind kinds
	name string
}{
	{stringKind, "a string"},
	{numberKind, "a number"},
	{booleanKind, "a boolean"},
	{nullKind, "null"},
	{objectKind, "an object"},
	{arrayKind, "an array"},
	{timeKind, "a time"},
	{spanKind, "a duration"},
}

func (k kinds) String() string {
	var names []string
	for _, n := range kindNames {
		if k&n.kind != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, " or ")
}

func (k kinds) plural() string {
	var names []string
	for _, n := range kindNames {
		if k&n.kind != 0 {
			names = append(names, strings.TrimPrefix(strings.TrimPrefix(n.name, "an "), "a ")+"s")
		}
	}
	return strings.Join(names, " or ")
}

// may tells whether a value of these kinds can be of one of the others.
func (k kinds) may(others kinds) bool { return k == anyKind || others == anyKind || k&others != 0 }

// inferred is what is known of an expression's value.
type inferred struct {
	kinds  kinds
	shapes []*signalbox.Shape // of an object or array, one for each schema that has it; nil: anything
}

func known(k kinds) inferred { return inferred{kinds: k} }

// ofShapes is the value that is one of the shapes; a nil shape is anything.
func ofShapes(shapes []*signalbox.Shape) inferred {
	var out inferred
	for _, s := range shapes {
		if s == nil || s.Kinds == 0 {
			return inferred{}
		}
		out.kinds |= kinds(s.Kinds)
	}
	out.shapes = shapes
	return out
}

func either(a, b inferred) inferred {
	if a.kinds == anyKind || b.kinds == anyKind {
		return inferred{}
	}
	out := inferred{kinds: a.kinds | b.kinds}
	if len(a.shapes) > 0 && len(b.shapes) > 0 {
		out.shapes = append(a.shapes[:len(a.shapes):len(a.shapes)], b.shapes...)
	}
	return out
}

func ofLiteral(v ref.Val) inferred {
	switch v.(type) {
	case types.String:
		return known(stringKind)
	case types.Int, types.Uint, types.Double:
		return known(numberKind)
	case types.Bool:
		return known(booleanKind)
	case types.Null:
		return known(nullKind)
	}
	return inferred{}
}

// eventShape is what event has, as the README says it.
var eventShape = &signalbox.Shape{
	Kinds: signalbox.KindObject,
	Fields: map[string]*signalbox.Shape{
		"id": {Kinds: signalbox.KindString}, "type": {Kinds: signalbox.KindString}, "operation": {Kinds: signalbox.KindString},
		"source":  {Kinds: signalbox.KindString | signalbox.KindNull},
		"subject": {Kinds: signalbox.KindString | signalbox.KindNull},
		// Times are of a kind that shapes do not have: see member.
		"occurredAt": nil, "receivedAt": nil,
		"schemaVersion": {Kinds: signalbox.KindNumber | signalbox.KindNull},
		"metadata":      {Kinds: signalbox.KindObject, Open: true},
	},
}

var tenantShape = &signalbox.Shape{
	Kinds:  signalbox.KindObject,
	Fields: map[string]*signalbox.Shape{"config": nil},
}

// payloadShapes is payload under each schema.
func payloadShapes(data []*signalbox.Shape) []*signalbox.Shape {
	out := make([]*signalbox.Shape, len(data))
	for i, d := range data {
		out[i] = &signalbox.Shape{
			Kinds:  signalbox.KindObject,
			Fields: map[string]*signalbox.Shape{"id": {Kinds: signalbox.KindString}, "data": d},
		}
	}
	return out
}
