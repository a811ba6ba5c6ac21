package eventtype

import "github.com/signalbox/signalbox/internal/signalbox"

// Schema is one JSON Schema, compiled. It is safe for concurrent use.
type Schema struct{}

// CompileSchema compiles a JSON Schema of draft 2020-12 (the default) or draft-07
// (by its $schema). What is hostile or wrong is an INVALID_INPUT error with
// violations that point into the schema.
func CompileSchema(text []byte) (*Schema, error) { panic("to come") }

// Validate lists every breach of a decoded payload.data, with pointers from the
// input's root ("/payload/data/total"). Messages hold no value of the payload.
func (s *Schema) Validate(data any) []signalbox.Violation { panic("to come") }

// Shape is what rules can be checked against.
func (s *Schema) Shape() *signalbox.Shape { panic("to come") }

// Sensitive tells of a path below payload.data whether the schema marks it, or what
// is around it, with x-sensitive.
func (s *Schema) Sensitive(path []string) bool { panic("to come") }

// Breaks lists where newer may refuse what older took.
func Breaks(older, newer *Schema) []signalbox.Violation { panic("to come") }

// Lint is advice on a registered pair: names (H-06), recommended fields that its
// schema lacks (P-26).
func Lint(t *signalbox.EventType) []signalbox.Warning { panic("to come") }

// ExpandFields makes a JSON Schema of the short form: a JSON object of field name →
// type, e.g. {"ticketName": "string", "amount": {"type": "number", "optional": true}}.
func ExpandFields(fields []byte) ([]byte, error) { panic("to come") }

// Shapes lists the shapes of every schema version of the registered pairs that the
// pattern fits; a pair without a schema has one with no Data.
func (r *Registry) Shapes(on signalbox.Pattern) []signalbox.TypeShape { panic("to come") }

// Resolve finds the pair that a display name stands for.
func (r *Registry) Resolve(displayName string) (typ, operation string, ok bool) { panic("to come") }

// Schema finds the compiled schema of a pair; version 0 is the newest. nil where
// there is none.
func (r *Registry) Schema(typ, operation string, version int) *Schema { panic("to come") }
