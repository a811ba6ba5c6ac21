package eventtype

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// MaxSchemaBytes is the most bytes that a schema's text may have.
const MaxSchemaBytes = 64 << 10

// Schema is one JSON Schema, compiled. It is safe for concurrent use.
type Schema struct {
	document  *document
	locations []location
	compiled  *jsonschema.Schema
	shape     *signalbox.Shape
	marked    bool // there is an x-sensitive in it
}

// CompileSchema compiles a JSON Schema of draft 2020-12 (the default) or draft-07
// (by its $schema). What is hostile or wrong is an INVALID_INPUT error with
// violations that point into the schema, in some milliseconds.
//
// A schema is a tenant's input, and validating is done on the road of every event,
// so that what would take unbounded time is refused here, by what can be known
// without a payload:
//
//   - The text passes the gate (package payload), at most 64 KiB, with at most 1000
//     subschemas; keywords hold what they may hold. Nothing but the document itself
//     can be referred to; documents within it ($id) and dynamic references are not
//     supported.
//   - Patterns are RE2, whose time is that of the text times the pattern's
//     instructions, and those are counted before they are compiled.
//   - No subschema comes back to itself in place.
//   - At no place in any payload that the gate lets through, down to its 64 levels,
//     are more than 256 subschemas applied to the one value: see location.
//
// What then is left to grow is the payload: Validate counts what it would take, by
// where its values are, before it begins, and refuses what would take over some
// quarter of a second.
//
// format is asserted, as its users expect, in both drafts; a format that neither
// draft has is an annotation, as are contentEncoding and its kin. uniqueItems and
// enum compare as JSON Schema says: 1.0 is 1.
func CompileSchema(text []byte) (schema *Schema, err error) {
	defer func() {
		if r := recover(); r != nil {
			schema, err = nil, invalid(signalbox.Violation{Message: "cannot be compiled: simplify it"})
			signalbox.AsError(err).Err = fmt.Errorf("compiling a schema panicked: %v", r)
		}
	}()
	limits := payload.DefaultLimits()
	limits.MaxBytes = MaxSchemaBytes
	if err := payload.Check(text, limits); err != nil {
		var gate *payload.Error
		if !errors.As(err, &gate) {
			return nil, err
		}
		return nil, invalid(signalbox.Violation{Pointer: gate.Pointer, Message: gate.Reason})
	}
	d, err := readDocument(payload.Decode(text))
	if err != nil {
		return nil, err
	}
	s := &Schema{document: d, locations: d.locate()}
	if len(d.faults) > 0 {
		return nil, invalid(d.faults...)
	}
	if s.compiled, err = d.compile(); err != nil {
		return nil, err
	}
	s.shape = d.shape()
	s.marked = slices.ContainsFunc(d.nodes, func(n *node) bool { return n.sensitive })
	if root := s.shape.Kinds; root != 0 && root&signalbox.KindObject == 0 || d.nodes[0].object == nil && !d.nodes[0].always {
		return nil, invalid(signalbox.Violation{Message: takesNoObject})
	}
	return s, nil
}

const takesNoObject = "takes no object at all, and payload.data is one: make it \"type\": \"object\""

// readDocument reads a decoded schema.
func readDocument(v any) (*document, error) {
	d := &document{at: map[string]*node{}, anchors: map[string]*node{}}
	root, _ := v.(map[string]any)
	if _, ok := v.(bool); root == nil && !ok {
		return nil, invalid(signalbox.Violation{Message: "is " + aKind(v) + "; a schema is a JSON object, such as {\"type\": \"object\"}"})
	}
	if draft, ok := root["$schema"]; ok {
		text, _ := draft.(string)
		switch strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(text, "#"), "https://"), "http://") {
		case "json-schema.org/draft/2020-12/schema":
		case "json-schema.org/draft-07/schema":
			d.draft7 = true
		default:
			return nil, invalid(signalbox.Violation{Pointer: "/$schema", Message: "names a dialect that is not supported: use " +
				"https://json-schema.org/draft/2020-12/schema (the default) or http://json-schema.org/draft-07/schema#"})
		}
	}
	if id, ok := root["$id"].(string); ok {
		d.id, _, _ = strings.Cut(id, "#")
	}
	d.read(v, "")
	d.resolve()
	if len(d.faults) > 0 {
		return nil, invalid(d.faults...)
	}
	return d, nil
}

// home is where the library believes the schema to be. It is never loaded.
const home = "https://signalbox.invalid/schema"

// compile has the library compile what was read. It is given keywords of the draft
// that hold what they may hold, and nothing else.
func (d *document) compile() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if d.draft7 {
		c.DefaultDraft(jsonschema.Draft7)
	}
	c.UseLoader(refuser{})
	c.UseRegexpEngine(regexpEngine)
	c.RegisterVocabulary(vocabulary)
	c.RegisterFormat(formatRegex)
	c.AssertVocabs()
	c.AssertFormat()
	err := c.AddResource(home, d.nodes[0].handOn())
	if err != nil {
		return nil, fmt.Errorf("adding a schema: %w", err)
	}
	compiled, err := c.Compile(home)
	if err != nil {
		e := invalid(signalbox.Violation{Message: "is not a schema that JSON Schema knows"})
		var wrong *jsonschema.SchemaValidationError
		var breach *jsonschema.ValidationError
		if errors.As(err, &wrong) && errors.As(wrong.Err, &breach) {
			r := report{root: ""}
			r.breach(breach)
			if len(r.violations) > 0 {
				e = invalid(r.sorted()...)
			}
		}
		e.Err = err
		return nil, e
	}
	return compiled, nil
}

// refuser loads nothing.
type refuser struct{}

// Load is the library's interface.
func (refuser) Load(string) (any, error) {
	return nil, errors.New("schemas refer to nothing outside of themselves")
}

// invalid is the error of a schema that is refused.
func invalid(faults ...signalbox.Violation) *signalbox.Error {
	sentence := "the schema " + faults[0].Message
	if faults[0].Pointer != "" {
		sentence = "the schema's " + faults[0].Sentence()
	}
	return signalbox.Violated(signalbox.CodeInvalidInput, sentence, slices.Clone(faults))
}

// Shape is what rules can be checked against.
func (s *Schema) Shape() *signalbox.Shape { return s.shape }

// text is a keyword's operand as it was written: a number's digits, a string's characters.
func (n *node) text(key string) string {
	switch v := n.object[key].(type) {
	case json.Number:
		return v.String()
	case string:
		return cut(v, 128)
	}
	return ""
}

// cut shortens a text of more than most bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
