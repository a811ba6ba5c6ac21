package graph

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// mapScalar is the scalar whose values stay JSON text.
const mapScalar = "Map"

// literal is a value written in the document where the schema says Map.
type literal struct {
	name    string          // of the variable that takes its place
	place   *ast.Value      // in the document
	written *ast.Value      // a copy, as it was written
	text    json.RawMessage // as JSON; nil where it depends on variables
}

// substitute puts variables where Maps are written, once the document is valid.
// Their names begin with #, as no client's can. Texts and defaults that depend on
// nothing are made here, once.
func (doc *document) substitute(d *documents) error {
	for _, v := range doc.places {
		v.VariableDefinition = nil // or its default would be taken, be it another operation's
	}
	fixed := map[string]any{}
	for i := range doc.literals {
		l := &doc.literals[i]
		*l.place = ast.Value{Kind: ast.Variable, Raw: l.name, Position: l.place.Position}
		if hasVariable(l.written) {
			continue
		}
		w := textOf{room: d.limits.BodyBytes}
		if err := w.literal(l.written); err != nil {
			return err
		}
		l.text = w.text
		fixed[l.name] = l.text
	}
	for _, op := range doc.ast.Operations {
		for _, def := range op.VariableDefinitions {
			if def.DefaultValue == nil {
				continue
			}
			w := textOf{vars: fixed, room: d.limits.BodyBytes}
			if err := w.literal(def.DefaultValue); err != nil {
				return err
			}
			v, fault := d.coerce(w.text, def.Type)
			if fault != nil {
				return fault.of(def)
			}
			if doc.defaults == nil {
				doc.defaults = map[*ast.VariableDefinition]any{}
			}
			doc.defaults[def] = v
		}
	}
	return nil
}

// literalVariables adds the document's literals to the variables. Together they are
// no longer than a body may be: a large variable can stand in literals often.
func (doc *document) literalVariables(vars map[string]any, room int) error {
	for i := range doc.literals {
		l := &doc.literals[i]
		text := l.text
		if text == nil {
			w := textOf{vars: vars, room: room}
			if err := w.literal(l.written); err != nil {
				return err
			}
			text = w.text
			room -= len(text)
		}
		vars[l.name] = text
	}
	return nil
}

func hasVariable(v *ast.Value) bool {
	if v.Kind == ast.Variable {
		return true
	}
	for _, child := range v.Children {
		if hasVariable(child.Value) {
			return true
		}
	}
	return false
}

// textOf writes values as JSON.
type textOf struct {
	text json.RawMessage
	vars map[string]any
	room int // in bytes
	cut  bool
}

func (w *textOf) add(text ...byte) { w.text = append(w.text, text...) }

func (w *textOf) full() error {
	if w.cut {
		return invalid("a list of more than %d input objects stands in a Map: declare the variable as Map", maxBatch)
	}
	if len(w.text) > w.room {
		return signalbox.Errorf(signalbox.CodePayloadTooLarge,
			"the document's literals have more than %d bytes once variables stand in them", w.room)
	}
	return nil
}

// literal writes a value of the document. A variable within that was not given
// leaves its member out, as the specification has it for input objects.
func (w *textOf) literal(v *ast.Value) error {
	switch v.Kind {
	case ast.Variable:
		w.value(w.vars[v.Raw])
	case ast.IntValue, ast.FloatValue, ast.BooleanValue, ast.NullValue:
		w.add([]byte(v.Raw)...)
	case ast.StringValue, ast.BlockValue, ast.EnumValue: // a word only in defaults, for an enum
		w.text = payload.AppendString(w.text, v.Raw)
	case ast.ListValue:
		w.add('[')
		for i, child := range v.Children {
			if i > 0 {
				w.add(',')
			}
			if err := w.literal(child.Value); err != nil {
				return err
			}
		}
		w.add(']')
	case ast.ObjectValue:
		w.add('{')
		first := true
		for _, child := range v.Children {
			if _, given := w.vars[child.Value.Raw]; child.Value.Kind == ast.Variable && !given {
				continue
			}
			if !first {
				w.add(',')
			}
			first = false
			w.text = append(payload.AppendString(w.text, child.Name), ':')
			if err := w.literal(child.Value); err != nil {
				return err
			}
		}
		w.add('}')
	}
	return w.full()
}

// value writes a coerced variable.
func (w *textOf) value(v any) {
	switch v := v.(type) {
	case json.RawMessage:
		w.add(v...)
	case json.Number:
		w.add([]byte(v)...)
	case string:
		w.text = payload.AppendString(w.text, v)
	case bool:
		w.text = strconv.AppendBool(w.text, v)
	case int64:
		w.text = strconv.AppendInt(w.text, v, 10)
	case []any:
		w.add('[')
		for i, element := range v {
			if i > 0 {
				w.add(',')
			}
			w.value(element)
		}
		w.add(']')
		if len(v) > maxBatch {
			_, objects := v[0].(map[string]any)
			w.cut = w.cut || objects // coerceList may have left some out
		}
	case map[string]any: // of an input type; the order of members means nothing
		w.add('{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				w.add(',')
			}
			w.text = append(payload.AppendString(w.text, name), ':')
			w.value(v[name])
		}
		w.add('}')
	default: // nil is all that is left
		w.add([]byte("null")...)
	}
}

// cut bounds a text to n bytes, at the border of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
