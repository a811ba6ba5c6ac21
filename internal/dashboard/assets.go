package dashboard

import (
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Every file but the pages is there as its gzip only.
//
//go:embed playground
var assets embed.FS

//go:embed playground/index.html
var playgroundHTML string

// contentTypes are spelt out, because the mime package's answers depend on the machine.
var contentTypes = map[string]string{
	".js":  "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".ttf": "font/ttf",
	".md":  "text/plain; charset=utf-8",
}

// assetPolicy is what a worker's script runs under, and an image that is opened by
// itself: neither inherits the page's.
const assetPolicy = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveAsset answers with the embedded file of that name, as gzip where the client
// takes it, or with 404.
func serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	contentType, known := contentTypes[path.Ext(name)]
	if !known {
		http.NotFound(w, r)
		return
	}
	file, err := assets.Open(name + ".gz")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = file.Close() }() // embedded: it cannot fail

	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Security-Policy", assetPolicy)
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "no-cache")
	if path.Base(path.Dir(name)) == "assets" {
		// The name has a hash of the content in it.
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}

	var body io.Reader = file
	if acceptsGzip(r.Header) {
		header.Set("Content-Encoding", "gzip")
		setLength(header, file)
	} else if body, err = gzip.NewReader(file); err != nil {
		http.Error(w, "The asset cannot be read.", http.StatusInternalServerError)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	// What fails here is the client's connection, and nobody is left to be told.
	_, _ = io.Copy(w, body) //nolint:gosec // our own asset, inflated for a client that refuses gzip.
}

func setLength(header http.Header, file fs.File) {
	if info, err := file.Stat(); err == nil {
		header.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	}
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(header http.Header) bool {
	wildcard := false
	for _, coding := range strings.Split(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		accepted := !refused(parameters)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip":
			return accepted
		case "*":
			wildcard = accepted
		}
	}
	return wildcard
}

// refused tells whether a coding's parameters are a weight of zero.
func refused(parameters string) bool {
	weight, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q=")
	if !found {
		return false
	}
	q, err := strconv.ParseFloat(weight, 64)
	return err == nil && q == 0
}
