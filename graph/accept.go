package graph

import (
	"mime"
	"strconv"
	"strings"
)

// The two media types of answers.
const (
	mediaResponse = "application/graphql-response+json"
	mediaJSON     = "application/json"
)

// negotiate chooses the answer's media type by the Accept headers (RFC 9110,
// section 12.5.1): the one with the greater weight, the newer one where they are
// equal and both are named. No header, and wildcards, get application/json, which
// every client understands.
func negotiate(accept []string) (string, bool) {
	all := strings.Join(accept, ",")
	switch all { // what most clients send
	case "*/*", mediaJSON:
		return mediaJSON, true
	case mediaResponse:
		return mediaResponse, true
	}
	if strings.Trim(all, " \t,") == "" {
		return mediaJSON, true
	}
	var response, json weight
	for item := range strings.SplitSeq(all, ",") {
		mediaType, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil || !(q >= 0 && q <= 1) {
				continue
			}
		}
		switch mediaType {
		case mediaResponse:
			response.set(q, named)
		case mediaJSON:
			json.set(q, named)
		case "application/*":
			response.set(q, subtypes)
			json.set(q, subtypes)
		case "*/*":
			response.set(q, anything)
			json.set(q, anything)
		}
	}
	switch {
	case response.q <= 0 && json.q <= 0:
		return "", false
	case response.q > json.q, response.q == json.q && response.by == named:
		return mediaResponse, true
	default:
		return mediaJSON, true
	}
}

// precision is how exactly a range names a media type; the most exact one counts.
type precision int

const (
	none precision = iota
	anything
	subtypes
	named
)

type weight struct {
	q  float64
	by precision
}

func (w *weight) set(q float64, by precision) {
	if by >= w.by {
		w.q, w.by = q, by
	}
}
