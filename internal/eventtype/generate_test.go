package eventtype

import (
	"encoding/json"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/payload"
)

// generator draws schemas and values that are small and alike, so that one often
// nearly fits the other.
type generator struct {
	t      *rapid.T
	draft7 bool
}

type object = map[string]any

func (g *generator) chance(percent int) bool {
	return rapid.IntRange(0, 99).Draw(g.t, "chance") < percent
}

func pick[V any](g *generator, of ...V) V { return rapid.SampledFrom(of).Draw(g.t, "pick") }

// document is a schema with two definitions.
func (g *generator) document() object {
	shelf, dialect := "$defs", "https://json-schema.org/draft/2020-12/schema"
	if g.draft7 {
		shelf, dialect = "definitions", "http://json-schema.org/draft-07/schema#"
	}
	root := g.objectSchema(3)
	root["$schema"] = dialect
	root[shelf] = object{"s": g.schema(1), "t": g.schema(2)}
	return root
}

func (g *generator) schema(depth int) any {
	if depth == 0 || g.chance(40) {
		return g.scalarSchema()
	}
	switch pick(g, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8) {
	case 0:
		return g.objectSchema(depth)
	case 1:
		return g.arraySchema(depth)
	case 2:
		return object{"anyOf": []any{g.schema(depth - 1), g.schema(depth - 1)}}
	case 3:
		return object{"oneOf": []any{g.schema(depth - 1), g.schema(depth - 1)}}
	case 4:
		return object{"allOf": []any{g.schema(depth - 1), g.schema(depth - 1)}}
	case 5:
		return object{"not": g.schema(depth - 1)}
	case 6:
		return object{"if": g.schema(depth - 1), "then": g.schema(depth - 1), "else": g.schema(depth - 1)}
	case 7:
		if g.draft7 {
			return object{"$ref": "#/definitions/s"}
		}
		return object{"$ref": "#/$defs/s"}
	default:
		return pick[any](g, true, true, false, object{})
	}
}

func (g *generator) scalarSchema() any {
	s := object{}
	switch pick(g, 0, 1, 2, 3, 4, 5) {
	case 0:
		s["type"] = "string"
		g.counts(s, "minLength", "maxLength")
		if g.chance(20) {
			s["pattern"] = pick(g, "^a", "b$")
		}
		if g.chance(20) {
			s["format"] = pick(g, "date", "email")
		}
	case 1, 2:
		s["type"] = pick(g, "number", "integer")
		for _, key := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
			if g.chance(25) {
				s[key] = json.Number(pick(g, "0", "1", "2", "1.5", "10e-1"))
			}
		}
		if g.chance(20) {
			s["multipleOf"] = json.Number(pick(g, "1", "2", "0.5"))
		}
	case 3:
		s["enum"] = g.scalars()
	case 4:
		s["const"] = g.value(1)
	default:
		s["type"] = pick[any](g, "null", "boolean", "string", []any{"string", "null"}, []any{"number", "boolean", "null"}, "array")
	}
	return s
}

func (g *generator) counts(s object, lower, upper string) {
	if g.chance(20) {
		s[lower] = json.Number(pick(g, "0", "1", "2"))
	}
	if g.chance(20) {
		s[upper] = json.Number(pick(g, "1", "2", "3"))
	}
}

func (g *generator) objectSchema(depth int) object {
	s, properties := object{}, object{}
	if g.chance(80) {
		s["type"] = "object"
	}
	for _, name := range []string{"a", "b", "c"} {
		if g.chance(60) {
			properties[name] = g.schema(depth - 1)
		}
		if g.chance(25) {
			required, _ := s["required"].([]any)
			s["required"] = append(required, name)
		}
	}
	if len(properties) > 0 {
		s["properties"] = properties
	}
	if g.chance(30) {
		s["additionalProperties"] = pick[any](g, false, false, true, g.schema(depth-1))
	}
	if g.chance(10) {
		s["patternProperties"] = object{pick(g, "^b", "[cd]"): g.schema(depth - 1)}
	}
	if g.chance(10) {
		s["propertyNames"] = object{"pattern": pick(g, "^[abc]$", "[abcd]")}
	}
	if g.chance(10) {
		s[pick(g, "allOf", "anyOf")] = []any{g.objectSchema(max(depth-1, 1))}
	}
	switch {
	case g.draft7 && g.chance(10):
		s["dependencies"] = object{"a": pick[any](g, []any{"b"}, g.schema(depth-1))}
	case !g.draft7 && g.chance(10):
		s["dependentRequired"] = object{"a": []any{"b"}}
	case !g.draft7 && g.chance(10):
		s["dependentSchemas"] = object{"a": g.schema(depth - 1)}
	case !g.draft7 && g.chance(10):
		s["unevaluatedProperties"] = pick[any](g, false, g.schema(depth-1))
	}
	g.counts(s, "minProperties", "maxProperties")
	return s
}

func (g *generator) arraySchema(depth int) object {
	s := object{"type": "array"}
	switch {
	case g.chance(60):
		s["items"] = g.schema(depth - 1)
	case g.draft7:
		s["items"], s["additionalItems"] = []any{g.schema(depth - 1)}, g.schema(depth-1)
	default:
		s["prefixItems"], s["items"] = []any{g.schema(depth - 1)}, g.schema(depth-1)
	}
	if g.chance(20) {
		s["uniqueItems"] = true
	}
	if g.chance(15) {
		s["contains"] = g.schema(depth - 1)
	}
	if g.chance(10) && !g.draft7 {
		s["unevaluatedItems"] = false
	}
	g.counts(s, "minItems", "maxItems")
	return s
}

func (g *generator) scalar() any {
	return pick[any](g, nil, true, false, "", "a", "ab", "b", "2026-01-31", "a@b.c",
		json.Number("0"), json.Number("1"), json.Number("1.0"), json.Number("1.5"), json.Number("2"), json.Number("3"))
}

// scalars are different ones.
func (g *generator) scalars() []any {
	var list []any
	for range rapid.IntRange(1, 4).Draw(g.t, "values") {
		if v := g.scalar(); !slices.ContainsFunc(list, func(there any) bool { return same(read(there), read(v)) }) {
			list = append(list, v)
		}
	}
	return list
}

func (g *generator) value(depth int) any {
	if depth == 0 || g.chance(50) {
		return g.scalar()
	}
	if g.chance(35) {
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(g.t, "elements") {
			list = append(list, g.value(depth-1))
		}
		return list
	}
	return g.object(depth)
}

func (g *generator) object(depth int) any {
	o := object{}
	for _, name := range []string{"a", "b", "c", "d"} {
		if g.chance(55) {
			o[name] = g.value(depth - 1)
		}
	}
	return o
}

// fitting draws a value that often fits the schema.
func (g *generator) fitting(schema any, depth int) any {
	s, _ := schema.(object)
	if s == nil || depth == 0 || g.chance(10) {
		return g.value(max(depth, 1))
	}
	if list, ok := s["enum"].([]any); ok {
		return pick(g, list...)
	}
	if v, ok := s["const"]; ok {
		return v
	}
	for _, choice := range []string{"anyOf", "oneOf", "allOf"} {
		if list, ok := s[choice].([]any); ok && s["type"] == nil {
			return g.fitting(pick(g, list...), depth)
		}
	}
	switch s["type"] {
	case "object":
		o := object{}
		properties, _ := s["properties"].(object)
		for _, name := range []string{"a", "b", "c", "d"} {
			if sub, ok := properties[name]; ok && g.chance(85) {
				o[name] = g.fitting(sub, depth-1)
			} else if g.chance(20) {
				o[name] = g.value(1)
			}
		}
		return o
	case "array":
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(g.t, "elements") {
			list = append(list, g.fitting(s["items"], depth-1))
		}
		return list
	case "string":
		return pick[any](g, "", "a", "ab", "b", "2026-01-31", "a@b.c")
	case "number", "integer":
		return pick[any](g, json.Number("0"), json.Number("1"), json.Number("1.5"), json.Number("2"), json.Number("3"))
	}
	return g.value(depth)
}

// changed draws a schema that differs from the given one here and there.
func (g *generator) changed(schema any, depth int) any {
	s, ok := schema.(object)
	if !ok || depth == 0 || g.chance(8) {
		return g.schema(max(depth, 1))
	}
	out := object{}
	for _, key := range sortedKeys(s) {
		v := s[key]
		switch {
		case key == "$schema":
			out[key] = v
		case key == "$defs" || key == "definitions" || key == "properties":
			members := object{}
			for _, name := range sortedKeys(v.(object)) {
				sub := v.(object)[name]
				switch {
				case key == "properties" && g.chance(8):
				case g.chance(25):
					members[name] = g.changed(sub, depth-1)
				default:
					members[name] = sub
				}
			}
			if key == "properties" && g.chance(10) {
				members["d"] = g.schema(1)
			}
			out[key] = members
		case key == "items" || key == "additionalProperties":
			out[key] = v
			if g.chance(20) {
				out[key] = g.changed(v, depth-1)
			}
		case key == "anyOf" && g.chance(40):
			out[key] = append([]any{g.schema(1)}, v.([]any)...)
		case g.chance(8): // gone
		case key == "minimum" || key == "maximum" || key == "exclusiveMinimum" || key == "exclusiveMaximum":
			out[key] = json.Number(pick(g, "0", "1", "2", "1.5"))
		case key == "minLength" || key == "maxLength" || key == "minItems" || key == "maxItems":
			out[key] = json.Number(pick(g, "0", "1", "2", "3"))
		default:
			out[key] = v
		}
	}
	if g.chance(10) && s["type"] == "object" {
		out["required"] = []any{pick(g, "a", "b", "c")}
	}
	if g.chance(6) {
		more, _ := g.schema(1).(object)
		for key, v := range more {
			if _, there := out[key]; !there {
				out[key] = v
			}
		}
	}
	return out
}

func sortedKeys(m object) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	for i := range keys {
		for j := i; j > 0 && keys[j] < keys[j-1]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

// written is a drawn schema or value as its author would write it.
func written(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprint("a drawn value cannot be written: ", err))
	}
	return text
}

// read is a drawn value as the road would have it.
func read(v any) any { return payload.Decode(written(v)) }
