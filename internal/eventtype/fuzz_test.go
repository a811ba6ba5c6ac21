package eventtype

import (
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Whatever the schema and the payload are, there is an answer in bounded time, and
// none of it needs to be caught on the way.
func FuzzSchema(f *testing.F) {
	for _, schema := range []string{
		`{}`, `{"type":"object","required":["a"],"properties":{"a":{"type":"integer","minimum":1e3}}}`, `{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#"}}}}`,
		`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{}],"additionalItems":{"$ref":"#"},"dependencies":{"a":["b"]}}`,
		`{"oneOf":[{"properties":{"x":{"$ref":"#"}}},{"pattern":"^(a|b){2,7}$"}],"unevaluatedProperties":false}`,
		`{"enum":[{"a":[1.0]}],"uniqueItems":true,"contains":{"const":null},"if":{},"then":{"multipleOf":0.1},"not":{"format":"email"}}`,
		`{"patternProperties":{"^a":{"propertyNames":{"maxLength":3}}},"dependentSchemas":{"a":{"minProperties":2}},"prefixItems":[true,false]}`,
	} {
		f.Add([]byte(schema), []byte(`{"a":[1,1.0,"x",{"a":null}],"x":{"x":{}}}`))
	}
	f.Fuzz(func(t *testing.T, text, raw []byte) {
		var s *Schema
		var err error
		took := cputest.Of(t, func() { s, err = CompileSchema(text) })
		require.Less(t, took, slack*100*time.Millisecond)
		if err != nil {
			e := signalbox.AsError(err)
			require.Equal(t, signalbox.CodeInvalidInput, e.Code)
			require.NotEmpty(t, e.Violations)
			require.NotContains(t, e.Error(), "panicked")
			return
		}
		require.NotNil(t, s.Shape())
		require.Empty(t, Breaks(s, s))
		if payload.Check(raw, payload.DefaultLimits()) != nil {
			return
		}
		data := payload.Decode(raw)
		var breaches []signalbox.Violation
		took = cputest.Of(t, func() { breaches = s.Validate(data) })
		require.Less(t, took, slack*500*time.Millisecond)
		for _, b := range breaches {
			require.True(t, strings.HasPrefix(b.Pointer, dataPointer))
			require.NotContains(t, b.Message, "cannot be checked")
		}
		// Whoever says in other words what the library says has to agree with it.
		if data == nil || s.charge(data, 0, 0, maxCharge) > maxCharge {
			return
		}
		c := jsonschema.NewCompiler()
		c.UseLoader(refuser{})
		c.UseRegexpEngine(regexpEngine)
		c.AssertFormat()
		require.NoError(t, c.AddResource(home, payload.Decode(text)))
		if plain, err := c.Compile(home); err == nil && !strings.Contains(string(text), "$ref") && !strings.Contains(string(text), "regex") {
			require.Equal(t, plain.Validate(data) == nil, len(breaches) == 0, "%s\n%s\n%v", text, raw, breaches)
		}
	})
}
