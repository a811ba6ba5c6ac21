package catalogue

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const demoFile = "../../cmd/signalbox-dev/demo/catalogue.yaml"

func compileFileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(FileSchema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("catalogue.schema.json", parsed))
	schema, err := c.Compile("catalogue.schema.json")
	require.NoError(t, err)
	return schema
}

func valid(t *testing.T, schema *jsonschema.Schema, n *node) error {
	t.Helper()
	text, err := appendJSON(nil, n)
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return schema.Validate(v)
}

func TestFilesAreWhatTheirSchemaSays(t *testing.T) {
	schema := compileFileSchema(t)
	demo, err := os.ReadFile(demoFile)
	require.NoError(t, err)
	root, err := readYAML(demo)
	require.NoError(t, err)
	require.NoError(t, valid(t, schema, root))

	files, err := filepath.Glob("testdata/decisions/*.yaml")
	require.NoError(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		root, err := readYAML(text)
		require.NoError(t, err, name)
		var catalogues []*node
		if n := root.get("catalogue"); n != nil {
			catalogues = append(catalogues, n)
		}
		if n := root.get("afterwards"); n != nil {
			catalogues = append(catalogues, n.items...)
		}
		if n := root.get("tenants"); n != nil {
			for i := range n.members {
				catalogues = append(catalogues, n.members[i].value)
			}
		}
		require.NotEmpty(t, catalogues, name)
		for _, n := range catalogues {
			require.NoError(t, valid(t, schema, n), name)
		}
	}
}

func TestTheSchemaRefusesWhatParseRefuses(t *testing.T) {
	schema := compileFileSchema(t)
	for _, text := range []string{
		"rule: []", "types: [{type: a}]", "types: [{type: a, operations: [{nme: x}]}]", "rules: [r]", "tenant: {unknownNames: maybe}",
		"rules: [{name: r, on: {event: 'a:b', type: a}, start: {workflow: w, taskQueue: q}}]",
		"rules: [{name: r, on: {event: 'ab'}, start: {workflow: w, taskQueue: q}}]",
		"rules: [{name: 'a b', on: {event: 'a:b'}, start: {workflow: w, taskQueue: q}}]",
		on + "runTimeout: '60'}}]", on + "priority: high}}]", on + "priority: 6}}]", on + "input: {a: [1]}}}]", on + "retry: {backoffCoefficient: 0.5}}}]",
	} {
		root, err := readYAML([]byte(text))
		require.NoError(t, err)
		require.Error(t, valid(t, schema, root), text)
		_, err = parse(root)
		require.Error(t, err, text)
	}
}

const on = "rules: [{name: r, on: {event: 'a:b'}, start: {workflow: w, taskQueue: q, "

// TestTheSchemaAndTheFileNameTheSameKeys goes through the structs that Parse fills
// and the schema side by side.
func TestTheSchemaAndTheFileNameTheSameKeys(t *testing.T) {
	schema := compileFileSchema(t)
	var walk func(where string, s *jsonschema.Schema, v reflect.Type)
	compared := 0
	walk = func(where string, s *jsonschema.Schema, v reflect.Type) {
		for s.Ref != nil && len(s.Properties) == 0 && s.Items == nil {
			s = s.Ref
		}
		switch {
		case v.Kind() == reflect.Pointer:
			walk(where, s, v.Elem())
		case v == rawType: // any JSON
		case v.Kind() == reflect.Slice:
			items, ok := s.Items.(*jsonschema.Schema)
			require.True(t, ok, where)
			if v.Elem() == reflect.TypeFor[fileOperation]() { // a bare name, or this
				items = items.AnyOf[1]
			}
			walk(where+"[]", items, v.Elem())
		case v.Kind() == reflect.Struct:
			var keys []string
			for _, f := range keysOf(v) {
				keys = append(keys, f.key)
			}
			require.ElementsMatch(t, keys, slices.Collect(maps.Keys(s.Properties)), where)
			require.Equal(t, false, s.AdditionalProperties, where)
			compared++
			for _, f := range keysOf(v) {
				walk(strings.TrimPrefix(where+"."+f.key, "."), s.Properties[f.key], v.Field(f.index).Type)
			}
		}
	}
	walk("", schema, reflect.TypeFor[file]())
	require.Equal(t, 10, compared)
}
