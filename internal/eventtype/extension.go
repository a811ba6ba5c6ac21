package eventtype

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// The library's own uniqueItems compares every two elements whose hashes are equal,
// and its hash does not tell [[1],2] from [[1,2]]: crafted arrays make it
// quadratic. Its enum compares with every value in turn, and reads numbers anew
// each time. So both keywords are taken from it, and done here by what is written
// in a canonical form, in linear time.

const (
	keyUnique = "x-signalbox-unique" // uniqueItems, as the library is given it
	keyEnum   = "x-signalbox-enum"
)

// vocabulary has these keywords.
var vocabulary = &jsonschema.Vocabulary{
	URL: "https://signalbox.invalid/vocabulary",
	Compile: func(ctx *jsonschema.CompilerContext, object map[string]any) (jsonschema.SchemaExt, error) {
		var ext extension
		if unique, _ := object[keyUnique].(bool); unique {
			ext.unique = true
		}
		if list, ok := object[keyEnum].([]any); ok {
			ext.enum = make(map[string]struct{}, len(list))
			for _, v := range list {
				ext.kinds |= kindOf(v)
				ext.enum[string(canonical(nil, v))] = struct{}{}
			}
		}
		if _, ok := object["propertyNames"]; ok {
			ext.names = ctx.Enqueue([]string{"propertyNames"})
		}
		if !ext.unique && ext.enum == nil && ext.names == nil {
			return nil, nil
		}
		return &ext, nil
	},
}

type extension struct {
	unique bool
	enum   map[string]struct{}
	kinds  kinds
	names  *jsonschema.Schema
}

// Validate is the library's interface.
func (x *extension) Validate(ctx *jsonschema.ValidatorContext, v any) {
	if x.enum != nil && !x.has(v) {
		ctx.AddError(&kind.Enum{})
	}
	if members, ok := v.(map[string]any); ok && x.names != nil {
		for name := range members {
			if x.names.Validate(name) != nil {
				ctx.AddError(&kind.PropertyNames{Property: name})
			}
		}
	}
	if list, ok := v.([]any); ok && x.unique {
		if i, j, again := duplicate(list); again {
			ctx.AddError(&kind.UniqueItems{Duplicates: [2]int{i, j}})
		}
	}
}

func (x *extension) has(v any) bool {
	switch v.(type) {
	case map[string]any:
		if x.kinds&kindObject == 0 {
			return false
		}
	case []any:
		if x.kinds&kindArray == 0 {
			return false
		}
	}
	var buffer [128]byte
	_, ok := x.enum[string(canonical(buffer[:0], v))]
	return ok
}

// duplicate finds two equal elements.
func duplicate(list []any) (i, j int, again bool) {
	if len(list) < 2 {
		return 0, 0, false
	}
	seen := make(map[string]int, len(list))
	var text []byte
	for j, v := range list {
		text = canonical(text[:0], v)
		if i, again := seen[string(text)]; again {
			return i, j, true
		}
		seen[string(text)] = j
	}
	return 0, 0, false
}

// canonical appends a text that two values have in common exactly where JSON Schema
// holds them to be equal: members in order, numbers by what they are worth.
func canonical(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, 'n')
	case bool:
		if v {
			return append(b, 't')
		}
		return append(b, 'f')
	case string:
		b = strconv.AppendInt(append(b, 's'), int64(len(v)), 10)
		return append(append(b, ':'), v...)
	case json.Number:
		return canonicalNumber(b, v.String())
	case []any:
		b = append(b, '[')
		for _, e := range v {
			b = canonical(b, e)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for _, key := range slices.Sorted(keysOf(v)) {
			b = canonical(canonical(b, key), v[key])
		}
		return append(b, '}')
	}
	return append(b, '?')
}

// canonicalNumber appends the sign, the digits without zeros around them, and the
// power of ten of the last one.
func canonicalNumber(b []byte, text string) []byte {
	b = append(b, '#')
	text, negative := strings.CutPrefix(text, "-")
	exponent := 0
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		exponent, _ = strconv.Atoi(text[e+1:]) // the gate has held it to 308
		text = text[:e]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	exponent -= len(fraction)
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		fraction = strings.TrimLeft(fraction, "0")
	}
	if fraction == "" {
		short := strings.TrimRight(whole, "0")
		exponent += len(whole) - len(short)
		whole = short
	}
	if whole == "" && fraction == "" {
		return append(b, '0', ';')
	}
	if negative {
		b = append(b, '-')
	}
	b = append(append(append(b, whole...), fraction...), 'e')
	return append(strconv.AppendInt(b, int64(exponent), 10), ';')
}
