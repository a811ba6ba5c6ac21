package httpserver_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/httpserver"
)

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	h := serving(t, func(c *httpserver.Config) {
		c.GraphQL = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") })
		c.Playground = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", "its own")
		})
	})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/healthz", 200},
		{"GET", "/readyz", 200},
		{"POST", "/graphql", 500},
		{"OPTIONS", "/graphql", 204},
		{"GET", "/", 302},
		{"GET", "/nothing", 404},
		{"POST", "/healthz", 405},
		{"BREW", "/graphql", 405},
		{"GET", "/" + strings.Repeat("x", 16<<10), 414},
		{"GET", "/playground", 200},
	} {
		w := ask(h, c.method, c.path)
		require.Equal(t, c.status, w.Code, "%s %.20s", c.method, c.path)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
		require.Equal(t, "same-origin", w.Header().Get("Cross-Origin-Resource-Policy"))
		require.NotEmpty(t, w.Header().Get("X-Request-Id"))
		require.Empty(t, w.Header().Get("Server"))
		require.Empty(t, w.Header().Get("Strict-Transport-Security"), "without TLS it means nothing")
		policy := "default-src 'none'; frame-ancestors 'none'"
		if c.path == "/playground" {
			policy = "its own"
		}
		require.Equal(t, policy, w.Header().Get("Content-Security-Policy"))
	}
}

func TestTransportSecurity(t *testing.T) {
	behind := serving(t, func(c *httpserver.Config) { c.HSTS = true })
	require.Equal(t, "max-age=31536000", ask(behind, "GET", "/healthz").Header().Get("Strict-Transport-Security"))
	direct := serving(t, func(*httpserver.Config) {})
	r := httptest.NewRequest("GET", "/healthz", nil)
	r.TLS = &tls.ConnectionState{}
	w := httptest.NewRecorder()
	direct.ServeHTTP(w, r)
	require.Equal(t, "max-age=31536000", w.Header().Get("Strict-Transport-Security"))
}

// What is not there is said without repeating what was asked for.
func TestNothingOfTheURLIsRepeated(t *testing.T) {
	h := serving(t, func(*httpserver.Config) {})
	for _, path := range []string{"/canary-4711", "/graphql/canary-4711", "/healthz?canary-4711", "/%2e%2e/canary-4711", "/canary-4711%0d%0aX-Injected:1"} {
		for _, method := range []string{"GET", "POST", "DELETE", "TRACE", "CONNECT"} {
			w := ask(h, method, path)
			require.Less(t, w.Code, 500)
			require.NotContains(t, w.Body.String(), "canary")
			for _, values := range w.Header() {
				require.NotContains(t, strings.Join(values, " "), "canary")
			}
		}
	}
}

// TestTheDeadlineOfARequest is in its context, and the connection outlives it for
// long enough to carry the answer.
func TestTheDeadlineOfARequest(t *testing.T) {
	var left time.Duration
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		deadline, _ := r.Context().Deadline()
		left = time.Until(deadline)
	})
	ask(serving(t, func(c *httpserver.Config) { c.GraphQL = handler }), "POST", "/graphql")
	require.InDelta(t, httpserver.DefaultRequestTimeout.Seconds(), left.Seconds(), 5)
	var cfg httpserver.Config
	ask(serving(t, func(c *httpserver.Config) { c.GraphQL, c.RequestTimeout = handler, time.Second; cfg = *c }), "POST", "/graphql")
	require.LessOrEqual(t, left, time.Second)
	require.Greater(t, left, -time.Minute, "there is one")
	server, err := httpserver.New(cfg)
	require.NoError(t, err)
	require.Greater(t, server.WriteTimeout, 11*time.Second, "what is stuck is answered ten seconds after the deadline")
	require.NotZero(t, server.IdleTimeout)
	cfg.RequestTimeout = -1
	_, err = httpserver.New(cfg)
	require.Error(t, err)
}
