package graph_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestVariablesDoNotMultiply: a large variable that stands in a literal thousands of
// times would make gigabytes of a body of some hundred kilobytes.
func TestVariablesDoNotMultiply(t *testing.T) {
	d := open(t, &fakes{})
	send := func(times int) string {
		return `mutation($m: Map) { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: {all: [` +
			strings.Repeat("$m ", times) + `]}}}) { success } }`
	}
	large := `{"m":{"x":"` + strings.Repeat("x", 200_000) + `"}}`
	e := d.run(t, send(5000), large).failed(t, signalbox.CodePayloadTooLarge)
	require.Contains(t, e.Message, "literals")
	require.Empty(t, d.all())
	d.run(t, send(3), large).ok(t)
	require.Greater(t, len(d.all()[0].Data), 600_000)
}

// TestKeyOfTheHeader: a header that no send can have is refused before anything runs.
func TestKeyOfTheHeader(t *testing.T) {
	for name, keys := range map[string][]string{
		"two": {"a", "b"}, "blank": {" "}, "long": {strings.Repeat("k", 256)},
		"beyond ASCII": {"k\xc3\xa9"}, "a tab": {"k\tk"}, "DEL": {"k\x7f"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, &fakes{})
			var headers []string
			for _, k := range keys {
				headers = append(headers, "Idempotency-Key", k)
			}
			a := d.run(t, `mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { success } }`, "", headers...)
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Contains(t, a.failed(t, signalbox.CodeInvalidInput).Message, "Idempotency-Key")
			require.Empty(t, d.all())
		})
	}
}

// TestListsAreCut: what no field takes is not even read.
func TestListsAreCut(t *testing.T) {
	d := open(t, &fakes{})
	one := `{"type":"t","operation":"o","payload":{"id":"1"}},`
	a := d.run(t, `mutation($i: [SendCustomEventInput!]!) {
		many: sendCustomEvents(inputs: $i) { response { success } }
		one: sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { success } }`,
		`{"i":[`+strings.Repeat(one, 20_000)+strings.TrimSuffix(one, ",")+`]}`)
	require.Contains(t, a.failed(t, signalbox.CodeInvalidInput).Message, "the limit is 1000")
	require.Equal(t, []any{"many"}, a.Errors[0].Path)
	require.JSONEq(t, `{"success":true}`, string(a.Data["one"]), "the other field of the document is not affected")

	for query, variables := range map[string]string{
		`query($l: [EventOutcome!]) { events(filter: {outcomes: $l}) { nodes { id } } }`:       `"STARTED"`,
		`query($l: [DispatchStatus!]) { dispatches(filter: {statuses: $l}) { nodes { id } } }`: `"FAILED"`,
	} {
		list := `{"l":[` + strings.TrimSuffix(strings.Repeat(variables+",", 101), ",") + `]}`
		require.Contains(t, d.run(t, query, list).failed(t, signalbox.CodeInvalidInput).Message, "the limit is 100")
	}
}

func TestIntrospectionIsBounded(t *testing.T) {
	d := open(t, &fakes{})
	all := `__schema { types { name fields { name args { name type { name ofType { name } } } type { name ofType { name } } } } }`
	d.run(t, `{ `+all+` }`, "").ok(t)
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, "a%d: %s ", i, all)
	}
	e := d.run(t, `{ `+b.String()+` }`, "").failed(t, signalbox.CodeInvalidInput)
	require.Contains(t, e.Message, "of the schema")
}

func TestFragmentsHaveNoVariables(t *testing.T) {
	d := open(t, &fakes{})
	e := d.run(t, `{ ...f } fragment f($x: Int = 5) on Query { __typename }`, "").failed(t, signalbox.CodeInvalidInput)
	require.Contains(t, e.Message, "belong to operations")
}

// TestTimeThatHasRunOut is UNAVAILABLE, which a client may retry with its key.
func TestTimeThatHasRunOut(t *testing.T) {
	for _, cause := range []error{context.DeadlineExceeded, context.Canceled, fmt.Errorf("read: %w", context.DeadlineExceeded)} {
		d := open(t, &fakes{send: func(context.Context, signalbox.Principal, ingest.Input) (*ingest.Result, error) { return nil, cause }})
		e := d.run(t, `mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { success } }`, "").
			failed(t, signalbox.CodeUnavailable)
		require.NotContains(t, e.Message, "context")
	}
}

// TestPathsAreTheResponses: an error's path leads to a field of the response, and
// extensions.path into the input.
func TestPathsAreTheResponses(t *testing.T) {
	d := open(t, &fakes{})
	a := d.run(t, `mutation { a: sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}, occurredAt: "yesterday"}) { success } }`, "")
	e := a.failed(t, signalbox.CodeInvalidInput)
	require.Equal(t, []any{"a"}, e.Path)
	require.Equal(t, "/occurredAt", e.Extensions.Path)
	a = d.run(t, `mutation { b: sendCustomEvents(inputs: [{type: "t", operation: "o", payload: {id: "1"}},
		{type: "t", operation: "o", payload: {id: "2"}, occurredAt: "yesterday"}]) { error { code } } }`, "")
	e = a.failed(t, signalbox.CodeInvalidInput)
	require.Equal(t, []any{"b"}, e.Path)
	require.Equal(t, "/1/occurredAt", e.Extensions.Path)
}
