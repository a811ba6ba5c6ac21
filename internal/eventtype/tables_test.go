package eventtype

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func table(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

func lines(violations []signalbox.Violation) []string {
	out := make([]string, len(violations))
	for i, v := range violations {
		out[i] = strings.TrimSpace(v.Pointer + " " + v.Message)
	}
	return out
}

func TestBreaches(t *testing.T) { // P-16, A-04, A-05, A-11
	var groups []struct {
		About  string
		Schema json.RawMessage
		Cases  []struct {
			Data     json.RawMessage
			Breaches []string
		}
	}
	table(t, "breaches.json", &groups)
	for _, g := range groups {
		t.Run(g.About, func(t *testing.T) {
			s, err := CompileSchema(g.Schema)
			require.NoError(t, err)
			for _, c := range g.Cases {
				require.Equal(t, c.Breaches, lines(s.Validate(payload.Decode(c.Data))), "%s", c.Data)
			}
		})
	}
}

func TestBreaks(t *testing.T) { // P-25
	var cases []struct {
		About        string
		Older, Newer json.RawMessage
		Breaks       []string
	}
	table(t, "breaks.json", &cases)
	for _, c := range cases {
		t.Run(c.About, func(t *testing.T) {
			older, err := CompileSchema(c.Older)
			require.NoError(t, err)
			newer, err := CompileSchema(c.Newer)
			require.NoError(t, err)
			require.Equal(t, c.Breaks, lines(Breaks(older, newer)))
		})
	}
}

func TestViolationsAreBounded(t *testing.T) {
	s, err := CompileSchema([]byte(`{"items":{"type":"string"},"properties":{"l":{"items":{"type":"string"}}}}`))
	require.NoError(t, err)
	breaches := s.Validate(payload.Decode([]byte(`{"l":[` + strings.Repeat("1,", 999) + `1]}`)))
	require.Len(t, breaches, MaxViolations+1)
	require.Equal(t, "/payload/data/l/99", breaches[99].Pointer)
	require.Equal(t, signalbox.Violation{Pointer: "/payload/data", Message: "breaks the schema in 900 more places"}, breaches[100])
}

// P-27: no value of a payload is in what is said of it.
func TestBreachesHoldNoValues(t *testing.T) {
	const secret = "s3cr3t"
	s, err := CompileSchema([]byte(`{"additionalProperties":{"allOf":[
		{"type":"number"},{"enum":["x"]},{"const":1},{"format":"email"},{"format":"regex"},{"pattern":"^x"},{"maxLength":1},{"minLength":99},
		{"not":{"type":"string"}},{"anyOf":[{"const":2}]},{"oneOf":[{},{}]}]}}`))
	require.NoError(t, err)
	breaches := s.Validate(payload.Decode([]byte(`{"a":"` + secret + `(","b":"` + secret + `@@"}`)))
	require.Greater(t, len(breaches), 10)
	for _, b := range breaches {
		require.NotContains(t, b.Message, secret)
	}
}

func TestShape(t *testing.T) {
	const str, num, null, obj, arr = signalbox.KindString, signalbox.KindNumber, signalbox.KindNull, signalbox.KindObject, signalbox.KindArray
	type shape = signalbox.Shape
	fields := func(open bool, fields map[string]*shape) *shape {
		return &shape{Kinds: obj, Fields: fields, Open: open}
	}
	text, any := &shape{Kinds: str, Open: true}, &shape{Open: true}
	for name, c := range map[string]struct {
		schema string
		want   *shape
	}{
		"types":                {`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["integer","null"]},"c":{}}}`, fields(false, map[string]*shape{"a": text, "b": {Kinds: num | null, Open: true}, "c": any})},
		"values":               {`{"type":"object","properties":{"a":{"const":"x"},"b":{"enum":[1,null]}}}`, fields(false, map[string]*shape{"a": text, "b": {Kinds: num | null, Open: true}})},
		"none declared":        {`{"type":"object"}`, &shape{Kinds: obj, Open: true}},
		"open":                 {`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}`, fields(true, map[string]*shape{"a": text})},
		"open to a type":       {`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}}`, fields(true, map[string]*shape{"a": text})},
		"open to a pattern":    {`{"type":"object","properties":{"a":{"type":"string"}},"patternProperties":{"^x":{}}}`, fields(true, map[string]*shape{"a": text})},
		"closed":               {`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`, fields(false, map[string]*shape{"a": text})},
		"required, undeclared": {`{"type":"object","properties":{"a":{"type":"string"}},"required":["b"]}`, fields(false, map[string]*shape{"a": text, "b": any})},
		"bounds":               {`{"type":"object","properties":{"a":{"type":"string","maxLength":9},"l":{"type":"array","maxItems":3,"items":{"type":"string"}}}}`, fields(false, map[string]*shape{"a": {Kinds: str, Open: true, MaxLength: 9}, "l": {Kinds: arr, Open: true, MaxItems: 3, Items: text}})},
		"a tuple":              {`{"type":"object","properties":{"l":{"type":"array","prefixItems":[{"type":"string"},{"type":"null"}],"items":false}}}`, fields(false, map[string]*shape{"l": {Kinds: arr, Open: true, MaxItems: 2, Items: &shape{Kinds: str | null, Open: true}}})},
		"a reference":          {`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"a":{"$ref":"#/$defs/s"}}},"s":{"type":"string"}}}`, fields(false, map[string]*shape{"a": text})},
		"all of":               {`{"type":"object","allOf":[{"properties":{"a":{"type":["string","null"]}}},{"properties":{"a":{"type":["string","number"]},"b":{}}}]}`, fields(false, map[string]*shape{"a": text, "b": any})},
		"any of":               {`{"type":"object","anyOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"type":"null"},"b":{"type":"string"}}}]}`, fields(false, map[string]*shape{"a": {Kinds: str | null, Open: true}, "b": text})},
		"any of, open":         {`{"type":"object","anyOf":[{"properties":{"a":{"type":"string"}}},{}]}`, fields(true, map[string]*shape{"a": any})},
		"nullable":             {`{"type":"object","properties":{"a":{"anyOf":[{"type":"null"},{"type":"object","properties":{"b":{"type":"string"}}}]}}}`, fields(false, map[string]*shape{"a": {Kinds: obj | null, Fields: map[string]*shape{"b": text}}})},
		"a condition":          {`{"type":"object","properties":{"a":{"type":"string"}},"if":{"required":["a"]},"then":{"properties":{"b":{"type":"string"}}}}`, fields(false, map[string]*shape{"a": text, "b": any})},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := CompileSchema([]byte(c.schema))
			require.NoError(t, err)
			require.Equal(t, c.want, s.Shape())
		})
	}
	s, err := CompileSchema([]byte(`{"type":"object","properties":{"left":{"$ref":"#"},"v":{"type":"number"}}}`))
	require.NoError(t, err)
	shape0 := s.Shape()
	require.Same(t, shape0.Fields["left"].Fields["left"], shape0.Fields["left"].Fields["left"].Fields["left"], "a recursion ends in itself")
	require.Contains(t, shape0.Fields["left"].Fields, "v")
}

func TestSensitive(t *testing.T) { // P-27
	s, err := CompileSchema([]byte(`{
		"properties": {
			"email": {"type":"string","x-sensitive":true}, "plain": {"x-sensitive":false},
			"card": {"$ref":"#/$defs/card"},
			"people": {"items":{"properties":{"ssn":{"x-sensitive":true},"name":{}}}},
			"pair": {"prefixItems":[{},{"x-sensitive":true}]},
			"choice": {"anyOf":[{"type":"null"},{"properties":{"x":{"x-sensitive":true}}}]},
			"cond": {"if":{},"then":{},"else":{"x-sensitive":true}},
			"not": {"not":{"x-sensitive":true}},
			"tree": {"$ref":"#/$defs/tree"}
		},
		"patternProperties": {"^secret_":{"x-sensitive":true}},
		"$defs": {"card":{"x-sensitive":true,"properties":{"number":{}}}, "tree":{"properties":{"l":{"$ref":"#/$defs/tree"},"v":{"x-sensitive":true}}}}
	}`))
	require.NoError(t, err)
	for path, want := range map[string]bool{
		"": false, "email": true, "email.x": true, "plain": false, "unknown": true, "card": true, "card.number": true, "card.0.x": true,
		"people": false, "people.0": false, "people.0.ssn": true, "people.17.ssn.x": true, "people.*.ssn": true, "people.*": false, "people.0.name": false,
		"pair.0": false, "pair.1": true, "pair.2": false, "pair.*": true, "choice.x": true, "choice.y": false, "cond": true, "not": true,
		"tree.l.l.l.v": true, "tree.l.l.l": false, "secret_x": true, "*": true, "people.name": false,
	} {
		var segments []string
		if path != "" {
			segments = strings.Split(path, ".")
		}
		require.Equal(t, want, s.Sensitive(segments), path)
	}
	s, err = CompileSchema([]byte(`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"$ref":"#/definitions/a","x-sensitive":true}},"definitions":{"a":{}}}`))
	require.NoError(t, err)
	require.True(t, s.Sensitive([]string{"a"}), "what draft-07 would not look at")
	require.False(t, s.Sensitive([]string{"b"}))
}

func TestExpandFields(t *testing.T) {
	for _, c := range []struct{ name, fields, want string }{
		{
			"Ticket Created", `{"ticketName":"string","customerEmail":"email","description":"string?"}`,
			`{"type":"object","properties":{"ticketName":{"type":"string"},"customerEmail":{"type":"string","format":"email"},"description":{"type":"string"}},"required":["ticketName","customerEmail"]}`,
		},
		{
			"invoice_created", `{"id": "string", "invoiceNumber": "integer", "invoiceAmount": {"type":"number","optional":true,"description":"in euros"}}`,
			`{"type":"object","properties":{"id":{"type":"string"},"invoiceNumber":{"type":"integer"},"invoiceAmount":{"type":"number","description":"in euros"}},"required":["id","invoiceNumber"]}`,
		},
		{
			"order is kept", `{"z":"boolean","a":"array","m":"object?"}`,
			`{"type":"object","properties":{"z":{"type":"boolean"},"a":{"type":"array"},"m":{"type":"object"}},"required":["z","a"]}`,
		},
		{
			"sensitive", `{"p":{"type":"string?","sensitive":true}}`,
			`{"type":"object","properties":{"p":{"type":"string","x-sensitive":true}},"required":[]}`,
		},
		{
			"times and names", `{"a":"date-time","b \"/":"uuid"}`,
			`{"type":"object","properties":{"a":{"type":"string","format":"date-time"},"b \"/":{"type":"string","format":"uuid"}},"required":["a","b \"/"]}`,
		},
		{"none", `{}`, `{"type":"object","properties":{},"required":[]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := ExpandFields([]byte(c.fields))
			require.NoError(t, err)
			require.Equal(t, c.want, string(text))
			_, err = CompileSchema(text)
			require.NoError(t, err)
		})
	}
	for _, c := range []struct{ name, fields, pointer, message string }{
		{"no object", `["a"]`, "", "not an object"},
		{"malformed", `{"a":`, "/a", "malformed"},
		{"a field twice", `{"a":"string","a":"number"}`, "/a", "twice"},
		{"unknown type", `{"a":"string","b":"strng"}`, "/b", `did you mean "string"?`},
		{"a list", `{"a":["string"]}`, "/a", "neither a type"},
		{"null", `{"a":null}`, "/a", "neither a type"},
		{"unknown member", `{"a/b":{"type":"string","require":true}}`, "/a~1b", "neither a type"},
		{"no type", `{"a":{"optional":true}}`, "/a", "type that is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ExpandFields([]byte(c.fields))
			require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
			require.Equal(t, c.pointer, signalbox.AsError(err).Path)
			require.Contains(t, signalbox.AsError(err).Message, c.message)
		})
	}
}
