package eventtype

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// RELIABILITY's hostile schemas: each is refused at once, with a place and a reason.
func TestHostileSchemas(t *testing.T) {
	repeated := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	deep := func(n int, open, inner, end string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	for _, c := range []struct{ name, schema, pointer, message string }{
		{"nothing", ``, "", "malformed"},
		{"no schema", `[]`, "", "is an array; a schema is a JSON object"},
		{"a text", `"type"`, "", "is a string; a schema is a JSON object"},
		{"takes nothing", `false`, "", "takes no object at all"},
		{"takes no object", `{"type":"array"}`, "", "takes no object at all"},
		{"takes no object, by a reference", `{"$ref":"#/$defs/a","$defs":{"a":{"type":["string","null"]}}}`, "", "takes no object at all"},
		{"over 64 KiB", `{"description":"` + strings.Repeat("x", 64<<10) + `"}`, "", "bytes; the limit is 65536"},
		{"nested deeply", deep(70, `{"not":`, `{}`, `}`), "/not", "deeper than 64"},
		{"a key twice", `{"type":"object","type":"string"}`, "/type", "twice"},
		{"draft-04", `{"$schema":"http://json-schema.org/draft-04/schema#"}`, "/$schema", "not supported"},
		{"draft 2019-09", `{"$schema":"https://json-schema.org/draft/2019-09/schema"}`, "/$schema", "not supported"},
		{"a dialect of one's own", `{"$schema":"https://example.com/dialect"}`, "/$schema", "not supported"},
		{"a dialect from a file", `{"$schema":"file:///etc/passwd"}`, "/$schema", "not supported"},

		{"remote reference", `{"$ref":"https://example.com/x.json"}`, "/$ref", "none is ever loaded"},
		{"remote reference to a place", `{"properties":{"a":{"$ref":"http://169.254.169.254/latest#/x"}}}`, "/properties/a/$ref", "none is ever loaded"},
		{"file reference", `{"$ref":"file:///etc/passwd"}`, "/$ref", "none is ever loaded"},
		{"relative reference", `{"$ref":"other.json"}`, "/$ref", "none is ever loaded"},
		{"metaschema reference", `{"$ref":"https://json-schema.org/draft/2020-12/schema"}`, "/$ref", "none is ever loaded"},
		{"reference by a base", `{"$id":"https://example.com/","$ref":"a.json"}`, "/$ref", "none is ever loaded"},
		{"base within", `{"properties":{"a":{"$id":"file:///etc/","$ref":"#/x"}}}`, "/properties/a/$id", "not supported"},
		{"dynamic reference", `{"$dynamicRef":"https://example.com/#x"}`, "/$dynamicRef", "not supported"},
		{"dynamic anchor", `{"$dynamicAnchor":"x"}`, "/$dynamicAnchor", "not supported"},
		{"recursive reference", `{"$recursiveRef":"#"}`, "/$recursiveRef", "not supported"},
		{"reference to nothing", `{"$ref":"#/$defs/x"}`, "/$ref", "does not lead to a schema"},
		{"reference into an enum", `{"enum":[{"type":"string"}],"properties":{"a":{"$ref":"#/enum/0"}}}`, "/properties/a/$ref", "does not lead to a schema"},
		{"reference into an annotation", `{"x":{"type":"string"},"properties":{"a":{"$ref":"#/x"}}}`, "/properties/a/$ref", "does not lead to a schema"},
		{"reference to an anchor that is not", `{"$ref":"#here"}`, "/$ref", "names an anchor"},
		{"reference that is none", `{"$ref":"#%zz"}`, "/$ref", "not a URI reference"},
		{"reference that is a number", `{"$ref":1}`, "/$ref", "is a number"},

		{"itself, in place", `{"$ref":"#"}`, "/$ref", "leads back to itself"},
		{"itself, in place, by a choice", `{"anyOf":[{"type":"object"},{"$ref":"#"}]}`, "/anyOf/1/$ref", "leads back to itself"},
		{"itself, in place, by not", `{"not":{"$ref":"#"}}`, "/not/$ref", "leads back to itself"},
		{"each other, in place", `{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"if":{"$ref":"#/$defs/a"}}}}`, "/$defs/b/if/$ref", "leads back to itself"},
		{"exponential references", `{"$ref":"#/$defs/a0","$defs":{` + repeated(60, `"a%d":{"allOf":[{"$ref":"#/$defs/a%[2]d"},{"$ref":"#/$defs/a%[2]d"}]}`) + `,"a60":{}}}`, "/$defs/", "more than 256"},
		{"exponential references, draft-07", `{"$schema":"http://json-schema.org/draft-07/schema#","allOf":[{"$ref":"#/definitions/a0"}],"definitions":{` + repeated(60, `"a%d":{"oneOf":[{"$ref":"#/definitions/a%[2]d"},{"$ref":"#/definitions/a%[2]d"}]}`) + `,"a60":{}}}`, "/definitions/", "more than 256"},
		{"exponential references below", `{"properties":{"x":{"items":{"$ref":"#/$defs/a0"}}},"$defs":{` + repeated(12, `"a%d":{"anyOf":[{"$ref":"#/$defs/a%[2]d"},{"not":{"$ref":"#/$defs/a%[2]d"}}]}`) + `,"a12":{}}}`, "/$defs/", "more than 256"},
		{"exponential in the value's depth", `{"oneOf":[{"properties":{"x":{"$ref":"#"}}},{"properties":{"x":{"$ref":"#"},"y":{}}}]}`, "", "more than 256"},
		{"exponential in depth, by a pattern", `{"properties":{"x":{"$ref":"#"}},"patternProperties":{"^x":{"$ref":"#"}}}`, "", "more than 256"},
		{"exponential in depth, by elements", `{"$defs":{"a":{"items":{"$ref":"#/$defs/a"},"contains":{"$ref":"#/$defs/a"}}},"properties":{"x":{"$ref":"#/$defs/a"}}}`, "/$defs/a", "more than 256"},
		{"exponential in depth, by two", `{"$defs":{"a":{"items":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}]}},"b":{"items":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}]}}},"properties":{"x":{"$ref":"#/$defs/a"}}}`, "/$defs/", "more than 256"},
		{"conditions that apply one twice", `{"$defs":{"a":{"properties":{"x":{"if":{"$ref":"#/$defs/a"},"then":{"$ref":"#/$defs/a"}}}}},"$ref":"#/$defs/a"}`, "/$defs/a", "more than 256"},
		{"a choice of very many", `{"properties":{"x":{"anyOf":[` + strings.Repeat(`{},`, 300) + `{}]}}}`, "/properties/x", "more than 256"},
		{"very many states", manyStates(), "", "too intricate"},
		{"very many subschemas", `{"properties":{` + repeated(1100, `"a%[1]d":{}`) + `}}`, "/properties/", "the limit is 1000"},
		{"very many names", `{"required":[` + repeated(5200, `"n%[1]d"`) + `]}`, "", "takes too long"},

		{"a pattern of a million instructions", `{"pattern":"((((a{30}){30}){30}){30})"}`, "/pattern", "no regular expression"},
		{"a pattern of many instructions", `{"pattern":"(a{30}b{30}c{30}d{30}e{30}){30}"}`, "/pattern", "too large a pattern"},
		{"a long pattern", `{"pattern":"` + strings.Repeat("a", 2000) + `"}`, "/pattern", "too large a pattern"},
		{"a pattern with parentheses", `{"pattern":"` + deep(400, "(", "a", ")") + `"}`, "", ""},
		{"a bad pattern", `{"properties":{"a":{"pattern":"("}}}`, "/properties/a/pattern", "no regular expression"},
		{"a lookahead", `{"pattern":"^(?!x)"}`, "/pattern", "neither lookaround"},
		{"a bad pattern for names", `{"patternProperties":{"a/(":{}}}`, "/patternProperties/a~1(", "no regular expression"},
		{"very many patterns", `{"properties":{` + repeated(200, `"a%[1]d":{"pattern":"^a"}`) + `}}`, "/properties/", "the limit is 100"},
		{"patterns that are large in all", `{"patternProperties":{` + repeated(10, `"a%[1]d(b{30}c{30}){20}(d{30}e{30}){20}":{}`) + `}}`, "/patternProperties/", "too large"},

		{"a number of ten million digits", `{"minimum":1e10000000}`, "/minimum", "exponent"},
		{"a count beyond all", `{"maxLength":1e300}`, "/maxLength", "wants a whole number"},
		{"a negative count", `{"minItems":-1}`, "/minItems", "wants a whole number"},
		{"half a count", `{"maxItems":1.5}`, "/maxItems", "wants a whole number"},
		{"a multiple of nothing", `{"multipleOf":0}`, "/multipleOf", "greater than 0"},
		{"an unknown type", `{"properties":{"a":{"type":"strng"}}}`, "/properties/a/type", "the types are"},
		{"a type twice", `{"type":["object","object"]}`, "/type", "each once"},
		{"no type", `{"type":[]}`, "/type", "names no type"},
		{"draft-04's required", `{"properties":{"a":{"required":true}}}`, "/properties/a/required", "array of strings"},
		{"draft-04's exclusiveMinimum", `{"minimum":1,"exclusiveMinimum":true}`, "/exclusiveMinimum", "wants a number"},
		{"names that are alike but for where arrays end", `{"required":[` + streams(100) + `]}`, "/required", "array of strings"},
		{"properties that are a list", `{"properties":["a"]}`, "/properties", "wants an object of schemas"},
		{"a property that is a name", `{"properties":{"a":"string"}}`, "/properties/a", "a schema is an object"},
		{"no alternatives", `{"anyOf":[]}`, "/anyOf", "at least one schema"},
		{"no values", `{"enum":[]}`, "/enum", "at least one value"},
		{"a mark that is none", `{"properties":{"a":{"x-sensitive":"yes"}}}`, "/properties/a/x-sensitive", "true or false"},
		{"an anchor twice", `{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}`, "/$defs/b/$anchor", "another place"},
		{"lists of dependencies", `{"dependentRequired":{"a":[1]}}`, "/dependentRequired/a", "array of strings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			took := cputest.Of(t, func() { _, err = CompileSchema([]byte(c.schema)) })
			require.Less(t, took, slack*50*time.Millisecond)
			if c.message == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			e := signalbox.AsError(err)
			require.Equal(t, signalbox.CodeInvalidInput, e.Code)
			require.NotEmpty(t, e.Violations)
			require.Contains(t, e.Violations[0].Pointer, c.pointer)
			require.Contains(t, e.Violations[0].Message, c.message)
			require.Contains(t, e.Message, e.Violations[0].Message)
			require.Equal(t, e.Violations[0].Pointer, e.Path)
			require.LessOrEqual(t, len(e.Violations), maxFaults)
			require.Less(t, len(e.Message), 1000, "no echo")
		})
	}
}

// manyStates is a schema whose places, followed all at once, are as many as the
// subsets of its branches (the automaton of "the 14th name from the end is a").
func manyStates() string {
	var b strings.Builder
	for i := range 14 {
		fmt.Fprintf(&b, `,"s%d":{"additionalProperties":{"$ref":"#/$defs/s%d"}}`, i, i+1)
	}
	return `{"$ref":"#/$defs/any","$defs":{"any":{"properties":{"a":{"anyOf":[{"$ref":"#/$defs/any"},{"$ref":"#/$defs/s0"}]}},"additionalProperties":{"$ref":"#/$defs/any"}}` +
		b.String() + `,"s14":{"maxProperties":3}}}`
}

// What looks like the above, and is fine.
func TestPlainSchemas(t *testing.T) {
	var wide strings.Builder
	for i := range 900 {
		fmt.Fprintf(&wide, `,"field%d":{"type":"string"}`, i)
	}
	for _, c := range []struct{ name, schema, data string }{
		{"empty", `{}`, `{"a":1}`},
		{"true", `true`, `{"a":1}`},
		{"a tree", `{"properties":{"left":{"$ref":"#"},"right":{"$ref":"#"},"children":{"items":{"$ref":"#"}}},"additionalProperties":false}`, `{"left":{"right":{}},"children":[{"left":{}}]}`},
		{"a tree that is told", `{"properties":{"left":{"$ref":"#"},"right":{"$ref":"#"}},"unevaluatedProperties":false}`, `{"left":{"right":{}}}`},
		{"an anchor", `{"properties":{"a":{"$ref":"#str"}},"$defs":{"s":{"$anchor":"str","type":"string"}}}`, `{"a":"x"}`},
		{"its own id", `{"$id":"https://example.com/a.json","properties":{"a":{"$ref":"https://example.com/a.json#/$defs/s"},"b":{"$ref":"#/$defs/s"}},"$defs":{"s":{"type":"string"}}}`, `{"a":"x","b":"y"}`},
		{"odd names", `{"properties":{"a":{"$ref":"#/$defs/x~1y%20~0%25"}},"$defs":{"x/y ~%":{"type":"string"}}}`, `{"a":"x"}`},
		{"draft-07 by a generator", `{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/E","definitions":{"E":{"type":"object","properties":{"a":{"$ref":"#/definitions/S","description":"said here","minLength":99}}},"S":{"type":"string"}}}`, `{"a":"x"}`},
		{"draft-07's tuples", `{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"items":[{"type":"string"},{"type":"number"}],"additionalItems":false}}}`, `{"a":["x",1]}`},
		{"draft-07's dependencies", `{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["b"],"c":{"required":["d"]}}}`, `{"a":1,"b":2}`},
		{"keywords of another draft are annotations", `{"$schema":"http://json-schema.org/draft-07/schema#","dependentRequired":{"a":["b"]},"unevaluatedProperties":false}`, `{"a":1}`},
		{"annotations", `{"title":"T","description":"D","default":{},"examples":[1],"deprecated":true,"$comment":"c","x-owner":{"properties":7}}`, `{}`},
		{"wide", `{"properties":{` + wide.String()[1:] + `}}`, `{"field7":"x"}`},
		{"a long enum", `{"properties":{"a":{"enum":[` + names(5000) + `]}}}`, `{"a":"n4999"}`},
		{"numbers are what they are worth", `{"properties":{"a":{"enum":[1,10]},"b":{"const":1.0}}}`, `{"a":1.0e1,"b":1}`},
		{"linear in depth", `{"properties":{"x":{"$ref":"#"}},"allOf":[{"$ref":"#/$defs/m"}],"$defs":{"m":{"properties":{"x":{"$ref":"#/$defs/m"}}}}}`, `{"x":{"x":{}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s *Schema
			var err error
			took := cputest.Of(t, func() { s, err = CompileSchema([]byte(c.schema)) })
			require.NoError(t, err)
			require.Less(t, took, slack*50*time.Millisecond)
			require.Empty(t, s.Validate(payload.Decode([]byte(c.data))))
		})
	}
}
