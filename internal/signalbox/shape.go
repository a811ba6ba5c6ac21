package signalbox

// Shape is what a schema lets a value be, as far as a rule can be checked against
// it without an event. It is an upper bound: what it excludes, the schema excludes.
type Shape struct {
	Kinds  Kind              // what the value may be; 0 is anything
	Fields map[string]*Shape // the members that the schema declares
	// Open tells that an object may well have others: it declares none, or says
	// explicitly that it takes more. A schema that declares some members and is silent
	// on others is not open: its author means those.
	Open  bool
	Items *Shape // of an array; nil is anything
	// MaxItems and MaxLength are bounds of an array's elements and a string's
	// characters; 0 is none.
	MaxItems  int
	MaxLength int
}

// Kind is a set of kinds of JSON values.
type Kind uint8

// The kinds.
const (
	KindString Kind = 1 << iota
	KindNumber
	KindBoolean
	KindNull
	KindObject
	KindArray
)

// TypeShape is the shape of payload.data under one schema of one registered pair.
type TypeShape struct {
	Type      string
	Operation string
	Version   int    // 0 where the pair has no schema
	Data      *Shape // nil where it has none: anything goes
}
