package payload_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/payload"
)

var seeds = []string{
	``, ` `, `null`, `true`, `-0.5e-3`, `1e131000`, `1E+00000000000000000000309`, `10e308`, `0.1e-308`, `0e0`, `01`, `-`, `1.`,
	`{}`, `[]`, `[1,]`, `{"a":1,}`, `{"a":1,"\u0061":2}`, `{"a":{"b":[1,{"c":null}]},"":"x"}`, `[[[[[[]]]]]]`,
	`{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0,"a":0}`,
	`"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\u0000"`, `"\"\\\/\b\f\n\r\t"`, `"\x"`, "\"\x00\"", "\"\xff\"", "\"\xed\xa0\x80\"",
	"\ufeff{}", `{} {}`, `// c`, `NaN`, "[\"\u2028\",\"<>&\"]", ` { "a" : [ 1 , 2 ] } `, `{"`, `{"a`, `{"a"`, `{"a":`, `[`, `["\`,
	`"\\u0000"`, `{"é":1,"\u00e9":2}`, `}`, `]`, `:`, `,`, `[,,,]`, `{"a":]}`,
}

// FuzzCheck holds Check to the oracle: it accepts what that accepts, refuses the
// rest for a reason that is there, and what it accepts reads as encoding/json does.
func FuzzCheck(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), uint8(64), uint8(250), uint8(64), uint16(308))
		f.Add([]byte(s), uint8(2), uint8(1), uint8(2), uint16(3))
	}
	f.Fuzz(func(t *testing.T, raw []byte, depth, key, digits uint8, exponent uint16) {
		limits := payload.Limits{
			MaxBytes: 64 << 10, MaxDepth: int(depth), MaxKeyBytes: int(key), MaxNumberDigits: int(digits), MaxExponent: int(exponent),
		}
		before := bytes.Clone(raw)
		err := payload.Check(raw, limits)
		require.Equal(t, before, raw)
		expected := refusals(raw, limits)
		if err == nil {
			require.Empty(t, expected)
			theirs, err := view(raw)
			require.NoError(t, err)
			require.Equal(t, theirs, own(bytes.TrimSpace(raw)))
			return
		}
		var fault *payload.Error
		require.ErrorAs(t, err, &fault)
		require.True(t, expected[fault.Kind], "%v, but the oracle has %v", err, expected)
		requireSound(t, raw, fault)
	})
}

// FuzzReaders gives the readers what has not passed: they end and stay inside.
func FuzzReaders(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		exact := bytes.Clone(raw)[:len(raw):len(raw)] // a slice past the end panics
		before := bytes.Clone(raw)
		payload.IsNull(exact)
		payload.IsObject(exact)
		payload.String(exact)
		rest := exact
		inside := func(part []byte) {
			require.NotEmpty(t, part)
			require.Equal(t, len(part), cap(part))
			// What comes lies in the text behind what came before.
			i := len(exact)
			for at := range rest {
				if &rest[at] == &part[0] {
					i = at
					break
				}
			}
			require.LessOrEqual(t, i+len(part), len(rest))
			rest = rest[i+len(part):]
		}
		for key, value := range payload.Members(exact) {
			require.LessOrEqual(t, len(key), len(exact))
			inside(value)
		}
		rest = exact
		for element := range payload.Elements(exact) {
			inside(element)
		}
		for range payload.Members(exact) {
			break
		}
		for range payload.Elements(exact) {
			break
		}
		require.Equal(t, before, exact)
	})
}

// FuzzAppendString writes a string, and reads it by both readers.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", "\x00", "\x1f \x7f", "\"\\/", "\u2028<>&", "é😀\ufffd", "\xff", "a\xc3", "\b\f\n\r\t", `\u0041`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		written := payload.AppendString([]byte("before"), s)
		require.True(t, bytes.HasPrefix(written, []byte("before")))
		written = written[len("before"):]
		expected := strings.ToValidUTF8(s, "\ufffd")
		if !utf8.ValidString(s) {
			expected = string([]rune(s)) // one U+FFFD a byte
		}
		read, ok := payload.String(written)
		require.True(t, ok)
		require.Equal(t, expected, read)
		var theirs string
		require.NoError(t, json.Unmarshal(written, &theirs))
		require.Equal(t, expected, theirs)
		limits := payload.DefaultLimits()
		limits.MaxBytes = len(written)
		err := payload.Check(written, limits)
		var fault *payload.Error
		if strings.ContainsRune(s, 0) {
			require.True(t, errors.As(err, &fault) && fault.Kind == payload.BadString)
		} else {
			require.NoError(t, err)
		}
	})
}
