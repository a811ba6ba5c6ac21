package eventtype

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Schemas that are as large as they may be, each in one respect, are compiled and
// compared with one another in bounded time.
func TestExtremeSchemas(t *testing.T) {
	rep := func(n int, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(format, i, i+1)
		}
		return strings.Join(parts, ",")
	}
	all := []string{
		`{"properties":{` + rep(990, `"f%[1]d":{"type":"string","minLength":1,"maxLength":9,"format":"x"}`) + `}}`,
		`{"properties":{` + rep(490, `"f%[1]d":{"propertyNames":{"minLength":1}}`) + `}}`,
		`{"properties":{` + rep(490, `"f%[1]d":{"$ref":"#/$defs/f%[1]d"}`) + `},"$defs":{` + rep(490, `"f%[1]d":{"type":"string"}`) + `}}`,
		`{"properties":{"a":{"enum":[` + rep(11000, `%[1]d`) + `]}}}`,
		`{"properties":{` + rep(30, `"f%[1]d":{"anyOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"b":{"type":"number"}}},{"properties":{"c":{}}}]}`) + `}}`,
		`{"allOf":[` + rep(120, `{"properties":{"a%[1]d":{},"b":{"type":"object"},"c%[1]d":{},"d":{},"e":{},"f":{}}}`) + `]}`,
		`{"allOf":[` + rep(12, `{"anyOf":[{"required":["a%[1]d"]},{"required":["b%[1]d"]},{"properties":{"a%[1]d":{"type":"string"}}}]}`) + `]}`,
		`{"allOf":[` + rep(60, `{"anyOf":[{"properties":{"x":{"required":["a%[1]d"]}}},{"properties":{"x":{"type":"string"}}}]}`) + `]}`,
		`{"required":["z"],"allOf":[` + rep(60, `{"oneOf":[{"properties":{"x":{"required":["a%[1]d"]}}},{"properties":{"x":{"type":"string"}}}]}`) + `]}`,
		`{"patternProperties":{` + rep(99, `"^a%[1]d":{"type":"string"}`) + `},"properties":{` + rep(800, `"a%[1]d":{}`) + `}}`,
		`{"properties":{` + rep(300, `"f%[1]d":{"items":{"properties":{"x":{"type":"string","enum":["a","b"]}}}}`) + `}}`,
		`{"prefixItems":[` + rep(990, `{"minimum":%[1]d}`) + `]}`,
		`{"properties":{` + rep(60, `"f%[1]d":{"pattern":"^([a-z]{1,30}-){1,5}$"}`) + `}}`,
		`{"items":` + strings.Repeat(`{"items":`, 60) + `{}` + strings.Repeat(`}`, 60) + `}`,
	}
	compiled := make([]*Schema, len(all))
	for i, text := range all {
		var err error
		took := cputest.Of(t, func() { compiled[i], err = CompileSchema([]byte(text)) })
		require.NoError(t, err, i)
		require.Less(t, took, slack*50*time.Millisecond, i)
	}
	for i, older := range compiled {
		for j, newer := range compiled {
			var breaks []signalbox.Violation
			took := cputest.Of(t, func() { breaks = Breaks(older, newer) })
			require.Less(t, took, slack*50*time.Millisecond, "%d to %d", i, j)
			require.LessOrEqual(t, len(breaks), MaxViolations+2)
		}
	}
}
