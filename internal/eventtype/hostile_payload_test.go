package eventtype

import (
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/cputest"
	"github.com/signalbox/signalbox/internal/payload"
)

// Payloads that make the most of a schema: as large as the gate lets through, under
// schemas that pass. What is under the limit of steps is checked in bounded time;
// what is over it is refused at once.
func TestStepsAreTime(t *testing.T) {
	elements := func(element string) func(n int) string {
		return func(n int) string { return `{"x":[` + strings.Repeat(element+",", n-1) + element + `]}` }
	}
	fields := func(n int) string { return `{` + members(n) + `}` }
	in := func(items string) string { return `{"properties":{"x":{"type":"array","items":` + items + `}}}` }
	text := func(n int) string { return `{"x":["` + strings.Repeat("ab", n) + `"]}` }
	nested := strings.Repeat(`[`, 40) + `1` + strings.Repeat(`,1]`, 40)
	for _, c := range []struct {
		name, schema string
		data         func(n int) string
	}{
		{"numbers that are no strings", in(`{"type":"string"}`), elements("1")},
		{"integers", in(`{"type":"integer"}`), elements("1")},
		{"large integers", in(`{"type":"integer"}`), elements("1e308")},
		{"minimum", in(`{"minimum":1e300}`), elements("1e-308")},
		{"multipleOf", in(`{"multipleOf":7.123456789e-300}`), elements("1.234567e308")},
		{"long numbers", in(`{"multipleOf":7.123456789e-300}`), elements(strings.Repeat("9", 63))},
		{"required", in(`{"required":[` + names(1000) + `]}`), elements("{}")},
		{"enum of numbers", in(`{"enum":[` + strings.ReplaceAll(names(5000), `"n`, `"`) + `]}`), elements("7")},
		{"const", in(`{"const":[` + names(300) + `]}`), elements(`[` + names(300) + `]`)},
		{"uniqueItems, nested", `{"$defs":{"a":{"uniqueItems":true,"items":{"$ref":"#/$defs/a"}}},"properties":{"x":{"$ref":"#/$defs/a"}}}`, elements(nested)},
		{"uniqueItems, alike but for where arrays end", `{"properties":{"x":{"uniqueItems":true}}}`, func(n int) string { return `{"x":[` + streams(n) + `]}` }},
		{"allOf of 200", in(`{"allOf":[` + strings.Repeat(`{"type":"number"},`, 200) + `{}]}`), elements("1")},
		{"anyOf of 200 that all fail", in(`{"anyOf":[` + strings.Repeat(`{"type":"string"},`, 200) + `false]}`), elements("1")},
		{"a chain of 200", chain(200), elements("1")},
		{"pattern", in(`{"pattern":"(x+x+)+y"}`), elements(`"xxxxxxxxxxxxxxxx"`)},
		{"pattern of a long text", in(`{"pattern":"(a?){100}(a|b)*(a{100}|[ab]{50})c"}`), text},
		{"pattern of many instructions", in(`{"pattern":"([ab]{1,100}){1,4}c"}`), text},
		{"patternProperties", `{"patternProperties":{"(a?){60}b":{},"(b|a)*c":{}}}`, fields},
		{"propertyNames", `{"propertyNames":{"pattern":"^(a?){60}$","maxLength":3}}`, fields},
		{"additionalProperties", `{"additionalProperties":false}`, fields},
		{"unevaluatedProperties", `{"allOf":[` + strings.Repeat(`{"properties":{"a":{}}},`, 100) + `{}],"unevaluatedProperties":false}`, fields},
		{"unevaluatedItems", `{"properties":{"x":{"anyOf":[` + strings.Repeat(`{"prefixItems":[{}]},`, 100) + `{}],"unevaluatedItems":false}}}`, elements("1")},
		{"format", in(`{"format":"email"}`), elements(`"aaaaaaaaaaaaaaaa@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.c"`)},
		{"format of a long text", in(`{"format":"uri-template"}`), text},
		{"format regex", in(`{"format":"regex"}`), elements(`"((a{100}){10})"`)},
		{"format regex of a long text", in(`{"format":"regex"}`), func(n int) string { return `{"x":["` + strings.Repeat(`(a|\\pL)*`, n) + `"]}` }},
		{"contains", `{"properties":{"x":{"contains":{"allOf":[` + strings.Repeat(`{"type":"string"},`, 100) + `{}]}}}}`, elements("1")},
		{"a tree", `{"properties":{"x":{"$ref":"#"}},"items":{"$ref":"#"},"minProperties":1,"maxItems":1000000}`, elements(`{"x":{"x":{"x":{}}}}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := CompileSchema([]byte(c.schema))
			require.NoError(t, err)
			gate := func(n int) bool { return payload.Check([]byte(c.data(n)), payload.DefaultLimits()) != nil }
			largest := sort.Search(256<<10, func(n int) bool { return gate(n + 1) })
			decoded := payload.Decode([]byte(c.data(largest)))
			if s.charge(decoded, 0, 0, 1<<60) > maxCharge {
				took := cputest.Of(t, func() { require.Contains(t, s.Validate(decoded)[0].Message, "too many values") })
				require.Less(t, took, slack*50*time.Millisecond)
				for steps := s.charge(decoded, 0, 0, 1<<60); steps > maxCharge; steps = s.charge(decoded, 0, 0, 1<<60) {
					largest = min(largest*99/100, largest*maxCharge/steps)
					decoded = payload.Decode([]byte(c.data(largest)))
				}
			}
			took := cputest.Of(t, func() { _ = s.compiled.Validate(decoded) })
			steps := s.charge(decoded, 0, 0, 1<<60)
			t.Logf("%d steps in %v: %.0f ns a step", steps, took, float64(took)/float64(steps))
			require.Less(t, took, slack*500*time.Millisecond)
		})
	}
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"n%d"`, i)
	}
	return b.String()[1:]
}

// streams are n different arrays that are alike but for where the arrays in them
// end: the very same values, in the same order.
func streams(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('[')
		for bit := range 14 { // [null] or [[null]], and as many brackets in the other half
			if i>>bit&1 == 1 {
				b.WriteString(`[[],[]],`)
			} else {
				b.WriteString(`[[[]]],`)
			}
		}
		b.WriteString(`0]`)
	}
	return b.String()
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"aaa%d":1`, i)
	}
	return b.String()[1:]
}

func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"a%d":{"$ref":"#/$defs/a%d"},`, i, i+1)
	}
	return `{"properties":{"x":{"items":{"$ref":"#/$defs/a0"}}},"$defs":{` + b.String() + fmt.Sprintf(`"a%d":{"type":"string"}}}`, n)
}
