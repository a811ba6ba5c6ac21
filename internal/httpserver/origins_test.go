package httpserver_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/httpserver"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// serving is a server whose GraphQL handler answers 403 to whom it is told to refuse.
func serving(t *testing.T, change func(*httpserver.Config)) http.Handler {
	t.Helper()
	cfg := httpserver.Config{
		GraphQL: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := httpserver.Principal(r.Context()); signalbox.ErrorCode(err) == signalbox.CodeForbidden {
				w.WriteHeader(http.StatusForbidden)
			}
		}),
		Ready:        func(context.Context) error { return nil },
		Authenticate: func(*http.Request) (signalbox.Principal, error) { return signalbox.Principal{}, nil },
		Logger:       slog.New(slog.DiscardHandler),
	}
	change(&cfg)
	server, err := httpserver.New(cfg)
	require.NoError(t, err)
	return server.Handler
}

// ask sends a request with these headers, pairs of name and value.
func ask(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://signalbox.example"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOriginsAreExact(t *testing.T) {
	for origin, fine := range map[string]bool{
		"https://app.example": true, "http://localhost:3000": true, "https://app.example:8443": true, "http://[::1]:3000": true, "http://10.0.0.7": true,
		"*": false, "null": false, "": false, "https://*.example": false, "app.example": false, "https://app.example/": false, "https://app.example/x": false,
		"https://app.example?x": false, "https://app.example#x": false, "https://user@app.example": false, "https://APP.example": false, "HTTPS://app.example": false,
		"https://": false, "https://:443": false, "https://app.example:": false, "https://app.example:443": false, "http://app.example:80": false, "ftp://app.example": false,
		"file://": false, "chrome-extension://abc": false, "https://a.example https://b.example": false, "https://a.example,https://b.example": false,
		" https://app.example": false, "https://app.example\n": false, "https://app.example:x": false, "//app.example": false,
	} {
		_, err := httpserver.New(httpserver.Config{
			GraphQL: http.NotFoundHandler(), Ready: func(context.Context) error { return nil },
			Authenticate: func(*http.Request) (signalbox.Principal, error) { return signalbox.Principal{}, nil },
			Logger:       slog.New(slog.DiscardHandler), CORSOrigins: []string{"https://fine.example", origin},
		})
		if fine {
			require.NoError(t, err, origin)
		} else {
			require.ErrorContains(t, err, "the CORS origin ", "%q", origin)
		}
	}
}

// TestCORS: pages of the origins that are listed may read answers, and no others.
func TestCORS(t *testing.T) {
	h := serving(t, func(c *httpserver.Config) { c.CORSOrigins = []string{"https://app.example", "http://localhost:3000"} })
	preflight := func(origin, method, headers string) http.Header {
		w := ask(h, http.MethodOptions, "/graphql", "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
		require.Equal(t, http.StatusNoContent, w.Code)
		require.Contains(t, strings.Join(w.Header().Values("Vary"), ","), "Origin")
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
		return w.Header()
	}
	got := preflight("https://app.example", "POST", "authorization,content-type,idempotency-key,x-request-id")
	require.Equal(t, "https://app.example", got.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "POST", got.Get("Access-Control-Allow-Methods"))
	require.Equal(t, "600", got.Get("Access-Control-Max-Age"))
	for name, header := range map[string]http.Header{
		"another header":      preflight("https://app.example", "POST", "cookie"),
		"another method":      preflight("https://app.example", "DELETE", ""),
		"another origin":      preflight("https://evil.example", "POST", ""),
		"one that begins so":  preflight("https://app.example.evil.example", "POST", ""),
		"one that ends so":    preflight("https://evilapp.example", "POST", ""),
		"below it":            preflight("https://sub.app.example", "POST", ""),
		"another scheme":      preflight("http://app.example", "POST", ""),
		"another port":        preflight("https://app.example:8443", "POST", ""),
		"none that has one":   preflight("null", "POST", ""),
		"two at once":         preflight("https://app.example, https://evil.example", "POST", ""),
		"one with a newline":  preflight("https://app.example\nx", "POST", ""),
		"a wildcard for both": preflight("*", "POST", ""),
	} {
		require.Empty(t, header.Get("Access-Control-Allow-Origin"), name)
	}

	for origin, allowed := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": "", "": "", "null": ""} {
		w := ask(h, http.MethodPost, "/graphql", "Origin", origin)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, allowed, w.Header().Get("Access-Control-Allow-Origin"))
		require.Equal(t, "Origin", w.Header().Get("Vary"), "a cache must not give one origin's answer to another")
		require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
		if allowed != "" {
			require.Equal(t, "X-Request-Id, Retry-After", w.Header().Get("Access-Control-Expose-Headers"))
		}
	}
}

func TestWithoutOriginsThereIsNoCORS(t *testing.T) {
	h := serving(t, func(*httpserver.Config) {})
	for _, method := range []string{http.MethodOptions, http.MethodPost, http.MethodGet} {
		w := ask(h, method, "/graphql", "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
		for name := range w.Header() {
			require.NotContains(t, name, "Access-Control")
		}
		require.Empty(t, w.Header().Get("Vary"))
	}
}

// TestCrossSiteRequests: where being on this machine is credential enough, a page of
// another site cannot make its visitor's browser use it.
func TestCrossSiteRequests(t *testing.T) {
	ambient := serving(t, func(c *httpserver.Config) { c.Ambient, c.CORSOrigins = true, []string{"https://app.example"} })
	keyed := serving(t, func(c *httpserver.Config) { c.CORSOrigins = []string{"https://app.example"} })
	for _, c := range []struct {
		name    string
		method  string
		headers []string
		status  int
	}{
		{name: "no browser", method: "POST", status: 200},
		{name: "our own page", method: "POST", headers: []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://signalbox.example"}, status: 200},
		{name: "typed into the address bar", method: "GET", headers: []string{"Sec-Fetch-Site", "none"}, status: 200},
		{name: "an older browser's own page", method: "POST", headers: []string{"Origin", "http://signalbox.example"}, status: 200},
		{name: "a page that is allowed", method: "POST", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, status: 200},
		{name: "another site", method: "POST", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, status: 403},
		{name: "another site without an origin", method: "POST", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403},
		{name: "the same site, another origin", method: "POST", headers: []string{"Sec-Fetch-Site", "same-site", "Origin", "http://other.signalbox.example"}, status: 403},
		{name: "an older browser, another site", method: "POST", headers: []string{"Origin", "https://evil.example"}, status: 403},
		{name: "an opaque origin", method: "POST", headers: []string{"Origin", "null"}, status: 403},
		{name: "another port of this machine", method: "POST", headers: []string{"Origin", "http://signalbox.example:9000"}, status: 403},
		{name: "nonsense for a site", method: "POST", headers: []string{"Sec-Fetch-Site", "elsewhere"}, status: 403},
		{name: "our own page's query", method: "GET", headers: []string{"Sec-Fetch-Site", "same-origin"}, status: 200},
		{name: "an allowed page's query", method: "GET", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, status: 200},
		{name: "another site's query", method: "GET", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, status: 403},
		{name: "another site's image", method: "GET", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.status, ask(ambient, c.method, "/graphql", c.headers...).Code)
			require.Equal(t, http.StatusOK, ask(keyed, c.method, "/graphql", c.headers...).Code, "a key in the request is no page's to send")
		})
	}
}
