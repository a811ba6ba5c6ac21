package graph

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// receive takes in the body of a request that has one. Until done is called, what is
// large has its place in the room.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, tenant signalbox.ID) (body []byte, done func(), failed *httpError) {
	done = func() {}
	switch r.Method {
	case http.MethodGet:
		return nil, done, nil
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, POST")
		return nil, nil, refuse(http.StatusMethodNotAllowed, signalbox.CodeInvalidInput, "GraphQL is served with POST, and with GET for queries")
	}
	if types := r.Header["Content-Type"]; len(types) != 1 || !isJSON(types[0]) {
		return nil, nil, refuse(http.StatusUnsupportedMediaType, signalbox.CodeInvalidInput, "the body has to be JSON in UTF-8: set Content-Type: %s", mediaJSON)
	}
	encoded := func(coding string) bool { return coding != "" && !strings.EqualFold(coding, "identity") }
	if slices.ContainsFunc(r.Header["Content-Encoding"], encoded) {
		return nil, nil, refuse(http.StatusUnsupportedMediaType, signalbox.CodeInvalidInput, "the body has to come uncompressed, without Content-Encoding")
	}
	if r.ContentLength > int64(h.cfg.Limits.BodyBytes) {
		return nil, nil, h.tooLarge()
	}
	if r.ContentLength >= 0 && r.ContentLength <= small {
		body, failed = h.readAll(w, r, nil)
		return body, done, failed
	}
	body, failed = h.readAll(w, r, func(bytes int) *httpError {
		if err := h.room.take(tenant, bytes); err != nil {
			w.Header().Set("Connection", "close") // what is left of the body is not read
			return &httpError{http.StatusServiceUnavailable, err}
		}
		done = func() { h.room.give(tenant, bytes) }
		return nil
	})
	if failed != nil {
		done()
	}
	return body, done, failed
}

func isJSON(contentType string) bool {
	if contentType == mediaJSON { // what most clients send
		return true
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && mediaType == mediaJSON && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

func (h *Handler) tooLarge() *httpError {
	return refuse(http.StatusRequestEntityTooLarge, signalbox.CodePayloadTooLarge, "the body is larger than %d bytes", h.cfg.Limits.BodyBytes)
}

// readAll reads a body. Before it goes on with one that is large, reserve has to find
// room for the whole of it, which is all that a body may be where no length is given.
func (h *Handler) readAll(w http.ResponseWriter, r *http.Request, reserve func(bytes int) *httpError) ([]byte, *httpError) {
	limit := int64(h.cfg.Limits.BodyBytes)
	from := http.MaxBytesReader(w, r.Body, limit)
	// A length that is announced and never sent costs no more than this.
	body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), small)+bytes.MinRead))
	_, err := body.ReadFrom(io.LimitReader(from, small))
	if err == nil && reserve != nil && body.Len() == small {
		whole := int(limit)
		if r.ContentLength > 0 {
			whole = int(r.ContentLength)
		}
		if failed := reserve(whole); failed != nil {
			return nil, failed
		}
		if r.ContentLength > 0 {
			body.Grow(whole - small + bytes.MinRead) // its room is its own, and grown piece by piece it would take twice that
		}
		_, err = body.ReadFrom(from)
	}
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, h.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, refuse(http.StatusRequestTimeout, signalbox.CodeInvalidInput, "the body did not arrive in time")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the body did not arrive whole")
	}
	return body.Bytes(), nil
}
