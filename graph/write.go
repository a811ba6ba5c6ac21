package graph

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// write answers in one piece. The data is gqlgen's own bytes, in which the texts
// of Maps stand as they were sent.
func write(w http.ResponseWriter, r *http.Request, media string, status int, response *graphql.Response) {
	body := make([]byte, 0, len(response.Data)+64)
	body = append(body, '{')
	if len(response.Errors) > 0 {
		body = append(appendErrors(append(body, `"errors":`...), response.Errors), ',')
	}
	if response.Data != nil {
		body = append(append(body, `"data":`...), response.Data...)
	} else {
		body = body[:len(body)-1] // the comma
	}
	body = append(body, '}')

	header := w.Header()
	vary := header["Vary"] // CORS has said of the origin that it counts
	maps.Copy(header, answerHeaders[media])
	if len(vary) > 0 {
		header["Vary"] = append([]string{"Accept"}, vary...)
	}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // JSON, and sent as JSON with nosniff.
	}
}

// answerHeaders are every answer's, by media type. Nobody adds to them in place:
// their values have no room.
var answerHeaders = map[string]http.Header{mediaJSON: headersOf(mediaJSON), mediaResponse: headersOf(mediaResponse)}

func headersOf(media string) http.Header {
	return http.Header{
		"Content-Type":           {media + "; charset=utf-8"},
		"Cache-Control":          {"no-store"},
		"X-Content-Type-Options": {"nosniff"},
		"Vary":                   {"Accept"},
	}
}

func appendErrors(body []byte, list gqlerror.List) []byte {
	text, err := json.Marshal(list)
	if err != nil { // never: strings, numbers and our own extensions
		return append(body, `[{"message":"the errors cannot be written","extensions":{"code":"INTERNAL"}}]`...)
	}
	return append(body, text...)
}

// hint says when trying again makes sense (RFC 9110, section 10.2.3): in whole
// seconds, of which a fraction is one.
func hint(header http.Header, after time.Duration) {
	if after > 0 {
		header["Retry-After"] = []string{strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10)}
	}
}
