package graph

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/internal/payload"
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
		text, err := appendLiteral(nil, l.written, nil)
		if err != nil {
			return err
		}
		l.text = text
		fixed[l.name] = l.text
	}
	for _, op := range doc.ast.Operations {
		for _, def := range op.VariableDefinitions {
			if def.DefaultValue == nil {
				continue
			}
			text, err := appendLiteral(nil, def.DefaultValue, fixed)
			if err != nil {
				return err
			}
			v, fault := d.coerce(text, def.Type)
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

// literalVariables adds the document's literals to the variables.
func (doc *document) literalVariables(vars map[string]any) error {
	for i := range doc.literals {
		l := &doc.literals[i]
		text := l.text
		if text == nil {
			var err error
			if text, err = appendLiteral(nil, l.written, vars); err != nil {
				return err
			}
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

// appendLiteral writes a literal as JSON. A variable within that was not given
// leaves its member out, as the specification has it for input objects.
func appendLiteral(b []byte, v *ast.Value, vars map[string]any) ([]byte, error) {
	switch v.Kind {
	case ast.Variable:
		return appendValue(b, vars[v.Raw])
	case ast.IntValue, ast.FloatValue, ast.BooleanValue:
		return append(b, v.Raw...), nil
	case ast.StringValue, ast.BlockValue, ast.EnumValue: // a word only in defaults, for an enum
		return payload.AppendString(b, v.Raw), nil
	case ast.NullValue:
		return append(b, "null"...), nil
	case ast.ListValue:
		var err error
		b = append(b, '[')
		for i, child := range v.Children {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendLiteral(b, child.Value, vars); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case ast.ObjectValue:
		var err error
		b = append(b, '{')
		first := true
		for _, child := range v.Children {
			if _, given := vars[child.Value.Raw]; child.Value.Kind == ast.Variable && !given {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(payload.AppendString(b, child.Name), ':')
			if b, err = appendLiteral(b, child.Value, vars); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return nil, invalid("a value in the document cannot be written as JSON")
}

// appendValue writes a coerced variable as JSON.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case json.RawMessage:
		return append(b, v...), nil
	case json.Number:
		return append(b, v...), nil
	case string:
		return payload.AppendString(b, v), nil
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case []any:
		var err error
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendValue(b, element); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	return nil, invalid("a variable of an input type stands in a Map: declare it as Map")
}

// cut bounds a text to n bytes, at the border of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
