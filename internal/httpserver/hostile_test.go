package httpserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/httpserver"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// canary is looked for in every answer.
const canary = "canary-4711"

// behind is what stands behind GraphQL: nothing, since nothing hostile gets there.
type behind struct {
	sender
	tester
	events
	dispatches
	catalogue
	ruleEditor
	typeEditor
	explainer
	history
}

// The interfaces, by names that their methods do not have.
type (
	sender     = graph.Sender
	tester     = graph.Tester
	events     = graph.Events
	dispatches = graph.Dispatches
	catalogue  = graph.Catalogue
	ruleEditor = graph.RuleEditor
	typeEditor = graph.TypeEditor
	explainer  = graph.Explainer
	history    = graph.History
	auditLog   = graph.Audit
	apiKeys    = graph.Keys
)

// listening is the whole of the server on a socket, where one key is good.
func listening(t *testing.T, change func(*http.Server)) string {
	t.Helper()
	var b behind
	gql, err := graph.New(graph.Config{
		Sender: b, Tester: b, Events: b, Dispatches: b, Catalogue: b, RuleEditor: b, TypeEditor: b, Explainer: b, History: b,
		Keys: struct{ apiKeys }{}, KeyEditor: struct{ graph.KeyEditor }{}, Tenants: struct{ graph.Tenants }{}, Directory: struct{ graph.Directory }{}, Audit: struct{ auditLog }{},
		Principal: httpserver.Principal, RequestID: httpserver.RequestID, Logger: slog.New(slog.DiscardHandler),
		Limits: graph.Limits{BodyBytes: 1 << 20},
	})
	require.NoError(t, err)
	server, err := httpserver.New(httpserver.Config{
		GraphQL: gql,
		Ready:   func(context.Context) error { return nil },
		Authenticate: func(r *http.Request) (signalbox.Principal, error) {
			if r.Header.Get("Authorization") != "Bearer good" {
				return signalbox.Principal{}, signalbox.Errorf(signalbox.CodeUnauthenticated, "no such key")
			}
			return signalbox.Principal{}, nil
		},
		LoopbackOnly: true,
		Logger:       slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	if change != nil {
		change(server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

// reply is what came back on a connection.
type reply struct {
	statuses []int
	text     string // of all answers, headers among it
	closed   bool
	took     time.Duration // to the first answer
}

// say sends these bytes and reads whatever answers come. It waits for as many as want,
// and a moment for one too many.
func say(t *testing.T, addr, raw string, want int) reply {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	began := time.Now()
	go func() { _, _ = io.WriteString(conn, raw) }() // the server may stop reading
	var got reply
	var text strings.Builder
	from := bufio.NewReader(io.TeeReader(conn, &text))
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	for {
		res, err := http.ReadResponse(from, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
		}
		if res != nil {
			got.statuses = append(got.statuses, res.StatusCode)
		}
		if len(got.statuses) == 1 && got.took == 0 {
			got.took = time.Since(began)
		}
		if err != nil || res.Close {
			got.closed = !errors.Is(err, os.ErrDeadlineExceeded)
			got.text = text.String()
			return got
		}
		if len(got.statuses) >= want {
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		}
	}
}

const (
	body   = `{"query":"{ __typename }"}`
	good   = "Host: localhost\r\nAuthorization: Bearer good\r\n"
	posted = "POST /graphql HTTP/1.1\r\n" + good + "Content-Type: application/json\r\n"
)

func sized(n int, rest string) string {
	return posted + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", n, rest)
}

// TestHostileHTTP: requests that are none, or are two things at once, end in an error
// of their own making, soon, with nothing repeated; and what follows them on the
// connection is never taken for a request that it was not sent as.
func TestHostileHTTP(t *testing.T) {
	addr := listening(t, nil)
	chunked := posted + "Transfer-Encoding: chunked\r\n"
	next := "GET /" + canary + " HTTP/1.1\r\n" + good + "\r\n"
	for _, c := range []struct {
		name string
		raw  string
		want []int // the answers' statuses; nil: the connection just ends
		open bool  // the connection goes on
	}{
		{name: "nothing hostile", raw: sized(len(body), body), want: []int{200}, open: true},
		{name: "nothing hostile, twice", raw: sized(len(body), body) + sized(len(body), body), want: []int{200, 200}, open: true},
		{name: "in chunks", raw: chunked + "\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body), want: []int{200}},

		{name: "both lengths, the end by chunks", raw: chunked + fmt.Sprintf("Content-Length: %d\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), len(body), body) + next, want: []int{200}},
		{name: "both lengths, the other way round", raw: posted + fmt.Sprintf("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body) + next, want: []int{200}},
		{name: "two lengths", raw: posted + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + body, want: []int{400}},
		{name: "two lengths in one", raw: posted + "Content-Length: 5, 6\r\n\r\n" + body, want: []int{400}},
		{name: "one length twice", raw: posted + strings.Repeat(fmt.Sprintf("Content-Length: %d\r\n", len(body)), 2) + "\r\n" + body, want: []int{200}, open: true},
		{name: "a negative length", raw: sized(-1, body), want: []int{400}},
		{name: "a length with a sign", raw: posted + "Content-Length: +5\r\n\r\n" + body, want: []int{400}},
		{name: "a length in hexadecimal", raw: posted + "Content-Length: 0x10\r\n\r\n" + body, want: []int{400}},
		{name: "an empty length", raw: posted + "Content-Length: \r\n\r\n" + body, want: []int{400}},
		{name: "a length that no number holds", raw: posted + "Content-Length: 99999999999999999999999\r\n\r\n" + body, want: []int{400}},
		{name: "a huge length", raw: sized(9_000_000_000_000_000_000, body), want: []int{413}},
		{name: "a length a little too large", raw: sized(1<<20+1, body), want: []int{413}},

		{name: "an extension to a chunk", raw: chunked + "\r\n" + fmt.Sprintf("%x;a=%s\r\n%s\r\n0\r\n\r\n", len(body), canary, body), want: []int{200}},
		{name: "a flood of extensions", raw: chunked + "\r\n" + strings.Repeat("1;"+strings.Repeat("x", 4000)+"\r\n \r\n", 1000) + "0\r\n\r\n", want: []int{400}},
		{name: "a chunk's size that is none", raw: chunked + "\r\n" + canary + "\r\n" + body, want: []int{400}},
		{name: "a chunk's size that is negative", raw: chunked + "\r\n-5\r\n" + body, want: []int{400}},
		{name: "a chunk's size that no number holds", raw: chunked + "\r\nfffffffffffffffff\r\n" + body, want: []int{400}},
		{name: "a chunk that is longer than it says", raw: chunked + "\r\n2\r\n" + body + "\r\n0\r\n\r\n" + next, want: []int{400}},
		{name: "a flood of small chunks", raw: chunked + "\r\n" + strings.Repeat("1\r\n \r\n", 100_000) + "0\r\n\r\n", want: []int{400}},
		{name: "too much in chunks", raw: chunked + "\r\n" + strings.Repeat("10000\r\n"+strings.Repeat(" ", 65536)+"\r\n", 17) + "0\r\n\r\n", want: []int{413}},
		{name: "a trailer", raw: chunked + "Trailer: Authorization\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\nAuthorization: %s\r\n\r\n", len(body), body, canary), want: []int{200}},
		// 501 is what RFC 9112, section 6.1, has for an unknown coding, and net/http gives it.
		{name: "an unknown coding", raw: posted + "Transfer-Encoding: gzip, chunked\r\n\r\n" + body, want: []int{501}},
		{name: "a coding in disguise", raw: posted + "Transfer-Encoding: xchunked\r\n\r\n" + body + next, want: []int{501}},
		{name: "a coding with a space before its colon", raw: posted + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", want: []int{400}},
		{name: "two codings", raw: chunked + "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", want: []int{501}},

		{name: "a header flood", raw: posted + strings.Repeat("X-Flood: "+canary+"\r\n", 10_000) + "\r\n", want: []int{431}},
		{name: "a large header", raw: posted + "X-Large: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", want: []int{431}},
		{name: "a header that does not end", raw: posted + "X-Large: " + strings.Repeat("x", 1<<20), want: []int{431}},
		{name: "NUL in a header", raw: posted + "X-Nul: " + canary + "\x00\r\n\r\n", want: []int{400}},
		{name: "a lone CR in a header", raw: posted + "X-Cr: a\rX-Injected: " + canary + "\r\n\r\n", want: []int{400}},
		{name: "a header without a colon", raw: posted + canary + "\r\n\r\n", want: []int{400}},
		{name: "a header without a name", raw: posted + ": " + canary + "\r\n\r\n", want: []int{400}},
		{name: "a header's name beyond ASCII", raw: posted + "X-\xc3\xa9: 1\r\n\r\n", want: []int{400}},

		{name: "a URL of a megabyte", raw: "GET /graphql?query=" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\n" + good + "\r\n", want: []int{431}},
		{name: "a URL a little too long", raw: "GET /graphql?query=" + strings.Repeat("x", 16<<10) + " HTTP/1.1\r\n" + good + "\r\n", want: []int{414}, open: true},
		{name: "a URL with a bad escape", raw: "GET /%zz" + canary + " HTTP/1.1\r\n" + good + "\r\n", want: []int{400}},
		{name: "a query with a bad escape", raw: "GET /graphql?query=%zz" + canary + " HTTP/1.1\r\n" + good + "\r\n", want: []int{400}, open: true},
		{name: "a target with a space", raw: "GET /graphql?query={ " + canary + " } HTTP/1.1\r\n" + good + "\r\n", want: []int{400}},
		{name: "a target with NUL", raw: "GET /\x00" + canary + " HTTP/1.1\r\n" + good + "\r\n", want: []int{400}},
		{name: "an absolute target of another host", raw: "GET http://" + canary + ".example/graphql HTTP/1.1\r\n" + good + "\r\n", want: []int{403}, open: true},
		{name: "an absolute target of ours", raw: "GET http://localhost/healthz HTTP/1.1\r\nHost: " + canary + "\r\n\r\n", want: []int{200}, open: true},
		{name: "CONNECT", raw: "CONNECT " + canary + ".example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", want: []int{403}, open: true},
		{name: "CONNECT to this machine", raw: "CONNECT localhost:5432 HTTP/1.1\r\nHost: localhost:5432\r\n\r\n", want: []int{404}, open: true},
		{name: "an asterisk", raw: "OPTIONS * HTTP/1.1\r\n" + good + "\r\n", want: []int{404}, open: true},
		{name: "dots in the path", raw: "GET /playground/../../" + canary + " HTTP/1.1\r\n" + good + "\r\n", want: []int{404}, open: true},
		{name: "dots in the path, escaped", raw: "GET /%2e%2e/%2e%2e/" + canary + " HTTP/1.1\r\n" + good + "\r\n", want: []int{404}, open: true},

		{name: "HTTP/0.9", raw: "GET /graphql\r\n", want: []int{400}},
		{name: "HTTP/1.0", raw: "POST /graphql HTTP/1.0\r\n" + good + "Content-Type: application/json\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), want: []int{200}},
		{name: "HTTP/2 without TLS", raw: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", want: []int{403}},
		{name: "HTTP/9.9", raw: "GET / HTTP/9.9\r\n" + good + "\r\n", want: []int{505}},
		{name: "no version", raw: "GET /healthz " + canary + "\r\n" + good + "\r\n", want: []int{400}},
		{name: "TLS", raw: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", want: []int{400}},
		{name: "nonsense", raw: canary + "\r\n\r\n", want: []int{400}},
		{name: "a method that there is not", raw: "BREW /graphql HTTP/1.1\r\n" + good + "\r\n", want: []int{405}, open: true},
		{name: "a method with a newline", raw: "GE\nT /graphql HTTP/1.1\r\n" + good + "\r\n", want: []int{400}},
		{name: "nonsense behind a request", raw: sized(len(body), body) + canary + "\r\n\r\n", want: []int{200, 400}},
		{name: "a body that is longer than it says", raw: sized(len(body), body+body+"\r\n\r\n"), want: []int{200, 400}},
		{name: "a GET with a body", raw: "GET /healthz HTTP/1.1\r\n" + good + "Content-Length: 5\r\n\r\n12345" + next, want: []int{200, 404}, open: true},

		{name: "no host", raw: "GET /graphql HTTP/1.1\r\n\r\n", want: []int{400}},
		{name: "two hosts", raw: "GET /graphql HTTP/1.1\r\nHost: localhost\r\nHost: " + canary + "\r\n\r\n", want: []int{400}},
		{name: "another host", raw: "GET /graphql HTTP/1.1\r\nHost: " + canary + ".example\r\n\r\n", want: []int{403}, open: true},
		{name: "a host with a path", raw: "GET /graphql HTTP/1.1\r\nHost: localhost/" + canary + "\r\n\r\n", want: []int{400}},
		{name: "a host with a user", raw: "GET /graphql HTTP/1.1\r\nHost: localhost@" + canary + "\r\n\r\n", want: []int{400}},
		{name: "a host with a space", raw: "GET /graphql HTTP/1.1\r\nHost: localhost " + canary + "\r\n\r\n", want: []int{400}},

		{name: "an expectation that there is not", raw: posted + "Expect: " + canary + "\r\nContent-Length: 5\r\n\r\n", want: []int{417}},
		{name: "an expectation without a key", raw: "POST /graphql HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", want: []int{401}},
		{name: "an expectation of too much", raw: posted + "Expect: 100-continue\r\nContent-Length: 9000000\r\n\r\n", want: []int{413}},
		{name: "an upgrade", raw: "GET /graphql HTTP/1.1\r\n" + good + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n", want: []int{400}, open: true},
		{name: "an upgrade to HTTP/2", raw: "GET /healthz HTTP/1.1\r\n" + good + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", want: []int{200}, open: true},

		{name: "compressed", raw: posted + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", want: []int{415}, open: true},
		{name: "compressed with a name of its own", raw: posted + "Content-Encoding: " + canary + "\r\nContent-Length: 2\r\n\r\n{}", want: []int{415}, open: true},
		{name: "a form", raw: "POST /graphql HTTP/1.1\r\n" + good + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\nquery=x", want: []int{415}, open: true},
		{name: "text", raw: "POST /graphql HTTP/1.1\r\n" + good + "Content-Type: text/plain\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), want: []int{415}, open: true},
		{name: "two content types", raw: posted + "Content-Type: text/plain\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), want: []int{415}, open: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got reply
			for try := 0; try < 20 && (try == 0 || got.took >= promptly); try++ { // others use the machine too
				got = say(t, addr, c.raw, len(c.want))
			}
			require.Equal(t, c.want, got.statuses, got.text)
			require.Equal(t, !c.open, got.closed)
			require.NotContains(t, got.text, canary)
			require.NotContains(t, got.text, "goroutine")
			require.Less(t, got.took, promptly)
		})
	}
	require.Equal(t, []int{200}, say(t, addr, sized(len(body), body), 1).statuses, "and it serves on")
}

// TestHostileCredentials end in 401, or in 400 and 431 where they are no header's,
// and nothing of them is repeated (P-27).
func TestHostileCredentials(t *testing.T) {
	addr := listening(t, nil)
	for name, c := range map[string]struct {
		header string
		want   int
	}{
		"none":               {"", 401},
		"empty":              {"Authorization:\r\n", 401},
		"a scheme alone":     {"Authorization: Bearer\r\n", 401},
		"another key":        {"Authorization: Bearer " + canary + "\r\n", 401},
		"a long one":         {"Authorization: Bearer " + strings.Repeat(canary, 2900) + "\r\n", 401},
		"one that is longer": {"Authorization: Bearer " + strings.Repeat(canary, 4000) + "\r\n", 431},
		"Basic":              {"Authorization: Basic " + canary + "\r\n", 401},
		"two":                {"Authorization: Bearer good\r\nAuthorization: Bearer good\r\n", 401},
		"two, one bad":       {"Authorization: Bearer good\r\nAuthorization: Bearer " + canary + "\r\n", 401},
		"two in one":         {"Authorization: Bearer good, Bearer " + canary + "\r\n", 401},
		"beyond ASCII":       {"Authorization: Bearer g\xc3\xb6\xc3\xb6d" + canary + "\r\n", 401},
		"invalid UTF-8":      {"Authorization: Bearer \xff\xfe" + canary + "\r\n", 401},
		"NUL":                {"Authorization: Bearer good\x00" + canary + "\r\n", 400},
		"a lone CR":          {"Authorization: Bearer good\r" + canary + "\r\n", 400},
		"a space too many":   {"Authorization : Bearer good\r\n", 400},
		"in the URL":         {"X-Other: 1\r\n", 401},
		"by another name":    {"Proxy-Authorization: Bearer good\r\nX-Authorization: Bearer good\r\nCookie: Authorization=Bearer good\r\n", 401},
	} {
		t.Run(name, func(t *testing.T) {
			got := say(t, addr, "POST /graphql?access_token=good HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+c.header+fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), 1)
			require.Equal(t, []int{c.want}, got.statuses, got.text)
			require.NotContains(t, got.text, canary)
			if c.want == 401 {
				require.Contains(t, got.text, "Www-Authenticate: Bearer realm=")
				require.Contains(t, got.text, `"code":"UNAUTHENTICATED"`)
				require.Contains(t, got.text, `"requestId":`)
			}
		})
	}
}

// TestSlowClients are given up within the server's time, not theirs.
func TestSlowClients(t *testing.T) {
	addr := listening(t, func(s *http.Server) {
		s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout = time.Second, 3*time.Second, 2*time.Second
	})
	for name, c := range map[string]struct {
		raw  string
		want []int
	}{
		"nothing at all":              {"", nil},
		"half a line":                 {"POST /gra", []int{400}},
		"headers that do not end":     {posted + "X-Slow: ", nil},
		"a body that does not come":   {sized(100, ""), []int{408}},
		"half a body":                 {sized(100, body), []int{408}},
		"chunks that do not end":      {posted + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", []int{408}},
		"a continuation that ends":    {posted + "Expect: 100-continue\r\nContent-Length: 100\r\n\r\n", []int{100, 408}},
		"without a key, half a body":  {"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", []int{401}},
		"a connection that says more": {sized(len(body), body), []int{200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = io.WriteString(conn, c.raw)
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
			text, err := io.ReadAll(conn) // to the end of the connection
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is still open")
			for _, status := range c.want {
				require.Contains(t, string(text), fmt.Sprintf("HTTP/1.1 %d ", status))
			}
			require.Equal(t, len(c.want), strings.Count(string(text), "HTTP/1.1 "), string(text))
		})
	}
}
