package eventtype

import (
	"slices"
	"strconv"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// What is taken out of a schema and put in its place on the way to the library
// changes nothing of what the schema says: the library, given the text as it was
// written, says the same of every payload.
func TestValidateSaysWhatTheLibrarySays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t, draft7: rapid.Bool().Draw(t, "draft-07")}
		schema := g.document()
		text := written(schema)
		ours, err := CompileSchema(text)
		if err != nil {
			if signalbox.AsError(err).Violations[0].Message != takesNoObject {
				require.Contains(t, err.Error(), "leads back to itself")
			}
			return
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		require.NoError(t, c.AddResource("https://example.com/s", payload.Decode(text)))
		theirs, err := c.Compile("https://example.com/s")
		require.NoError(t, err)
		for range 5 {
			data := read(g.fitting(schema, 3))
			if data == nil {
				continue
			}
			breaches := ours.Validate(data)
			require.Equal(t, theirs.Validate(data) == nil, len(breaches) == 0, "%s\n%s\n%v", text, written(data), breaches)
			require.Equal(t, breaches, ours.Validate(data), "in the same order")
			for _, b := range breaches {
				require.True(t, b.Pointer == dataPointer || len(b.Pointer) > len(dataPointer), b.Pointer)
			}
		}
	})
}

// A payload that the older schema takes and the newer refuses never goes unnoticed
// (P-25), members that the older says nothing of aside.
func TestBreaksMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t, draft7: rapid.Bool().Draw(t, "draft-07")}
		before := g.document()
		after := g.changed(before, 4)
		older, err := CompileSchema(written(before))
		if err != nil {
			return
		}
		newer, err := CompileSchema(written(after))
		if err != nil {
			return
		}
		require.Empty(t, Breaks(older, older), "%s", written(before))
		breaks := Breaks(older, newer)
		require.Equal(t, breaks, Breaks(older, newer), "in the same order")
		for range 8 {
			data := read(g.fitting(before, 3))
			if data == nil || len(older.Validate(data)) > 0 || len(newer.Validate(data)) == 0 || !older.declares(data, []int{0}) {
				continue
			}
			require.NotEmpty(t, breaks, "%s\n%s\n%s\n%v", written(before), written(after), written(data), newer.Validate(data))
		}
	})
}

// declares tells whether a payload has no member on which the schema is silent.
func (s *Schema) declares(v any, at []int) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			var next []int
			for _, l := range at {
				if l < 0 {
					return true
				}
				here := s.locations[l]
				if _, declared := here.members[key]; !declared && len(here.members) > 0 && here.other == nowhere {
					return false
				}
				next = here.step(next, key)
			}
			if len(next) > 0 && !s.declares(e, next) {
				return false
			}
		}
	case []any:
		for i, e := range v {
			var next []int
			for _, l := range at {
				if l >= 0 {
					next = s.locations[l].step(next, strconv.Itoa(i))
				}
			}
			if len(next) > 0 && !s.declares(e, next) {
				return false
			}
		}
	}
	return true
}

// A shape excludes nothing that the schema takes, members on which the schema is
// silent aside.
func TestShapeIsAnUpperBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t, draft7: rapid.Bool().Draw(t, "draft-07")}
		schema := g.document()
		s, err := CompileSchema(written(schema))
		if err != nil {
			return
		}
		for range 8 {
			data := read(g.fitting(schema, 3))
			if data == nil || len(s.Validate(data)) > 0 || !s.declares(data, []int{0}) {
				continue
			}
			within(t, s.Shape(), data, written(schema))
		}
	})
}

func within(t *rapid.T, shape *signalbox.Shape, v any, schema []byte) {
	if shape == nil {
		return
	}
	if shape.Kinds != 0 {
		require.NotZero(t, shape.Kinds&kindOf(v).public(), "%s\n%s", schema, written(v))
	}
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			sub, declared := shape.Fields[key]
			require.True(t, declared || shape.Open, "%s\n%s", schema, key)
			within(t, sub, e, schema)
		}
	case []any:
		if shape.MaxItems > 0 {
			require.LessOrEqual(t, len(v), shape.MaxItems, "%s", schema)
		}
		for _, e := range v {
			within(t, shape.Items, e, schema)
		}
	case string:
		if shape.MaxLength > 0 {
			require.LessOrEqual(t, len([]rune(v)), shape.MaxLength, "%s", schema)
		}
	}
}

// Two values have one canonical text exactly where they are equal.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t}
		a, b := read(g.value(2)), read(g.value(2))
		require.Equal(t, same(a, b), slices.Equal(canonical(nil, a), canonical(nil, b)), "%s %s", written(a), written(b))
	})
}

func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key := range a {
			if _, ok := b[key]; !ok || !same(a[key], b[key]) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	}
	x, y := number(a), number(b)
	if x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	return (x == nil) == (y == nil) && kindOf(a) == kindOf(b) && (x != nil || a == b)
}
