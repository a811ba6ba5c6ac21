package graph

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The transport follows the GraphQL-over-HTTP specification (working draft,
// graphql.github.io/graphql-over-http): POST with a JSON body, GET for queries,
// and both media types for the answer.

// envelopeDepth is how many levels a body may nest around the deepest data.
const envelopeDepth = 16

// request is what a client asks for, before the document has been looked at.
type request struct {
	query         string
	operationName string
	variables     json.RawMessage // an object, or nil
}

// httpError is a request that cannot be executed, with the status that says why.
type httpError struct {
	status int
	err    error
}

func (e *httpError) Error() string { return e.err.Error() }
func (e *httpError) Unwrap() error { return e.err }

func refuse(status int, code signalbox.Code, format string, args ...any) *httpError {
	return &httpError{status, signalbox.Errorf(code, format, args...)}
}

// ServeHTTP answers one GraphQL request. Who is calling is asked first of all: of a
// request that nobody vouches for, nothing but the header is read.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	media, acceptable := negotiate(r.Header.Values("Accept"))
	if !acceptable {
		media = mediaJSON
	}
	defer func() {
		if v := recover(); v != nil {
			h.contain(w, r, media, v)
		}
	}()
	p, err := h.cfg.Principal(r.Context())
	if err != nil {
		h.turnAway(w, r, media, p.Tenant.ID, err)
		return
	}
	if !acceptable {
		h.refuse(w, r, media, refuse(http.StatusNotAcceptable, signalbox.CodeInvalidInput,
			"the Accept header allows neither %s nor %s", mediaResponse, mediaJSON))
		return
	}
	body, done, failed := h.receive(w, r, p.Tenant.ID)
	if failed != nil {
		h.refuse(w, r, media, failed)
		return
	}
	defer done()
	op, vars, err := h.understand(w, r, p.Tenant.ID, body)
	if err != nil {
		h.misunderstood(w, r, media, p.Tenant.ID, err)
		return
	}
	h.answer(w, r, media, p.Tenant.ID, op, vars)
}

// misunderstood answers what no operation comes of. That takes a turn, as operations
// do: to send rubbish is not to be the way around.
func (h *Handler) misunderstood(w http.ResponseWriter, r *http.Request, media string, tenant signalbox.ID, err error) {
	var failed *httpError
	if leave, full := h.operations.enter(r.Context(), tenant); full != nil {
		err = &httpError{http.StatusServiceUnavailable, full}
	} else {
		defer leave()
	}
	if errors.As(err, &failed) {
		h.refuse(w, r, media, failed)
		return
	}
	h.invalid(w, r, media, err)
}

// understand makes an operation of a request. It takes a processor and nothing else,
// and so a turn.
func (h *Handler) understand(w http.ResponseWriter, r *http.Request, tenant signalbox.ID, body []byte) (*operation, map[string]any, error) {
	leave, err := h.parsing.enter(r.Context(), tenant)
	if err != nil {
		return nil, nil, &httpError{http.StatusServiceUnavailable, err}
	}
	defer leave()
	req, failed := h.parse(r, body)
	if failed == nil {
		failed = checkKey(r.Header["Idempotency-Key"])
	}
	if failed != nil {
		return nil, nil, failed
	}
	op, err := h.documents.operation(r.Context(), req.query, req.operationName)
	if err != nil {
		return nil, nil, err
	}
	if r.Method == http.MethodGet && op.def.Operation != ast.Query {
		w.Header().Set("Allow", http.MethodPost)
		return nil, nil, refuse(http.StatusMethodNotAllowed, signalbox.CodeInvalidInput, "a %s is sent with POST; GET is for queries", op.def.Operation)
	}
	vars, err := h.documents.variables(op, req.variables)
	return op, vars, err
}

// contain turns a panic outside of any field, of which none is known, into an
// answer that GraphQL clients understand. Nothing has been written by then: write
// comes last.
func (h *Handler) contain(w http.ResponseWriter, r *http.Request, media string, v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it.
		panic(v)
	}
	h.refuse(w, r, media, &httpError{http.StatusInternalServerError, h.recovered(r.Context(), v)})
}

// checkKey refuses a header Idempotency-Key that no send can have.
func checkKey(values []string) *httpError {
	const most = signalbox.MaxIdempotencyKeyLength
	switch {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the header Idempotency-Key is there twice")
	case strings.TrimSpace(values[0]) == "" || len(values[0]) > most:
		return refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the header Idempotency-Key has 1 to %d characters", most)
	case strings.ContainsFunc(values[0], func(r rune) bool { return r < ' ' || r > '~' }):
		return refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the header Idempotency-Key has a character that is not printable ASCII")
	}
	return nil
}

// refuse answers a request that is not one of GraphQL's.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, media string, e *httpError) {
	if e.status == http.StatusRequestEntityTooLarge || e.status == http.StatusRequestTimeout {
		w.Header().Set("Connection", "close") // what is left of the body is not read
	}
	hint(w.Header(), asError(e.err).RetryAfter)
	write(w, r, media, e.status, &graphql.Response{Errors: h.requestError(r.Context(), e.err)})
}

// turnAway answers a request of whom nobody knows, or who may not come now, whose
// tenant is known. Of its body nothing has been read.
func (h *Handler) turnAway(w http.ResponseWriter, r *http.Request, media string, tenant signalbox.ID, err error) {
	status := http.StatusInternalServerError
	switch asError(err).Code {
	case signalbox.CodeUnauthenticated:
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", challenge(r.Header))
	case signalbox.CodeForbidden:
		status = http.StatusForbidden
	case signalbox.CodeRateLimited:
		status = http.StatusTooManyRequests
		h.brake.hold(r.Context(), tenant)
	case signalbox.CodeUnavailable, signalbox.CodeOverloaded:
		status = http.StatusServiceUnavailable
	default:
	}
	h.refuse(w, r, media, &httpError{status, err})
}

// challenge says how to come in (RFC 6750, section 3); who has shown nothing yet is
// not told of an error.
func challenge(header http.Header) string {
	if len(header["Authorization"]) == 0 {
		return `Bearer realm="signalbox"`
	}
	return `Bearer realm="signalbox", error="invalid_token"`
}

// invalid answers a request whose document or variables are at fault: 400, but 200
// in application/json, where older clients take any other status for a broken
// server (sections 6.4.1 and 6.4.2).
func (h *Handler) invalid(w http.ResponseWriter, r *http.Request, media string, err error) {
	status := http.StatusBadRequest
	if media == mediaJSON {
		status = http.StatusOK
	}
	write(w, r, media, status, &graphql.Response{Errors: h.requestError(r.Context(), err)})
}

// parse reads a request whose body, if it is to have one, has arrived.
func (h *Handler) parse(r *http.Request, body []byte) (*request, *httpError) {
	if r.Method == http.MethodGet {
		return h.readQuery(r)
	}
	return h.readBody(body)
}

// readQuery reads a GET request (section 5.3). The URL's length is bounded by the
// server's limit on headers.
func (h *Handler) readQuery(r *http.Request) (*request, *httpError) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the URL's query is malformed")
	}
	for _, name := range []string{"query", "variables", "operationName", "extensions"} {
		if len(params[name]) > 1 {
			return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the parameter %s is there twice", name)
		}
	}
	req := &request{query: params.Get("query"), operationName: params.Get("operationName")}
	if req.query == "" {
		return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the parameter query is missing")
	}
	for name, into := range map[string]*json.RawMessage{"variables": &req.variables, "extensions": new(json.RawMessage)} {
		text := params.Get(name)
		if text == "" {
			continue
		}
		raw := json.RawMessage(text)
		if err := h.gate(raw); err != nil {
			return nil, &httpError{http.StatusBadRequest, err}
		}
		if payload.IsNull(raw) {
			continue
		}
		if !payload.IsObject(raw) {
			return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the parameter %s is not a JSON object", name)
		}
		*into = raw
	}
	return req, nil
}

// readBody reads a POST request (section 5.4). Nothing of the body is ever
// repeated in an answer.
func (h *Handler) readBody(body []byte) (*request, *httpError) {
	if err := h.gate(body); err != nil {
		return nil, &httpError{http.StatusBadRequest, err}
	}
	if !payload.IsObject(body) {
		return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the body is not a JSON object with a query; several events go into one sendCustomEvents")
	}
	return h.parseBody(body)
}

// gate refuses hostile JSON before anything decodes it. The road holds each
// event's data to the exact limits; here they are those of everything around it.
func (h *Handler) gate(raw []byte) error {
	limits := payload.DefaultLimits()
	limits.MaxBytes = h.cfg.Limits.BodyBytes
	limits.MaxDepth += envelopeDepth
	err := payload.Check(raw, limits)
	var gate *payload.Error
	if !errors.As(err, &gate) {
		return nil
	}
	where := gate.Pointer
	if where == "" {
		where = "the JSON"
	}
	e := invalid("%s %s", where, gate.Reason)
	e.Path = gate.Pointer
	return e
}

// parseBody takes the parameters of section 5.1; what else the body has is for
// future versions of the specification and is passed over.
func (h *Handler) parseBody(body []byte) (*request, *httpError) {
	bad := func(name, expected string) *httpError {
		return refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the body's %s is not %s", name, expected)
	}
	// An escape takes six bytes at the most for one of the document.
	longest := 6 * h.cfg.Limits.DocumentBytes
	req := &request{}
	for name, value := range payload.Members(body) {
		null := payload.IsNull(value)
		var ok bool
		switch name {
		case "query":
			if len(value) > longest {
				return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the body's query is longer than a document can be: put data into variables")
			}
			if req.query, ok = payload.String(value); !ok {
				return nil, bad(name, "a string")
			}
		case "operationName":
			if req.operationName, ok = payload.String(value); !ok && !null {
				return nil, bad(name, "a string")
			}
		case "variables":
			if !payload.IsObject(value) && !null {
				return nil, bad(name, "an object")
			}
			if !null {
				req.variables = value
			}
		case "extensions":
			if !payload.IsObject(value) && !null {
				return nil, bad(name, "an object")
			}
		}
	}
	if req.query == "" {
		return nil, refuse(http.StatusBadRequest, signalbox.CodeInvalidInput, "the body has no query")
	}
	return req, nil
}
