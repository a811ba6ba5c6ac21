package payload_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/payload"
)

// node is a JSON value together with the text that it was written as.
type node struct {
	text     string // without white space around it
	keys     []string
	children []node
	decoded  string // of a string
}

const few = 5

var (
	spaces     = rapid.StringMatching(`[ \t\n\r]{0,3}`)
	characters = rapid.OneOf(
		rapid.RuneFrom([]rune{'"', '\\', '/', '\b', '\n', 0x1f, 0x7f, '{', '}', '[', ']', ',', ':', '~', 'u', 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x10ffff, 0x2028}),
		rapid.Rune().Filter(func(r rune) bool { return r != 0 }),
	)
	numbers = rapid.Custom(func(t *rapid.T) string {
		whole := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})`).Draw(t, "whole")
		fraction := rapid.StringMatching(`(\.[0-9]{1,30})?`).Draw(t, "fraction")
		exponent := ""
		if rapid.Bool().Draw(t, "exponent") {
			exponent = rapid.StringMatching(`[eE][+-]?0{0,5}`).Draw(t, "sign") + fmt.Sprint(rapid.IntRange(0, 277).Draw(t, "power"))
		}
		return whole + fraction + exponent
	})
)

// quote writes a string and escapes what must be, and now and then what need not.
func quote(t *rapid.T, s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch how := rapid.IntRange(0, 3).Draw(t, "escape"); {
		case how == 0 || r < ' ' || r == '"' || r == '\\':
			if high, low := utf16.EncodeRune(r); r > 0xffff {
				fmt.Fprintf(&b, `\u%04x\u%04X`, high, low)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		case how == 1 && r == '/':
			b.WriteString(`\/`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// value draws a value of so many levels at the most.
func value(t *rapid.T, levels int) node {
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	if levels == 0 {
		kind %= 5
	}
	space := func() string { return spaces.Draw(t, "space") }
	switch kind {
	case 0:
		return node{text: "null"}
	case 1:
		return node{text: rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool")}
	case 2:
		return node{text: numbers.Draw(t, "number")}
	case 3, 4:
		s := rapid.StringOfN(characters, 0, 12, -1).Draw(t, "string")
		return node{text: quote(t, s), decoded: s}
	case 5:
		n := node{}
		var parts []string
		for range rapid.IntRange(0, few).Draw(t, "elements") {
			child := value(t, levels-1)
			n.children = append(n.children, child)
			parts = append(parts, space()+child.text+space())
		}
		n.text = "[" + space() + strings.Join(parts, ",") + space() + "]"
		return n
	default:
		n := node{}
		var parts []string
		size := rapid.SampledFrom([]int{0, 1, 2, few, 15, 16, 17, 40}).Draw(t, "members")
		if size > few {
			levels = 1 // wide or deep
		}
		key := rapid.StringOfN(characters, 0, 12, -1)
		for _, k := range rapid.SliceOfNDistinct(key, size, size, rapid.ID[string]).Draw(t, "keys") {
			child := value(t, levels-1)
			n.keys = append(n.keys, k)
			n.children = append(n.children, child)
			parts = append(parts, space()+quote(t, k)+space()+":"+space()+child.text+space())
		}
		n.text = "{" + space() + strings.Join(parts, ",") + space() + "}"
		return n
	}
}

func TestPropertyWhatIsWithinTheLimitsPassesAndSplitsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := value(t, 4)
		raw := []byte(spaces.Draw(t, "before") + root.text + spaces.Draw(t, "after"))
		limits := payload.DefaultLimits()
		limits.MaxBytes = len(raw)
		require.NoError(t, payload.Check(raw, limits), "%s", raw)
		require.True(t, json.Valid(raw))
		requireSplits(t, raw, root)
	})
}

func requireSplits(t *rapid.T, raw []byte, n node) {
	switch n.text[0] {
	case '{':
		i := 0
		for key, value := range payload.Members(raw) {
			require.Less(t, i, len(n.keys))
			require.Equal(t, n.keys[i], key)
			require.Equal(t, n.children[i].text, string(value))
			requireSplits(t, value, n.children[i])
			i++
		}
		require.Len(t, n.keys, i)
		require.True(t, payload.IsObject(raw))
	case '[':
		i := 0
		for element := range payload.Elements(raw) {
			require.Less(t, i, len(n.children))
			require.Equal(t, n.children[i].text, string(element))
			requireSplits(t, element, n.children[i])
			i++
		}
		require.Len(t, n.children, i)
	case '"':
		s, ok := payload.String(raw)
		require.True(t, ok)
		require.Equal(t, n.decoded, s)
	case 'n':
		require.True(t, payload.IsNull(raw))
	}
}

// A key that comes twice is found wherever it is and however either is written.
func TestPropertyADuplicateIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringOfN(characters, 0, 12, -1)
		keys := rapid.SliceOfNDistinct(key, 1, 40, rapid.ID[string]).Draw(t, "keys")
		again := rapid.SampledFrom(keys).Draw(t, "again")
		at := rapid.IntRange(0, len(keys)).Draw(t, "at")
		keys = append(keys[:at:at], append([]string{again}, keys[at:]...)...)
		var parts []string
		for _, k := range keys {
			parts = append(parts, quote(t, k)+":"+value(t, 1).text)
		}
		err := payload.Check([]byte(`[0,{`+strings.Join(parts, ",")+`}]`), payload.DefaultLimits())
		var fault *payload.Error
		require.ErrorAs(t, err, &fault)
		require.Equal(t, payload.DuplicateKey, fault.Kind)
		require.True(t, strings.HasPrefix(fault.Pointer, "/1/"))
		require.NotContains(t, fault.Pointer[len("/1/"):], "/") // what is in a key is escaped
	})
}
