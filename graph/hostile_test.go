package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// canary stands for what a payload holds, and is looked for in every answer.
const canary = "canary-4711-secret"

// hostile is a request that ends in errors of one code.
type hostile struct {
	name string
	body string
	code string // INVALID_INPUT unless said
	says string // in the first error's message, where it matters
	path string // in the first error's extensions, where it matters
}

func (h *hostile) run(t *testing.T) {
	t.Helper()
	d, m := openRoad(t)
	code := h.code
	if code == "" {
		code = "INVALID_INPUT"
	}
	var w *httptest.ResponseRecorder
	took := time.Hour
	for try := 0; try < 3 && took > promptly; try++ {
		began := processorTime(t)
		w = d.serve(http.MethodPost, "/graphql", h.body, "Accept", mediaGQL)
		took = min(took, processorTime(t)-began)
	}
	require.Less(t, took, promptly)
	require.Less(t, w.Code, 500)
	require.NotContains(t, w.Body.String(), "canary-", "the answer repeats a value of the request")
	require.Less(t, w.Body.Len(), 20_000, "the answer is bounded")
	a := decode(t, w)
	require.NotEmpty(t, a.Errors, cut(a.Text))
	for _, e := range a.Errors {
		require.Equal(t, code, e.Extensions.Code, cut(a.Text))
		require.NotEmpty(t, e.Message)
		require.Equal(t, requestID, e.Extensions.RequestID)
	}
	require.Contains(t, a.Errors[0].Message, h.says)
	if h.path != "" {
		require.Equal(t, h.path, a.Errors[0].Extensions.Path)
	}
	require.Empty(t, m.committed, "nothing is stored")
	require.Empty(t, d.log.String(), "the client's fault is not the log's business")
}

// processorTime is what this process has used: unlike the clock's, it does not grow
// with what else the machine does.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func cut(s string) string { return s[:min(len(s), 500)] }

// send is a mutation with the payload's data in a variable, or literally.
const sendVariable = `mutation($d: Map) { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: $d}}) { success } }`

func sendLiteral(data string) string {
	return `mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: ` + data + `}}) { success } }`
}

func nested(open, inner, shut string, depth int) string {
	return strings.Repeat(open, depth) + inner + strings.Repeat(shut, depth)
}

// TestHostileJSON is JSON in variables that no decoder should see (P-05, P-06).
func TestHostileJSON(t *testing.T) {
	const at = "/variables/d"
	for _, h := range []hostile{
		{name: "deep objects", body: nested(`{"a":`, `"`+canary+`"`, `}`, 65), says: "nested deeper than 64", path: "/payload/data" + strings.Repeat("/a", 32) + "/…"},
		{name: "depth bomb of objects", body: nested(`{"a":`, `"`+canary+`"`, `}`, 100_000), says: "nested deeper"},
		{name: "depth bomb of arrays", body: `{"a":` + nested(`[`, `"`+canary+`"`, `]`, 1_000_000) + `}`, says: "nested deeper"},
		{name: "depth bomb that never closes", body: `{"a":` + strings.Repeat("[", 4_000_000), says: "nested deeper"},
		{name: "exponent", body: `{"c":"` + canary + `","n":1e131000}`, says: "exponent", path: at + "/n"},
		{name: "exponent that no int holds", body: `{"n":1e99999999999999999999}`, says: "exponent", path: at + "/n"},
		{name: "small exponent", body: `{"n":-1E-10000000}`, says: "exponent", path: at + "/n"},
		{name: "digits", body: `{"n":[1` + strings.Repeat("0", 64) + `]}`, says: "65 digits", path: at + "/n/0"},
		{name: "a million digits", body: `{"n":0.` + strings.Repeat("7", 1_000_000) + `}`, says: "digits", path: at + "/n"},
		{name: "duplicate keys", body: `{"a":{"k":1,"k":"` + canary + `"}}`, says: "twice", path: at + "/a/k"},
		{name: "duplicate keys, one escaped", body: `{"key":1,"\u006b\u0065y":"` + canary + `"}`, says: "twice", path: at + "/key"},
		{name: "NUL as an escape", body: `{"s":"` + canary + `\u0000"}`, says: "NUL", path: at + "/s"},
		{name: "NUL in a key", body: `{"s\u0000":"` + canary + `"}`, says: "NUL", path: at},
		{name: "NUL as a byte", body: "{\"s\":\"" + canary + "\x00\"}", says: "control character", path: at + "/s"},
		{name: "invalid UTF-8", body: "{\"s\":\"" + canary + "\xff\"}", says: "invalid UTF-8", path: at + "/s"},
		{name: "UTF-8 of a surrogate", body: "{\"s\":\"" + canary + "\xed\xa0\x80\"}", says: "invalid UTF-8", path: at + "/s"},
		{name: "overlong UTF-8", body: "{\"s\":\"" + canary + "\xc0\xaf\"}", says: "invalid UTF-8", path: at + "/s"},
		{name: "a lone high surrogate", body: `{"s":"` + canary + `\ud800"}`, says: "lone surrogate", path: at + "/s"},
		{name: "a lone low surrogate", body: `{"s":"` + canary + `\udc00x"}`, says: "lone surrogate", path: at + "/s"},
		{name: "surrogates the wrong way round", body: `{"s":"\udc00\ud800` + canary + `"}`, says: "lone surrogate", path: at + "/s"},
		{name: "a long key", body: `{"` + strings.Repeat("k", 257) + `":"` + canary + `"}`, says: "key of 257 bytes"},
		{name: "too large", body: `{"s":"` + canary + strings.Repeat("x", 256<<10) + `"}`, says: "the limit is 262144", code: "PAYLOAD_TOO_LARGE", path: "/payload/data"},
		{name: "a list", body: `["` + canary + `"]`, says: "not an object"},
		{name: "a string", body: `"` + canary + `"`, says: "not an object"},
		{name: "a number", body: `4711`, says: "not an object"},
		{name: "a boolean", body: `true`, says: "not an object"},
		{name: "not a number", body: `{"n":NaN}`, says: "malformed"},
		{name: "a hexadecimal number", body: `{"n":0x10}`, says: "malformed"},
		{name: "a comment", body: `{/* ` + canary + ` */}`, says: "malformed"},
		{name: "a comma at the end", body: `{"a":"` + canary + `",}`, says: "malformed"},
		{name: "single quotes", body: `{'a':'` + canary + `'}`, says: "malformed"},
	} {
		t.Run(h.name, func(t *testing.T) {
			h.body = bodyOf(sendVariable, `{"d":`+h.body+`}`)
			h.run(t)
		})
	}
}

// TestHostileLiterals is the same, written into the document.
func TestHostileLiterals(t *testing.T) {
	const at = "/payload/data"
	for _, h := range []hostile{
		{name: "deep", body: sendLiteral(nested(`{a:`, `"`+canary+`"`, `}`, 65)), says: "nested deeper than 64"},
		{name: "depth bomb", body: sendLiteral(nested(`{a:`, `"`+canary+`"`, `}`, 900)), says: "nested deeper"},
		{name: "deeper than the parser goes", body: sendLiteral(nested(`{a:[`, `"`+canary+`"`, `]}`, 3000)), says: "depth"},
		{name: "depth bomb that never closes", body: sendLiteral(strings.Repeat("[", 500_000)), says: "depth"},
		{name: "deep list in the place of a string", body: `mutation { sendCustomEvent(input: {type: ` + nested("[", `"`+canary+`"`, "]", 990) + `}) { success } }`},
		{name: "deep list with a large string in it", body: `mutation { sendCustomEvent(input: {type: ` + nested("[", `"`+strings.Repeat(canary, 100_000)+`"`, "]", 70) + `}) { success } }`},
		{name: "deep list in the place of an object", body: `mutation { sendCustomEvent(input: ` + nested("[", `"`+canary+`"`, "]", 990) + `) { success } }`},
		{name: "an empty object in the place of an id", body: `mutation { redriveDispatch(id: {}) { id } }`},
		{name: "deep object in the place of an id", body: `mutation { redriveDispatch(id: ` + nested("{a:", `"`+canary+`"`, "}", 990) + `) { id } }`},
		{name: "deep default", body: `query($x: [String] = ` + nested("[", `"`+canary+`"`, "]", 990) + `) { __typename @skip(if: $x) }`},
		{name: "exponent", body: sendLiteral(`{c: "` + canary + `", n: 1e131000}`), says: "exponent", path: at + "/n"},
		{name: "digits", body: sendLiteral(`{n: [1` + strings.Repeat("0", 64) + `]}`), says: "65 digits", path: at + "/n/0"},
		{name: "a million digits", body: sendLiteral(`{n: ` + strings.Repeat("7", 100_000) + `}`), says: "digits"},
		{name: "duplicate keys", body: sendLiteral(`{a: {k: 1, k: "` + canary + `"}}`), says: `only one input field named "k"`},
		{name: "NUL", body: sendLiteral(`{s: "` + canary + `\u0000"}`), says: "NUL"},
		{name: "NUL in braces", body: sendLiteral(`{s: "` + canary + `\u{0000}"}`), says: "NUL"},
		{name: "NUL as a byte", body: sendLiteral("{s: \"" + canary + "\x00\"}"), says: "NUL"},
		{name: "a lone high surrogate", body: sendLiteral(`{s: "` + canary + `\ud800"}`), says: "lone surrogate"},
		{name: "a lone low surrogate", body: sendLiteral(`{s: "` + canary + `\udc00x"}`), says: "lone surrogate"},
		{name: "surrogates the wrong way round", body: sendLiteral(`{s: "` + canary + `\udc00\ud800x"}`), says: "lone surrogate"},
		{name: "a surrogate in braces", body: sendLiteral(`{s: "` + canary + `\u{d83d}\u{de00}"}`)},
		{name: "half a pair in braces", body: sendLiteral(`{s: "` + canary + `\ud83d\u{de00}"}`)},
		{name: "beyond Unicode", body: sendLiteral(`{s: "` + canary + `\u{110000}"}`), says: "cannot be parsed"},
		{name: "a lone surrogate after a block string that ends in quotes", body: sendLiteral(`{b: """` + canary + `"""", s: "\ud800x"}`), says: "lone surrogate"},
		{name: "a lone surrogate after an empty block string with quotes", body: sendLiteral(`{b: """""""", s: "\ud800x"}`), says: "lone surrogate"},
		{name: "a lone surrogate in an argument", body: `mutation { redriveDispatch(id: "` + canary + `\ud800") { id } }`, says: "lone surrogate"},
		{name: "a lone surrogate in a default", body: `query($x: String = "` + canary + `\ud800") { __type(name: $x) { name } }`, says: "lone surrogate"},
		{name: "too large", body: sendLiteral(`{s: "` + canary + strings.Repeat("x", 256<<10) + `"}`), code: "PAYLOAD_TOO_LARGE", path: at},
		{name: "a long key", body: sendLiteral(`{` + strings.Repeat("k", 257) + `: "` + canary + `"}`), says: "key of 257 bytes"},
		{name: "a word", body: sendLiteral(`{a: {b: [canary-4711]}}`)},
		{name: "another word", body: sendLiteral(`{a: {b: [CANARY]}}`), says: "without quotes"},
		{name: "a list", body: sendLiteral(`["` + canary + `"]`), says: "not an object", path: at},
		{name: "a string", body: sendLiteral(`"` + canary + `"`), says: "not an object", path: at},
		{name: "a block string", body: sendLiteral(`"""` + canary + `"""`), says: "not an object", path: at},
		{name: "a number", body: sendLiteral(`4711`), says: "not an object", path: at},
		{name: "a boolean", body: sendLiteral(`true`), says: "not an object", path: at},
		{name: "an escape that there is not", body: sendLiteral(`{s: "\canary-4711"}`), says: "cannot be parsed"},
		{name: "a cut-off escape", body: `{ a(b: "\u00`, says: "cannot be parsed"},
		{name: "a string that does not end", body: sendLiteral(`{s: "` + canary), says: "a string that does not end"},
		{name: "a string where none belongs", body: `mutation { "` + canary + `" }`, says: "cannot be parsed"},
		{name: "a name where none belongs", body: `mutation { sendCustomEvent(input: canary-4711) }`},
		{name: "an argument of another type", body: `mutation { redriveDispatch(id: {a: "` + canary + `"}) { id } }`},
		{name: "an enum as a string", body: `{ dispatches(filter: {statuses: ["` + canary + `"]}) { nodes { id } } }`},
		{name: "an enum of another name", body: `{ dispatches(filter: {statuses: [CANARY_4711]}) { nodes { id } } }`},
		{name: "a time", body: `{ events(filter: {receivedFrom: "` + canary + `"}) { nodes { id } } }`, says: "RFC 3339"},
		{name: "a time as a number", body: `{ events(filter: {receivedFrom: 1772366400}) { nodes { id } } }`, says: "RFC 3339"},
		{name: "an id", body: `{ event(id: "` + canary + `") { id } }`, says: "not a UUID"},
		{name: "a cursor", body: `{ events(after: "` + canary + `") { nodes { id } } }`, says: "not a cursor"},
		{name: "a page of nothing", body: `{ events(first: 0) { nodes { id } } }`, says: "from 1 to 500"},
		{name: "a page too long", body: `{ events(first: 501) { nodes { id } } }`, says: "from 1 to 500"},
	} {
		t.Run(h.name, func(t *testing.T) {
			h.body = bodyOf(h.body, "")
			h.run(t)
		})
	}
}

// TestHugeNumbers: an Int beyond 32 bits is an error wherever it stands, and a panic
// nowhere.
func TestHugeNumbers(t *testing.T) {
	const huge = "999999999999999999999999999999"
	for name, document := range map[string]string{
		"an Int argument":           `{ events(first: %s) { nodes { id } } }`,
		"a String":                  `mutation { sendCustomEvent(input: {type: %s, operation: "o", payload: {id: "1"}}) { success } }`,
		"a Boolean":                 `{ __typename @skip(if: %s) }`,
		"an enum":                   `{ dispatches(filter: {statuses: [%s]}) { nodes { id } } }`,
		"an input object":           `mutation { sendCustomEvent(input: %s) { success } }`,
		"a list of input objects":   `mutation { sendCustomEvents(inputs: [%s]) { error { code } } }`,
		"a Time":                    `{ events(filter: {receivedFrom: %s}) { nodes { id } } }`,
		"an unknown argument":       `{ events(nothing: %s) { nodes { id } } }`,
		"an unknown field":          `mutation { sendCustomEvent(input: {nothing: %s}) { success } }`,
		"deep in an unknown field":  `mutation { sendCustomEvent(input: {nothing: {a: [%s]}}) { success } }`,
		"an unknown directive":      `{ __typename @nothing(a: %s) }`,
		"an unknown field's":        `{ nothing(a: %s) }`,
		"below an unknown field":    `{ nothing { events(first: %s) { nodes { id } } } }`,
		"on an unknown type":        `{ ... on Nothing { events(first: %s) { nodes { id } } } }`,
		"in an unknown fragment":    `{ __typename } fragment f on Nothing { events(first: %s) { nodes { id } } }`,
		"a variable's default":      `query($n: Int = %s) { events(first: $n) { nodes { id } } }`,
		"a default of unknown type": `query($n: Nothing = %s) { events(first: $n) { nodes { id } } }`,
		"a default of output type":  `query($n: Event = %s) { events(first: $n) { nodes { id } } }`,
		"a list's default":          `query($n: [Int!]! = [[%s]]) { events(first: $n) { nodes { id } } }`,
		"a directive's in a place":  `query @skip(if: %s) { __typename }`,
		"on a variable's directive": `query($n: Int @skip(if: %s)) { events(first: $n) { nodes { id } } }`,
		"a scalar's subfields":      `{ __typename { events(first: %s) { nodes { id } } } }`,
		"__type":                    `{ __type(name: %s) { name } }`,
		"fields of __type":          `{ __type(name: "Event") { fields(includeDeprecated: %s) { name } } }`,
		"an argument of __typename": `{ __typename(a: %s) }`,
		"an argument of __schema":   `{ __schema(a: %s) { description } }`,
	} {
		for _, number := range []string{huge, "-" + huge, huge + ".5", "1e99999", "2147483648"} {
			t.Run(name+" "+cutNumber(number), func(t *testing.T) {
				h := hostile{body: bodyOf(fmt.Sprintf(document, number), "")}
				h.run(t)
			})
		}
	}
	t.Run("in variables", func(t *testing.T) {
		for _, number := range []string{huge, "-" + huge, "2147483648", "1.0", "1e2", `"1"`, "true", "[1]", "{}"} {
			h := hostile{body: bodyOf(`query($n: Int!) { events(first: $n) { nodes { id } } }`, `{"n":`+number+`}`), says: "32 bits"}
			h.run(t)
		}
	})
}

func cutNumber(s string) string { return s[:min(len(s), 12)] + fmt.Sprint(len(s)) }
