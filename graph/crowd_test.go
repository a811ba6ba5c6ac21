package graph_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Queries of one tenant wait for one another, and keep none of its sends waiting.
func TestSendsDoNotWaitForQueries(t *testing.T) { // P-17
	begun, freed := make(chan struct{}, 100), make(chan struct{})
	d := open(t, &fakes{event: func(_, id signalbox.ID) (*signalbox.StoredEvent, error) {
		begun <- struct{}{}
		<-freed
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "none")
	}}, func(c *graph.Config) { c.Limits.Operations = 8 })
	ask := `{ event(id: "` + eventID(1).String() + `") { id } }`
	done := make(chan *httptest.ResponseRecorder, 8)
	for range cap(done) {
		go func() { done <- d.serve(http.MethodPost, "/graphql", bodyOf(ask, "")) }()
	}
	for range cap(done) {
		<-begun
	}
	for name, send := range map[string]string{
		"one":          `mutation { ` + oneSend + ` }`,
		"in fragments": `mutation { __typename ...f } fragment f on Mutation { ... on Mutation { ` + oneSend + ` } }`,
	} {
		require.Len(t, d.run(t, send, "").ok(t).Data, strings.Count(send, "__typename")+1, name)
	}
	for name, other := range map[string]string{"a query": ask, "no operation": `{ x }`, "not a send": `mutation { redriveDispatch(id: "1") { id } }`} {
		refused := d.run(t, other, "")
		require.Equal(t, http.StatusServiceUnavailable, refused.Status, name)
		e := refused.failed(t, signalbox.CodeOverloaded)
		require.Equal(t, &signalbox.LimitReached{Name: "operations", Value: 8, Scope: signalbox.ScopeTenant}, e.Extensions.Limit)
		require.Equal(t, 1000, e.Extensions.RetryAfterMs)
	}
	close(freed)
	for range cap(done) {
		decode(t, <-done).ok(t)
	}
}

// An answer does not outgrow its bound, whatever its fields hold. What has been sent is
// answered in any case.
func TestAnswersAreBounded(t *testing.T) { // P-17
	big := json.RawMessage(`"` + strings.Repeat("x", 10_000) + `"`)
	event := signalbox.Event{ID: eventID(1), Tenant: tenant, Type: "t", Operation: "o", EntityID: "e", Data: big}
	d := open(t, &fakes{
		event: func(_, _ signalbox.ID) (*signalbox.StoredEvent, error) {
			return &signalbox.StoredEvent{Event: event}, nil
		},
		events: func(signalbox.ID, signalbox.EventFilter, signalbox.Page) ([]signalbox.StoredEvent, bool, error) {
			return make([]signalbox.StoredEvent, 300), false, nil
		},
		sendBatch: func(_ context.Context, _ signalbox.Principal, inputs []ingest.Input) []ingest.BatchResult {
			results := make([]ingest.BatchResult, len(inputs))
			for i := range inputs {
				results[i].Result = accepted(i, &inputs[i])
			}
			return results
		},
	}, func(c *graph.Config) { c.Limits.AnswerBytes = 25_000 })
	lookup := func(n int) string {
		return "{" + repeat(n, func(i int) string {
			return fmt.Sprintf(`e%d: event(id: "%s") { payload { data } }`, i, eventID(1))
		}) + "}"
	}
	d.run(t, lookup(2), "").ok(t)
	for _, query := range []string{lookup(3), lookup(20), `{ events(first: 300) { nodes { id outcome type operation } } }`} {
		a := d.run(t, query, "")
		e := a.failed(t, signalbox.CodeInvalidInput)
		require.Len(t, a.Errors, 1)
		require.Empty(t, a.Data)
		require.Equal(t, &signalbox.LimitReached{Name: "answerBytes", Value: 25_000, Scope: signalbox.ScopeServer}, e.Extensions.Limit)
	}
	input := `{type:"t",operation:"o",payload:{id:"1"}},`
	d.run(t, `mutation { sendCustomEvents(inputs: [`+strings.Repeat(input, 400)+`]) { response { eventID outcome success } } }`, "").ok(t)
}

// However many fields one query asks for, few are looked for at once.
func TestRootFieldsTakeTurns(t *testing.T) { // P-17
	var now, most atomic.Int32
	d := open(t, &fakes{event: func(_, _ signalbox.ID) (*signalbox.StoredEvent, error) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		runtime.Gosched()
		now.Add(-1)
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "none")
	}})
	query := "{" + repeat(20, func(i int) string { return fmt.Sprintf(`e%d: event(id: "%s") { id } `, i, eventID(1)) }) + "}"
	for range 50 {
		require.Len(t, d.run(t, query, "").ok(t).Data, 20)
	}
	require.LessOrEqual(t, most.Load(), int32(2))
}

// Bodies that are announced and come slowly take no more memory than there is room
// for, and leave some to others; as they end, there is room again.
func TestLargeBodiesHaveRoom(t *testing.T) { // P-17
	d := open(t, &fakes{}, func(c *graph.Config) { c.Limits.RoomBytes = 4 << 20 })
	server := httptest.NewServer(d.handler)
	defer server.Close()
	const large = 1 << 20
	begin := func() net.Conn {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", large, typename+strings.Repeat(" ", 100<<10))
		require.NoError(t, err)
		return conn
	}
	// The connection may break under a body that nobody reads: that is no answer, and
	// status 0.
	ask := func(body io.Reader) (status int, header http.Header, text string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
		require.NoError(t, err)
		r.Header.Set("Content-Type", mediaJSON)
		res, err := server.Client().Do(r)
		if err != nil {
			return 0, nil, err.Error()
		}
		defer func() { _ = res.Body.Close() }()
		all, err := io.ReadAll(res.Body)
		if err != nil {
			return 0, nil, err.Error()
		}
		if res.Close {
			res.Header.Set("Connection", "close")
		}
		return res.StatusCode, res.Header, string(all)
	}
	slow := []net.Conn{begin(), begin()}
	padded := typename + strings.Repeat(" ", 70<<10) // more than is free, and sent at once
	length := func(hidden bool) io.Reader {
		if hidden {
			return io.MultiReader(strings.NewReader(padded)) // in chunks: it could be 8 MiB
		}
		return strings.NewReader(typename + strings.Repeat(" ", large))
	}
	for _, hidden := range []bool{false, true} {
		require.Eventually(t, func() bool {
			status, header, text := ask(length(hidden))
			return status == http.StatusServiceUnavailable && header.Get("Connection") == "close" && header.Get("Retry-After") == "1" &&
				strings.Contains(text, `"heldBytes"`)
		}, time.Minute, 10*time.Millisecond)
	}
	status, _, text := ask(strings.NewReader(typename))
	require.Equal(t, http.StatusOK, status, "what is small needs no room: %s", text)
	for _, conn := range slow {
		_, err := io.WriteString(conn, strings.Repeat(" ", large-(100<<10)-len(typename)))
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.NoError(t, res.Body.Close())
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool {
		status, _, _ := ask(length(false))
		return status == http.StatusOK
	}, time.Minute, 10*time.Millisecond)
}

// What is refused without taking of its sender's rate is no way around: it comes when
// there is a turn, and comes in any case.
func TestRefusedSendsTakeTurns(t *testing.T) { // P-17, P-18
	begun, freed := make(chan struct{}, 8), make(chan struct{})
	d := open(t, &fakes{
		event: func(_, _ signalbox.ID) (*signalbox.StoredEvent, error) {
			begun <- struct{}{}
			<-freed
			return nil, signalbox.Errorf(signalbox.CodeNotFound, "none")
		},
		send: func(context.Context, signalbox.Principal, ingest.Input) (*ingest.Result, error) {
			return nil, signalbox.Errorf(signalbox.CodeForbidden, "not yours")
		},
	}, func(c *graph.Config) { c.Limits.Operations = 8 })
	ask, send := bodyOf(`{ event(id: "`+eventID(1).String()+`") { id } }`, ""), bodyOf(`mutation { `+oneSend+` }`, "")
	decode(t, d.serve(http.MethodPost, "/graphql", send)).failed(t, signalbox.CodeForbidden)
	done := make(chan *httptest.ResponseRecorder, 8)
	for range cap(done) {
		go func() { done <- d.serve(http.MethodPost, "/graphql", ask) }()
	}
	for range cap(done) {
		<-begun
	}
	began := time.Now()
	decode(t, d.serve(http.MethodPost, "/graphql", send)).failed(t, signalbox.CodeForbidden)
	require.Greater(t, time.Since(began), time.Second)
	close(freed)
	for range cap(done) {
		decode(t, <-done).ok(t)
	}
}
