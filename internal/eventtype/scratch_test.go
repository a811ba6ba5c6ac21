package eventtype

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestScratch(t *testing.T) {
	rep := func(n int, f string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, f, i, i+1)
		}
		return b.String()
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
		`{"properties":{` + rep(90, `"f%[1]d":{"pattern":"^([a-z]{1,30}-){1,5}$"}`) + `}}`,
		`{"items":` + strings.Repeat(`{"items":`, 60) + `{}` + strings.Repeat(`}`, 60) + `}`,
		`{"$ref":"#/$defs/f0","$defs":{` + rep(240, `"f%[1]d":{"$ref":"#/$defs/f%[2]d","properties":{"a":{"$ref":"#/$defs/f%[2]d"}}}`) + `,"f240":{}}}`,
	}
	var done []*Schema
	for i, text := range all {
		start := time.Now()
		s, err := CompileSchema([]byte(text))
		took := time.Since(start)
		e := ""
		if err != nil {
			e = cut(err.Error(), 160)
		} else {
			done = append(done, s)
		}
		fmt.Println(i, len(text), took, e)
	}
	for i, a := range done {
		for j, b := range done {
			start := time.Now()
			n := len(Breaks(a, b))
			if took := time.Since(start); took > 40*time.Millisecond {
				fmt.Println("breaks", i, j, took, n)
			}
		}
	}
}
