package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/payload"
)

// variables reads the client's variables, an object in JSON that has passed the
// gate, by the types that the operation declares for them. What is declared Map
// stays the client's own text; numbers keep their digits until a type asks for
// less. (GraphQL specification, section 6.1.2.)
func (d *documents) variables(op *operation, raw json.RawMessage) (map[string]any, error) {
	defs := op.def.VariableDefinitions
	vars := make(map[string]any, len(defs)+len(op.doc.literals))
	var room [4]json.RawMessage
	given := append(room[:0], make([]json.RawMessage, len(defs))...)
	if len(defs) > 0 && raw != nil {
		index := indexOf(defs)
		for name, value := range payload.Members(raw) { // of which many may be nobody's
			if i := index(name); i >= 0 {
				given[i] = value
			}
		}
	}
	for i, def := range defs {
		switch value := given[i]; {
		case value != nil:
			if payload.IsNull(value) && op.doc.neverNull[def.Variable] {
				return nil, misfit("is null, and it stands where null cannot: leave it out for its default").of(def)
			}
			v, fault := d.coerce(value, def.Type)
			if fault != nil {
				return nil, fault.of(def)
			}
			vars[def.Variable] = v
		case def.DefaultValue != nil:
			vars[def.Variable] = op.doc.defaults[def]
		case def.Type.NonNull:
			return nil, invalid("variable $%s is missing: it is declared %s", def.Variable, def.Type)
		}
	}
	return vars, op.doc.literalVariables(vars, d.limits.BodyBytes)
}

// indexOf finds variables by name; -1 is none of them.
func indexOf(defs ast.VariableDefinitionList) func(name string) int {
	const few = 8
	if len(defs) <= few {
		return func(name string) int {
			return slices.IndexFunc(defs, func(d *ast.VariableDefinition) bool { return d.Variable == name })
		}
	}
	all := make(map[string]int, len(defs))
	for i, d := range defs {
		all[d.Variable] = i
	}
	return func(name string) int {
		if i, there := all[name]; there {
			return i
		}
		return -1
	}
}

// fault is why a value does not fit its type. Its steps lead from the value out to
// the variable; they are put together only where there is a fault.
type fault struct {
	reason string
	steps  []string
}

func misfit(format string, args ...any) *fault { return &fault{reason: fmt.Sprintf(format, args...)} }

func (f *fault) in(step string) *fault {
	f.steps = append(f.steps, step)
	return f
}

// of is the error that the client gets: the path is a pointer from the variable.
func (f *fault) of(def *ast.VariableDefinition) error {
	at, pointer := "variable $"+def.Variable, ""
	for _, step := range slices.Backward(f.steps) {
		pointer += "/" + step
	}
	if pointer != "" {
		at += ", at " + pointer + ","
	}
	e := invalid("%s %s", at, f.reason)
	e.Path = pointer
	return e
}

func (d *documents) coerce(raw json.RawMessage, typ *ast.Type) (any, *fault) {
	if payload.IsNull(raw) {
		if typ.NonNull {
			return nil, misfit("is null, and it is declared %s", typ)
		}
		if typ.NamedType == mapScalar {
			return json.RawMessage("null"), nil // null and absent are told apart
		}
		return nil, nil // GraphQL's null
	}
	if typ.Elem != nil {
		return d.coerceList(raw, typ)
	}
	def := d.schema.Types[typ.NamedType]
	switch def.Kind {
	case ast.InputObject:
		return d.coerceObject(raw, def)
	case ast.Enum:
		s, ok := payload.String(raw)
		if !ok || def.EnumValues.ForName(s) == nil {
			if !d.suggestions {
				return nil, misfit("is not one of %s", def.Name)
			}
			return nil, misfit("is not one of %s", strings.Join(enumNames(def), ", "))
		}
		return s, nil
	default:
		return coerceScalar(raw, typ)
	}
}

func (d *documents) coerceList(raw json.RawMessage, typ *ast.Type) (any, *fault) {
	if raw[0] != '[' { // one value stands for a list of one
		v, fault := d.coerce(raw, typ.Elem)
		return []any{v}, fault
	}
	def := d.schema.Types[typ.Name()]
	list := []any{}
	for element := range payload.Elements(raw) {
		switch n := len(list); {
		case def.Kind == ast.InputObject && n > maxBatch:
			return list, nil // longer than anything takes, which whoever gets it says
		case def.Kind == ast.Enum && n > maxBatch, n >= maxElements:
			return nil, misfit("has more than %d elements: declare the variable as Map, or send fewer", n)
		}
		v, fault := d.coerce(element, typ.Elem)
		if fault != nil {
			return nil, fault.in(strconv.Itoa(len(list)))
		}
		list = append(list, v)
	}
	return list, nil
}

func (d *documents) coerceObject(raw json.RawMessage, def *ast.Definition) (any, *fault) {
	if !payload.IsObject(raw) {
		return nil, misfit("is not an object, and it is declared %s", def.Name)
	}
	object := make(map[string]any, min(len(def.Fields), 8)) // what one group of a map holds
	for name, value := range payload.Members(raw) {
		field := def.Fields.ForName(name)
		if field == nil {
			if !d.suggestions {
				return nil, misfit("is unknown: %s has no such field", def.Name).in(segment(name))
			}
			return nil, misfit("is unknown: %s has %s", def.Name, strings.Join(fieldNames(def), ", ")).in(segment(name))
		}
		v, fault := d.coerce(value, field.Type)
		if fault != nil {
			return nil, fault.in(field.Name)
		}
		object[field.Name] = v
	}
	for _, field := range def.Fields {
		if _, there := object[field.Name]; there {
			continue
		}
		if field.Type.NonNull && field.DefaultValue == nil {
			return nil, misfit("is missing, and it is declared %s", field.Type).in(field.Name)
		}
	}
	return object, nil
}

func coerceScalar(raw json.RawMessage, typ *ast.Type) (any, *fault) {
	if typ.NamedType == mapScalar {
		if !payload.IsObject(raw) {
			return nil, misfit("is not an object: wrap the value in one")
		}
		return raw, nil
	}
	s, isString := payload.String(raw)
	isNumber := raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
	switch typ.NamedType {
	case "String":
		if isString {
			return s, nil
		}
		return nil, misfit("is not a string")
	case "ID":
		if isString {
			return s, nil
		}
		if isNumber && !strings.ContainsAny(string(raw), ".eE") {
			return string(raw), nil
		}
		return nil, misfit("is not an ID: a string or a whole number is expected")
	case "Boolean":
		if string(raw) == "true" || string(raw) == "false" {
			return string(raw) == "true", nil
		}
		return nil, misfit("is not true or false")
	case "Int":
		n, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			return nil, misfit("is not a whole number of 32 bits")
		}
		return n, nil
	case "Float":
		if !isNumber {
			return nil, misfit("is not a number")
		}
		if _, err := strconv.ParseFloat(string(raw), 64); err != nil {
			return nil, misfit("is beyond what a Float can be")
		}
		return json.Number(raw), nil
	case "Time":
		if _, err := model.UnmarshalTime(s); !isString || err != nil {
			return nil, misfit("is not a time as RFC 3339 has it, e.g. 2026-03-01T12:00:00Z")
		}
		return s, nil
	case "Duration":
		if _, err := model.UnmarshalDuration(s); !isString || err != nil {
			return nil, misfit("is not a duration of weeks, days, hours, minutes and seconds as ISO 8601 has it, e.g. PT1H30M")
		}
		return s, nil
	default: // a scalar of ours reads its own text
		if isString {
			return s, nil
		}
		return nil, misfit("is not a string, and %s is written as one", typ.NamedType)
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
