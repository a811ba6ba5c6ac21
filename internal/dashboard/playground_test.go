package dashboard_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/dashboard"
)

func get(t *testing.T, handler http.Handler, method, target string, headers ...string) *http.Response {
	t.Helper()
	request := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	response := recorder.Result()
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}

func TestPlaygroundIsMountedAsAskedFor(t *testing.T) {
	whole := dashboard.Playground(dashboard.PlaygroundConfig{Path: "/tools/playground/"})
	stripped := http.StripPrefix("/tools/playground", whole)

	for name, handler := range map[string]http.Handler{"whole path": whole, "stripped path": stripped} {
		for _, target := range []string{"/tools/playground", "/tools/playground/"} {
			t.Run(name+" "+target, func(t *testing.T) {
				response := get(t, handler, http.MethodGet, target)
				require.Equal(t, http.StatusOK, response.StatusCode)

				page := body(t, response)
				require.NotContains(t, page, "%SIGNALBOX_")
				references := referencesOf(page)
				require.NotEmpty(t, references)
				for _, reference := range references {
					require.True(t, strings.HasPrefix(reference, "/tools/playground/assets/"), reference)
					require.Equal(t, http.StatusOK, get(t, handler, http.MethodGet, reference).StatusCode, reference)
				}
			})
		}
	}
}

var reference = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

func referencesOf(page string) []string {
	var references []string
	for _, match := range reference.FindAllStringSubmatch(page, -1) {
		references = append(references, html.UnescapeString(match[1]))
	}
	return references
}

func TestPlaygroundHandsItsConfigurationToThePage(t *testing.T) {
	hostile := `Bearer "'><script>alert(1)</script>&amp;`
	tests := map[string]struct {
		config  dashboard.PlaygroundConfig
		want    string
		caching string
	}{
		"defaults": {
			want:    `{"endpoint": "/graphql"}`,
			caching: "no-cache",
		},
		"another endpoint": {
			config:  dashboard.PlaygroundConfig{Endpoint: "/v1/graphql"},
			want:    `{"endpoint": "/v1/graphql"}`,
			caching: "no-cache",
		},
		"headers, which may be secret": {
			config:  dashboard.PlaygroundConfig{Headers: map[string]string{"Authorization": hostile}},
			want:    `{"endpoint": "/graphql", "headers": {"Authorization": ` + quoted(t, hostile) + `}}`,
			caching: "no-store",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			response := get(t, dashboard.Playground(test.config), http.MethodGet, "/playground")
			page := body(t, response)
			match := regexp.MustCompile(`data-config="([^"]*)"`).FindStringSubmatch(page)
			require.NotNil(t, match)
			require.JSONEq(t, test.want, html.UnescapeString(match[1]))
			require.NotContains(t, page, "<script>")
			require.Equal(t, test.caching, response.Header.Get("Cache-Control"))
		})
	}
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	return string(quoted)
}

func TestPlaygroundPolicy(t *testing.T) {
	handler := dashboard.Playground(dashboard.PlaygroundConfig{})
	nonceOf := func() string {
		response := get(t, handler, http.MethodGet, "/playground")
		policy := response.Header.Get("Content-Security-Policy")
		match := regexp.MustCompile(`'nonce-([A-Za-z0-9]{22,})'`).FindStringSubmatch(policy)
		require.NotNil(t, match, policy)
		nonce := match[1]

		require.Equal(t, "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "+
			"img-src 'self' data:; font-src 'self'; style-src 'self' 'nonce-"+nonce+"'; "+
			"style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", policy)
		require.Contains(t, body(t, response), `<meta property="csp-nonce" nonce="`+nonce+`">`)
		return nonce
	}
	first, second := nonceOf(), nonceOf()
	require.NotEqual(t, first, second, "a nonce serves one response")
}

func TestPlaygroundHeaders(t *testing.T) {
	handler := dashboard.Playground(dashboard.PlaygroundConfig{})
	for _, target := range []string{"/playground", "/playground/licenses.md", "/playground/nothing"} {
		header := get(t, handler, http.MethodGet, target).Header
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), target)
		require.Equal(t, "no-referrer", header.Get("Referrer-Policy"), target)
		require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"), target)
	}
	page := get(t, handler, http.MethodGet, "/playground").Header
	require.Equal(t, "text/html; charset=utf-8", page.Get("Content-Type"))
	require.Equal(t, "same-origin", page.Get("Cross-Origin-Opener-Policy"))
}

func TestPlaygroundRefusesOtherMethods(t *testing.T) {
	handler := dashboard.Playground(dashboard.PlaygroundConfig{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		for _, target := range []string{"/playground", "/playground/licenses.md"} {
			response := get(t, handler, method, target)
			require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
			require.Equal(t, "GET, HEAD", response.Header.Get("Allow"))
		}
	}
}

func TestPlaygroundHasNothingElse(t *testing.T) {
	handler := dashboard.Playground(dashboard.PlaygroundConfig{})
	for _, target := range []string{
		"/playground/nothing",
		"/playground/nothing.js",
		"/playground/index.html",
		"/playground/assets",
		"/playground/assets/",
		"/playground/licenses.md.gz",
		"/playground/licenses.md/",
		"/playground/assets/../licenses.md",
		"/playground/../assets.go",
		"/playground//licenses.md",
		"/playgrounds",
		"/elsewhere.js",
	} {
		require.Equal(t, http.StatusNotFound, get(t, handler, http.MethodGet, target).StatusCode, target)
	}
}

func TestPlaygroundHead(t *testing.T) {
	handler := dashboard.Playground(dashboard.PlaygroundConfig{})
	for _, target := range []string{"/playground", "/playground/licenses.md"} {
		want := get(t, handler, http.MethodGet, target, "Accept-Encoding", "gzip")
		got := get(t, handler, http.MethodHead, target, "Accept-Encoding", "gzip")
		require.Equal(t, http.StatusOK, got.StatusCode)
		require.Empty(t, body(t, got))
		for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Cache-Control"} {
			require.Equal(t, want.Header.Get(name), got.Header.Get(name), name)
		}
	}
}
