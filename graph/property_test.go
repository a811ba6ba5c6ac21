package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/payload"
)

// written is one value in the two notations.
type written struct{ json, literal string }

var (
	names    = rapid.StringMatching(`[_A-Za-z][_0-9A-Za-z]{0,6}`)
	numerals = rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?`)
	letters  = rapid.OneOf(
		rapid.RuneFrom([]rune{'"', '\\', '/', '\b', '\f', '\n', '\r', '\t', 0x1, 0x7f, 0x80, 0x9f, '{', '$', '#', 'u', 0xd7ff, 0xe000, 0xfffd, 0xfeff, 0xffff, 0x10000, 0x1f600, 0x10ffff, 0x2028}),
		rapid.Rune().Filter(func(r rune) bool { return r != 0 }),
	)
)

// escape writes a string in both notations, and escapes some characters that need
// none, in the ways that each notation has.
func escape(t *rapid.T, s string) written {
	var j, l strings.Builder
	for _, r := range s {
		must := r < ' ' || r == '"' || r == '\\'
		pair := fmt.Sprintf(`\u%04X`, r)
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			pair = fmt.Sprintf(`\u%04x\u%04X`, high, low)
		}
		if must || rapid.IntRange(0, 4).Draw(t, "escape") == 0 {
			j.WriteString(pair)
		} else {
			j.WriteRune(r)
		}
		switch how := rapid.IntRange(0, 4).Draw(t, "escape"); {
		case how == 0:
			l.WriteString(pair)
		case how == 1:
			fmt.Fprintf(&l, `\u{%x}`, r)
		case must:
			l.WriteString(pair)
		default:
			l.WriteRune(r)
		}
	}
	return written{`"` + j.String() + `"`, `"` + l.String() + `"`}
}

func anyValue(t *rapid.T, levels int) written {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if levels == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		word := rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word")
		return written{word, word}
	case 1, 2:
		n := numerals.Draw(t, "number")
		return written{n, n}
	case 3:
		return escape(t, rapid.StringOfN(letters, 0, 10, -1).Draw(t, "string"))
	case 4:
		var js, ls []string
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			v := anyValue(t, levels-1)
			js, ls = append(js, v.json), append(ls, v.literal)
		}
		return written{"[" + strings.Join(js, " ,\n") + "]", "[" + strings.Join(ls, rapid.SampledFrom([]string{" ", ",", "\n, "}).Draw(t, "comma")) + "]"}
	default:
		return anyObject(t, levels)
	}
}

func anyObject(t *rapid.T, levels int) written {
	var js, ls []string
	for _, key := range rapid.SliceOfNDistinct(names, 0, 5, rapid.ID[string]).Draw(t, "keys") {
		v := anyValue(t, levels-1)
		js, ls = append(js, `"`+key+`" : `+v.json), append(ls, key+": "+v.literal)
	}
	return written{"{" + strings.Join(js, ", ") + "}", "{" + strings.Join(ls, " ") + "}"}
}

// read is the value that a text stands for, with numbers as they are written.
func read(t require.TestingT, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}

// TestPropertyAnyObjectArrivesHoweverItIsSent: as a variable the same bytes, as a
// literal and as a variable's default the same value, every digit kept (P-05).
func TestPropertyAnyObjectArrivesHoweverItIsSent(t *testing.T) {
	const field = ` sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: `
	rapid.Check(t, func(rt *rapid.T) {
		whole, part := anyObject(rt, 4), anyValue(rt, 2)
		d := open(t, &fakes{})
		d.run(rt, `mutation($v: Map, $default: Map = `+whole.literal+`, $part: Map) {
			a:`+field+`$v}}) { success }
			b:`+field+whole.literal+`}}) { success }
			c:`+field+`$default}}) { success }
			d:`+field+`{inner: [`+part.literal+`, $part]}}}) { success }
		}`, `{"v":`+whole.json+`,"part":`+whole.json+`}`).ok(rt)
		want := read(rt, []byte(whole.json))
		require.Len(rt, d.all(), 4)
		require.Equal(rt, whole.json, string(d.all()[0].Data), "not one byte differs")
		require.Equal(rt, want, read(rt, d.all()[1].Data))
		require.Equal(rt, want, read(rt, d.all()[2].Data))
		require.Equal(rt, map[string]any{"inner": []any{read(rt, []byte(part.json)), want}}, read(rt, d.all()[3].Data))
		for _, in := range d.all() {
			require.NoError(rt, payload.Check(in.Data, payload.DefaultLimits()))
		}
	})
}

// TestPropertyBlockStrings arrive as the specification reads them, with quotes,
// backslashes and characters of every plane.
func TestPropertyBlockStrings(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune(`"\u0041dD8 é😀`)), letters), 1, 20, -1).
			Filter(func(s string) bool {
				return strings.Trim(s, " \t") == s && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) &&
					!strings.HasPrefix(s, `"`) && !strings.HasSuffix(strings.TrimRight(s, `"`), `\`)
			}).Draw(rt, "text")
		d := open(t, &fakes{})
		d.run(rt, sendLiteral(`{a: """`+strings.ReplaceAll(text, `"""`, `\"""`)+`""", b: "\uD83D\uDE00"}`), "").ok(rt)
		require.Equal(rt, map[string]any{"a": text, "b": "😀"}, read(rt, d.all()[0].Data))
	})
}
