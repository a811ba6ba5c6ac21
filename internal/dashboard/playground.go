package dashboard

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// PlaygroundConfig says where the playground is and what it talks to.
type PlaygroundConfig struct {
	// Path is where the handler is mounted: "/playground" if empty.
	Path string
	// Endpoint is the path, on the same origin, that takes GraphQL: "/graphql" if
	// empty. The page's policy lets it talk to no other origin.
	Endpoint string
	// Headers stand in the header editor of new tabs and go with the first
	// introspection. Whoever may load the page can read them.
	Headers map[string]string
}

// Playground serves GraphiQL at config.Path and its assets below. It works for
// requests whose path still has that prefix and for those that have lost it.
func Playground(config PlaygroundConfig) http.Handler {
	config.Path = strings.TrimSuffix(cmp.Or(config.Path, "/playground"), "/")
	config.Endpoint = cmp.Or(config.Endpoint, "/graphql")
	return &playground{
		path:  config.Path,
		page:  playgroundPage(config),
		cache: playgroundCaching(config),
	}
}

type playground struct {
	path  string
	page  func(nonce string) string
	cache string
}

func (p *playground) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")

	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "The playground takes GET and HEAD.", http.StatusMethodNotAllowed)
		return
	}

	switch rest := strings.TrimPrefix(r.URL.Path, p.path); rest {
	case "", "/":
		p.servePage(w, r)
	default:
		serveAsset(w, r, "playground"+rest)
	}
}

func (p *playground) servePage(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	page := p.page(nonce)

	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(page)))
	header.Set("Content-Security-Policy", playgroundPolicy(nonce))
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", p.cache)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = io.WriteString(w, page)
}

// playgroundPage fills everything but the nonce into the built page.
func playgroundPage(config PlaygroundConfig) func(nonce string) string {
	// Strings to strings: this cannot fail.
	settings, _ := json.Marshal(struct {
		Endpoint string            `json:"endpoint"`
		Headers  map[string]string `json:"headers,omitempty"`
	}{config.Endpoint, config.Headers})

	page := strings.NewReplacer(
		`"./assets/`, `"`+html.EscapeString(config.Path)+`/assets/`,
		"%SIGNALBOX_CONFIG%", html.EscapeString(string(settings)),
	).Replace(playgroundHTML)

	return func(nonce string) string {
		return strings.ReplaceAll(page, "%SIGNALBOX_NONCE%", nonce)
	}
}

// playgroundCaching keeps a page with headers in it, which may be credentials, off
// the disk. Any other page may be kept, but has to be asked for anew: it names the
// assets of one build.
func playgroundCaching(config PlaygroundConfig) string {
	if len(config.Headers) > 0 {
		return "no-store"
	}
	return "no-cache"
}

// playgroundPolicy is as strict as GraphiQL's editor, Monaco, allows. Two things in
// it are Monaco's doing. It draws its squiggles as data: images. And it builds its
// lines as HTML text with style attributes, which only 'unsafe-inline' lets through
// (their values are coordinates, so there is nothing to hash); that is granted to
// attributes alone, which can neither select nor import. Style sheets need the
// response's nonce, which the page gives to those that its own scripts create.
func playgroundPolicy(nonce string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"worker-src 'self'",
		"connect-src 'self'",
		"img-src 'self' data:",
		"font-src 'self'",
		"style-src 'self' 'nonce-" + nonce + "'",
		"style-src-attr 'unsafe-inline'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
