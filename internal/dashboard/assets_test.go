package dashboard_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/dashboard"
)

// builtFiles are the committed files under playground/, inflated, by the names that
// they are served under.
func builtFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	build := os.DirFS("playground")
	require.NoError(t, fs.WalkDir(build, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := build.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		var content io.Reader = file
		if strings.HasSuffix(name, ".gz") {
			if content, err = gzip.NewReader(file); err != nil {
				return err
			}
		}
		text, err := io.ReadAll(content)
		files[strings.TrimSuffix(name, ".gz")] = string(text)
		return err
	}))
	require.Contains(t, files, "index.html")
	return files
}

func TestEveryAssetIsServedAsItWasBuilt(t *testing.T) {
	handler := dashboard.Playground(dashboard.PlaygroundConfig{})
	contentTypes := map[string]string{
		".js":  "text/javascript; charset=utf-8",
		".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml",
		".ttf": "font/ttf",
		".md":  "text/plain; charset=utf-8",
	}
	for name, want := range builtFiles(t) {
		if name == "index.html" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			plain := get(t, handler, http.MethodGet, "/playground/"+name)
			require.Equal(t, http.StatusOK, plain.StatusCode)
			require.Empty(t, plain.Header.Get("Content-Encoding"))
			require.Equal(t, want, body(t, plain))

			packed := get(t, handler, http.MethodGet, "/playground/"+name, "Accept-Encoding", "br, gzip;q=0.8")
			require.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
			compressed := body(t, packed)
			require.Equal(t, strconv.Itoa(len(compressed)), packed.Header.Get("Content-Length"))
			inflated, err := gzip.NewReader(strings.NewReader(compressed))
			require.NoError(t, err)
			text, err := io.ReadAll(inflated)
			require.NoError(t, err)
			require.Equal(t, want, string(text))

			for _, header := range []http.Header{plain.Header, packed.Header} {
				require.Equal(t, contentTypes[path.Ext(name)], header.Get("Content-Type"))
				require.Equal(t, "Accept-Encoding", header.Get("Vary"))
				require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
				if strings.HasPrefix(name, "assets/") {
					require.Equal(t, "public, max-age=31536000, immutable", header.Get("Cache-Control"))
				} else {
					require.Equal(t, "no-cache", header.Get("Cache-Control"))
				}
			}
		})
	}
}

func TestEncodingIsNegotiated(t *testing.T) {
	handler := dashboard.Playground(dashboard.PlaygroundConfig{})
	tests := map[string]string{
		"":                        "",
		"gzip":                    "gzip",
		"GZIP":                    "gzip",
		"deflate, gzip":           "gzip",
		"*":                       "gzip",
		"br;q=1.0, *;q=0.1":       "gzip",
		"gzip;q=0":                "",
		"gzip; q=0.000":           "",
		"*, gzip;q=0":             "",
		"gzip, *;q=0":             "gzip",
		"identity":                "",
		"br, deflate":             "",
		"gzip;q=0.001, identity":  "gzip",
		"x-gzip-like, gzipped, g": "",
	}
	for accepted, want := range tests {
		response := get(t, handler, http.MethodGet, "/playground/licenses.md", "Accept-Encoding", accepted)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, want, response.Header.Get("Content-Encoding"), accepted)
	}
}

// What a build refers to by name has to be in it: the page, its style sheets and the
// chunks that scripts load later.
func TestNoReferenceDangles(t *testing.T) {
	files := builtFiles(t)
	hashed := regexp.MustCompile("[\"'`(/]([\\w.-]+-[\\w-]{8}\\.(?:js|css|ttf|svg))[\"'`)?]")
	found := 0
	for name, text := range files {
		if strings.HasSuffix(name, ".ttf") {
			continue
		}
		for _, match := range hashed.FindAllStringSubmatch(text, -1) {
			require.Contains(t, files, "assets/"+match[1], "%s refers to it", name)
			found++
		}
	}
	require.Greater(t, found, 10)
}

// A link in a text is fine; what a browser would fetch by itself has to be ours. The
// browser test sees what the scripts do at run time.
func TestNothingIsLoadedFromElsewhere(t *testing.T) {
	fetched := map[string]*regexp.Regexp{
		".html": regexp.MustCompile(`(?i)(?:src|href|srcset|data|action)\s*=\s*["']?\s*(?:https?:)?//`),
		".css":  regexp.MustCompile(`(?i)(?:url\(|@import)\s*["']?\s*(?:https?:)?//`),
		".svg":  regexp.MustCompile(`(?i)(?:href|src)\s*=\s*["']?\s*(?:https?:)?//`),
		".js":   regexp.MustCompile("(?i)(?:import|importScripts|fetch|new Worker)\\s*\\(?\\s*[\"'`](?:https?:)?//"),
	}
	for name, text := range builtFiles(t) {
		if pattern, known := fetched[path.Ext(name)]; known {
			require.NotRegexp(t, pattern, text, name)
		}
	}
}

// No trace of the machine that built it, and no source maps.
func TestBuildIsAnonymous(t *testing.T) {
	traces := []string{"//# sourceMappingURL=", "node_modules/", "/home/", "/Users/", "/tmp/", "registry.npm", "localhost:"}
	for name, text := range builtFiles(t) {
		for _, trace := range traces {
			require.NotContains(t, text, trace, name)
		}
	}
}
