package graph

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/internal/payload"
)

// variables reads the client's variables, an object in JSON that has passed the
// gate, by the types that the operation declares for them. What is declared Map
// stays the client's own text; numbers keep their digits until a type asks for
// less. (GraphQL specification, section 6.1.2.)
func (d *documents) variables(op *operation, raw json.RawMessage) (map[string]any, error) {
	vars := make(map[string]any, len(op.def.VariableDefinitions)+len(op.doc.literals))
	given := make(map[string]json.RawMessage, len(op.def.VariableDefinitions))
	if raw != nil {
		for name, value := range payload.Members(raw) {
			given[name] = value
		}
	}
	for _, def := range op.def.VariableDefinitions {
		value, there := given[def.Variable]
		switch {
		case there:
			at := variablePath{name: def.Variable}
			if payload.IsNull(value) && op.doc.neverNull[def.Variable] {
				return nil, at.fault("is null, and it stands where null cannot: leave it out for its default")
			}
			v, err := d.coerce(value, def.Type, at)
			if err != nil {
				return nil, err
			}
			vars[def.Variable] = v
		case def.DefaultValue != nil:
			vars[def.Variable] = op.doc.defaults[def]
		case def.Type.NonNull:
			return nil, invalid("variable $%s is missing: it is declared %s", def.Variable, def.Type)
		}
	}
	return vars, op.doc.literalVariables(vars)
}

// variablePath is where in the variables a value is.
type variablePath struct {
	name    string
	pointer string
}

func (p variablePath) in(segment string) variablePath {
	return variablePath{p.name, p.pointer + "/" + segment}
}

func (p variablePath) fault(format string, args ...any) error {
	at := "variable $" + p.name
	if p.pointer != "" {
		at += ", at " + p.pointer + ","
	}
	e := invalid("%s %s", at, fmt.Sprintf(format, args...))
	e.Path = p.pointer
	return e
}

func (d *documents) coerce(raw json.RawMessage, typ *ast.Type, at variablePath) (any, error) {
	if payload.IsNull(raw) {
		if typ.NonNull {
			return nil, at.fault("is null, and it is declared %s", typ)
		}
		if typ.NamedType == mapScalar {
			return json.RawMessage("null"), nil // null and absent are told apart
		}
		return nil, nil //nolint:nilnil // GraphQL's null.
	}
	if typ.Elem != nil {
		return d.coerceList(raw, typ, at)
	}
	def := d.schema.Types[typ.NamedType]
	switch def.Kind {
	case ast.InputObject:
		return d.coerceObject(raw, def, at)
	case ast.Enum:
		s, ok := payload.String(raw)
		if !ok || def.EnumValues.ForName(s) == nil {
			return nil, at.fault("is not one of %s", strings.Join(enumNames(def), ", "))
		}
		return s, nil
	default:
		return coerceScalar(raw, typ, at)
	}
}

func (d *documents) coerceList(raw json.RawMessage, typ *ast.Type, at variablePath) (any, error) {
	if raw[0] != '[' { // one value stands for a list of one
		v, err := d.coerce(raw, typ.Elem, at)
		return []any{v}, err
	}
	list := []any{}
	for element := range payload.Elements(raw) {
		v, err := d.coerce(element, typ.Elem, at.in(strconv.Itoa(len(list))))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (d *documents) coerceObject(raw json.RawMessage, def *ast.Definition, at variablePath) (any, error) {
	if !payload.IsObject(raw) {
		return nil, at.fault("is not an object, and it is declared %s", def.Name)
	}
	object := make(map[string]any, len(def.Fields))
	for name, value := range payload.Members(raw) {
		field := def.Fields.ForName(name)
		if field == nil {
			return nil, at.in(segment(name)).fault("is unknown: %s has %s", def.Name, strings.Join(fieldNames(def), ", "))
		}
		v, err := d.coerce(value, field.Type, at.in(name))
		if err != nil {
			return nil, err
		}
		object[name] = v
	}
	for _, field := range def.Fields {
		if _, there := object[field.Name]; there {
			continue
		}
		if field.Type.NonNull && field.DefaultValue == nil {
			return nil, at.in(field.Name).fault("is missing, and it is declared %s", field.Type)
		}
	}
	return object, nil
}

func coerceScalar(raw json.RawMessage, typ *ast.Type, at variablePath) (any, error) {
	s, isString := payload.String(raw)
	isNumber := raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
	switch typ.NamedType {
	case mapScalar:
		if !payload.IsObject(raw) {
			return nil, at.fault("is not an object: wrap the value in one")
		}
		return raw, nil
	case "String":
		if isString {
			return s, nil
		}
		return nil, at.fault("is not a string")
	case "ID":
		if isString {
			return s, nil
		}
		if isNumber && !strings.ContainsAny(string(raw), ".eE") {
			return string(raw), nil
		}
		return nil, at.fault("is not an ID: a string or a whole number is expected")
	case "Boolean":
		if string(raw) == "true" || string(raw) == "false" {
			return string(raw) == "true", nil
		}
		return nil, at.fault("is not true or false")
	case "Int":
		n, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			return nil, at.fault("is not a whole number of 32 bits")
		}
		return n, nil
	case "Float":
		if isNumber {
			return json.Number(raw), nil
		}
		return nil, at.fault("is not a number")
	default: // a scalar of ours reads its own text
		if isString {
			return s, nil
		}
		return nil, at.fault("is not a string, and %s is written as one", typ.NamedType)
	}
}

func enumNames(def *ast.Definition) []string {
	names := make([]string, 0, len(def.EnumValues))
	for _, v := range def.EnumValues {
		names = append(names, v.Name)
	}
	return names
}

func fieldNames(def *ast.Definition) []string {
	names := make([]string, 0, len(def.Fields))
	for _, f := range def.Fields {
		names = append(names, f.Name)
	}
	return names
}

// segment makes a client's own key fit for a message.
func segment(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(cut(key, 64))
}
