package payload_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/payload"
)

func TestMembersKeepOrderAndText(t *testing.T) {
	raw := []byte(" {\"b\" :\t1.50 , \"\\u0061\":[ 1, \"},]\" ] ,\"\":{ } ,\"c\\\"\":\"\\\\\",\"d\": null\n} ")
	require.NoError(t, payload.Check(raw, payload.DefaultLimits()))
	var keys, values []string
	for key, value := range payload.Members(raw) {
		keys = append(keys, key)
		values = append(values, string(value))
	}
	require.Equal(t, []string{"b", "a", "", `c"`, "d"}, keys)
	require.Equal(t, []string{"1.50", `[ 1, "},]" ]`, "{ }", `"\\"`, "null"}, values)
}

func TestElementsKeepOrderAndText(t *testing.T) {
	raw := []byte("[ 1 ,\n[ ] , {\"a\":[\"]\"]},\"[\\\"\" ,-0.0e1]")
	require.NoError(t, payload.Check(raw, payload.DefaultLimits()))
	var values []string
	for value := range payload.Elements(raw) {
		values = append(values, string(value))
	}
	require.Equal(t, []string{"1", "[ ]", `{"a":["]"]}`, `"[\""`, "-0.0e1"}, values)
}

func TestReadersShareTheTextAndCannotGrowIntoIt(t *testing.T) {
	raw := []byte(`{"a":[1,2]}`)
	for _, value := range payload.Members(raw) {
		require.Same(t, &raw[5], &value[0])
		_ = append(value, 'x')
		for element := range payload.Elements(value) {
			_ = append(element, 'x')
		}
	}
	require.JSONEq(t, `{"a":[1,2]}`, string(raw))
}

func TestReadersPassOverOtherValues(t *testing.T) {
	for _, text := range []string{``, ` `, `null`, `1`, `"{}"`, `{}`, `[]`, ` { } `, ` [ ] `} {
		for range payload.Members([]byte(text)) {
			t.Errorf("%q has members", text)
		}
		for range payload.Elements([]byte(text)) {
			t.Errorf("%q has elements", text)
		}
	}
	for range payload.Members([]byte(`["a"]`)) {
		t.Error("an array has members")
	}
	for range payload.Elements([]byte(`{"a":1}`)) {
		t.Error("an object has elements")
	}
}

func TestFirstByteTellsTheKind(t *testing.T) {
	require.True(t, payload.IsObject([]byte(" \t\r\n{}")))
	require.False(t, payload.IsObject([]byte("[{}]")))
	require.False(t, payload.IsObject(nil))
	require.True(t, payload.IsNull([]byte(" null")))
	require.False(t, payload.IsNull([]byte(`"null"`)))
	require.False(t, payload.IsNull(nil)) // absent and null are told apart (P-03)
}

func TestString(t *testing.T) {
	for text, expected := range map[string]string{
		`""`: "", ` "a" `: "a", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"\u00e9\uD83D\uDE00x"`: "é😀x", `"\\n"`: `\n`, "\"\u2028\"": "\u2028",
	} {
		s, ok := payload.String([]byte(text))
		require.True(t, ok, text)
		require.Equal(t, expected, s)
	}
	for _, text := range []string{``, `null`, `1`, `{"a":"b"}`, `["a"]`, `"`, `"a`, `"a\"`, `"\`, `"\u12"`} {
		_, ok := payload.String([]byte(text))
		require.False(t, ok, text)
	}
}

func TestAppendStringEscapesWhatItMust(t *testing.T) {
	require.Equal(t, `x"a\"\\/\n\r\t\u0000\u0008\u001f`+"\u007f\u2028\u2029<>&é😀"+`"`,
		string(payload.AppendString([]byte("x"), "a\"\\/\n\r\t\x00\b\x1f\u007f\u2028\u2029<>&é😀")))
	require.Equal(t, "\"a\ufffd\ufffdb\"", string(payload.AppendString(nil, "a\xff\xc3b")))
}

// Every digit and every code point is in what the readers give (P-05).
func TestNothingIsLost(t *testing.T) {
	raw := []byte(`{"big":9007199254740993,"fine":0.10,"text":"\u2028<>&","more":[1e2,1.0]}`)
	require.NoError(t, payload.Check(raw, payload.DefaultLimits()))
	var b strings.Builder
	for key, value := range payload.Members(raw) {
		b.WriteString(key + "=" + string(value) + ";")
	}
	require.Equal(t, `big=9007199254740993;fine=0.10;text="\u2028<>&";more=[1e2,1.0];`, b.String())
	require.True(t, json.Valid(raw))
}
