package graph_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// untouched is a body that nobody may read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body is read before it is known who is calling")
	return 0, io.EOF
}

// TestWhoMayNotComeIn is told so before anything of the request is read, in GraphQL's
// own form and with HTTP's own status (RFC 6750, P-18).
func TestWhoMayNotComeIn(t *testing.T) {
	const secret = "hunter2"
	for _, c := range []struct {
		name      string
		err       error
		header    []string
		status    int
		code      string
		challenge string
		retry     string
	}{
		{name: "no credential", err: signalbox.Errorf(signalbox.CodeUnauthenticated, "no credential"), status: 401, code: "UNAUTHENTICATED", challenge: `Bearer realm="signalbox"`},
		{name: "a bad one", err: signalbox.Errorf(signalbox.CodeUnauthenticated, "a bad one"), header: []string{"Authorization", "Bearer " + secret}, status: 401, code: "UNAUTHENTICATED", challenge: `Bearer realm="signalbox", error="invalid_token"`},
		{name: "an empty one", err: signalbox.Errorf(signalbox.CodeUnauthenticated, "an empty one"), header: []string{"Authorization", ""}, status: 401, code: "UNAUTHENTICATED", challenge: `Bearer realm="signalbox"`},
		{name: "not from here", err: signalbox.Errorf(signalbox.CodeForbidden, "not from here"), status: 403, code: "FORBIDDEN"},
		{name: "too often", err: &signalbox.Error{Code: signalbox.CodeRateLimited, Message: "too often", RetryAfter: 1500 * time.Millisecond}, status: 429, code: "RATE_LIMITED", retry: "2"},
		{name: "too much at once", err: &signalbox.Error{Code: signalbox.CodeOverloaded, Message: "too much", RetryAfter: time.Millisecond}, status: 503, code: "OVERLOADED", retry: "1"},
		{name: "the database is away", err: &signalbox.Error{Code: signalbox.CodeUnavailable, Message: "away", RetryAfter: time.Second, Err: errors.New(secret)}, status: 503, code: "UNAVAILABLE", retry: "1"},
		{name: "time has run out", err: fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), status: 503, code: "UNAVAILABLE", retry: "1"},
		{name: "unforeseen", err: errors.New(secret), status: 500, code: "INTERNAL"},
	} {
		for _, media := range []string{mediaJSON, mediaGQL, "text/html"} {
			t.Run(c.name+" as "+media, func(t *testing.T) {
				d := open(t, &fakes{principal: func() (signalbox.Principal, error) { return signalbox.Principal{}, c.err }})
				for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut} {
					r := httptest.NewRequest(method, "/graphql?query=%zz", untouched{t})
					r.Header.Set("Accept", media)
					for i := 0; i < len(c.header); i += 2 {
						if c.header[i+1] != "" {
							r.Header.Set(c.header[i], c.header[i+1])
						}
					}
					w := httptest.NewRecorder()
					d.handler.ServeHTTP(w, r)
					a := decode(t, w)
					require.Equal(t, c.status, a.Status)
					e := a.failed(t, signalbox.Code(c.code))
					require.Equal(t, requestID, e.Extensions.RequestID)
					require.Len(t, a.Errors, 1)
					require.NotContains(t, a.Text, secret)
					require.NotContains(t, a.Text, `"data"`)
					require.Equal(t, c.challenge, w.Header().Get("WWW-Authenticate"))
					require.Equal(t, c.retry, w.Header().Get("Retry-After"))
					require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
				}
				require.Empty(t, d.all())
			})
		}
	}
}

// TestBodiesOfWhoMayNotComeIn leave the connection in order: a small one is passed
// over and the connection serves on; a large one is not waited for, and ends it.
func TestBodiesOfWhoMayNotComeIn(t *testing.T) {
	known := false
	d := open(t, &fakes{principal: func() (signalbox.Principal, error) {
		if known {
			return signalbox.Principal{}, nil
		}
		return signalbox.Principal{}, signalbox.Errorf(signalbox.CodeUnauthenticated, "no credential")
	}})
	server := httptest.NewServer(d.handler)
	t.Cleanup(server.Close) // after the connections, of which it waits for each
	dial := func() (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		return conn, bufio.NewReader(conn)
	}
	const head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	status := func(from *bufio.Reader) (int, bool) {
		res, err := http.ReadResponse(from, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		return res.StatusCode, res.Close
	}

	conn, from := dial()
	_, err := fmt.Fprintf(conn, head+"Content-Length: %d\r\n\r\n%s", len(typename), typename)
	require.NoError(t, err)
	code, ends := status(from)
	require.Equal(t, 401, code)
	require.False(t, ends)
	known = true
	_, err = fmt.Fprintf(conn, head+"Content-Length: %d\r\n\r\n%s", len(typename), typename)
	require.NoError(t, err)
	code, _ = status(from)
	require.Equal(t, 200, code, "the body of the first is not taken for a request")
	known = false

	conn, from = dial()
	_, err = fmt.Fprint(conn, head+"Content-Length: 8000000\r\n\r\n"+strings.Repeat("x", 100))
	require.NoError(t, err)
	code, ends = status(from)
	require.Equal(t, 401, code)
	require.True(t, ends)

	conn, from = dial()
	_, err = fmt.Fprint(conn, head+"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	code, ends = status(from)
	require.Equal(t, 401, code, "whoever asks first is not told to continue")
	require.True(t, ends)
}
