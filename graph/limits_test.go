package graph_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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

// TestListsInAMapAreWholeOrRefused: what is cut for a field that takes no more is
// never cut in silence within data (P-05).
func TestListsInAMapAreWholeOrRefused(t *testing.T) {
	d := open(t, &fakes{})
	const document = `mutation($l: [%s]) { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: {l: $l, n: 1}}}) { success } }`
	list := func(n int, element string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
	}
	numbers := list(5000, "7")
	d.run(t, fmt.Sprintf(document, "Int"), `{"l":`+numbers+`}`).ok(t)
	require.Equal(t, `{"l":`+numbers+`,"n":1}`, string(d.all()[0].Data))

	e := d.run(t, fmt.Sprintf(document, "Int"), `{"l":`+list(300_000, "7")+`}`).failed(t, signalbox.CodeInvalidInput)
	require.Contains(t, e.Message, "more than 256000 elements")
	e = d.run(t, fmt.Sprintf(document, "EventOutcome"), `{"l":`+list(5000, `"FAILED"`)+`}`).failed(t, signalbox.CodeInvalidInput)
	require.Contains(t, e.Message, "more than 1001 elements")
	object := `{"id":"1"}`
	d.run(t, fmt.Sprintf(document, "CustomEventPayloadInput"), `{"l":`+list(1000, object)+`}`).ok(t)
	e = d.run(t, fmt.Sprintf(document, "CustomEventPayloadInput"), `{"l":`+list(1001, object)+`}`).failed(t, signalbox.CodeInvalidInput)
	require.Contains(t, e.Message, "more than 1000 input objects")
	require.Len(t, d.all(), 2)
}

// TestTimesInVariables are coerced with the other variables: what is none is an error
// of the request, and the path leads into the variable.
func TestTimesInVariables(t *testing.T) {
	d := open(t, &fakes{})
	for variables, path := range map[string]string{
		`{"f":{"receivedFrom":"yesterday"}}`: "/receivedFrom", `{"f":{"receivedBefore":1772366400}}`: "/receivedBefore",
		`{"f":{"receivedFrom":"2026-02-30T12:00:00Z"}}`: "/receivedFrom", `{"f":{"receivedFrom":""}}`: "/receivedFrom",
	} {
		a := d.run(t, `query($f: EventFilter) { events(filter: $f) { nodes { id } } }`, variables, "Accept", mediaGQL)
		require.Equal(t, http.StatusBadRequest, a.Status)
		e := a.failed(t, signalbox.CodeInvalidInput)
		require.Contains(t, e.Message, "RFC 3339")
		require.Equal(t, path, e.Extensions.Path)
		require.NotContains(t, a.Text, `"data"`)
	}
}

// TestSlowBodies: what has not come within the server's time is answered 408, and
// the connection ends with it.
func TestSlowBodies(t *testing.T) {
	server := httptest.NewUnstartedServer(open(t, &fakes{}).handler)
	server.Config.ReadTimeout = 100 * time.Millisecond
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusRequestTimeout, res.StatusCode)
	require.True(t, res.Close)
	var body struct{ Errors []failure }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&body))
	require.Equal(t, "INVALID_INPUT", body.Errors[0].Extensions.Code)
}

// burst is a body that panics when it is read.
type burst struct{}

func (burst) Read([]byte) (int, error) { panic("canary") }

// TestPanicsOutsideOfFields are contained as those within are: one line in the log,
// the request's id for the client.
func TestPanicsOutsideOfFields(t *testing.T) {
	d := open(t, &fakes{})
	r := httptest.NewRequest(http.MethodPost, "/graphql", burst{})
	r.Header.Set("Content-Type", mediaJSON)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	a := decode(t, w)
	require.Equal(t, http.StatusInternalServerError, a.Status)
	require.Equal(t, requestID, a.failed(t, signalbox.CodeInternal).Extensions.RequestID)
	require.NotContains(t, a.Text, "canary")
	require.Equal(t, 1, d.log.Lines())
	require.Contains(t, d.log.String(), "stack")
}
