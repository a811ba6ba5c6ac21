package graph_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The GraphQL-over-HTTP specification, and the audits of the graphql-http project
// that go with it; the ids are the audits'.

const typename = `{"query":"{ __typename }"}`

type exchange struct {
	name    string
	method  string // POST unless said
	target  string // /graphql unless said
	headers []string
	body    string
	status  int
	media   string // application/json unless said
	code    string // of the first error; "" where there is none
	allow   string
}

func (x *exchange) run(t *testing.T, d *door) {
	t.Helper()
	method, target, media := x.method, x.target, x.media
	if method == "" {
		method = http.MethodPost
	}
	if target == "" {
		target = "/graphql"
	}
	if media == "" {
		media = mediaJSON
	}
	w := d.serve(method, target, x.body, x.headers...)
	require.Equal(t, x.status, w.Code, w.Body.String())
	require.Equal(t, media+"; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Equal(t, "Accept", w.Header().Get("Vary"))
	require.Equal(t, x.allow, w.Header().Get("Allow"))
	if method == http.MethodHead {
		require.Empty(t, w.Body.String())
		return
	}
	a := decode(t, w)
	if x.code == "" {
		require.Empty(t, a.Errors, a.Text)
		require.NotNil(t, a.Data)
		return
	}
	require.NotEmpty(t, a.Errors)
	for _, e := range a.Errors {
		require.Equal(t, x.code, e.Extensions.Code)
		require.Equal(t, requestID, e.Extensions.RequestID)
		require.NotEmpty(t, e.Message)
	}
	require.NotContains(t, a.Text, `"data"`, "a request error has no data entry (D586, 5E5B)")
	require.Empty(t, d.all())
}

func accept(value string) []string { return []string{"Accept", value} }

func TestMediaTypeOfTheAnswer(t *testing.T) {
	d := open(t, &fakes{})
	for _, x := range []exchange{
		{name: "22EB: the new media type", headers: accept(mediaGQL), media: mediaGQL},
		{name: "4655: application/json", headers: accept(mediaJSON)},
		{name: "47DE: anything", headers: accept("*/*")},
		{name: "80D8: no Accept"},
		{name: "an empty Accept is none", headers: []string{"Accept", " ", "Accept", ","}},
		{name: "any application type", headers: accept("application/*")},
		{name: "what clients are told to send", headers: accept(mediaGQL + ", application/json;q=0.9"), media: mediaGQL},
		{name: "the greater weight wins", headers: accept(mediaGQL + ";q=0.8, application/json;q=0.9")},
		{name: "the order does not count", headers: accept("application/json;q=0.9, " + mediaGQL), media: mediaGQL},
		{name: "equal weights: the new one", headers: accept("application/json, " + mediaGQL), media: mediaGQL},
		{name: "named beats the wildcard", headers: accept("*/*, application/json;q=0.1, " + mediaGQL + ";q=0.2"), media: mediaGQL},
		{name: "a wildcard beside the new one", headers: accept(mediaGQL + ", */*;q=0.1"), media: mediaGQL},
		{name: "one of them excluded", headers: accept(mediaGQL + ";q=0, */*")},
		{name: "the other excluded", headers: accept("application/json;q=0, application/*"), media: mediaGQL},
		{name: "several headers", headers: []string{"Accept", "text/html", "Accept", mediaGQL}, media: mediaGQL},
		{name: "case and charset", headers: accept("Application/GraphQL-Response+JSON; Charset=UTF-8"), media: mediaGQL},
		{name: "a browser", headers: accept("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")},
		{name: "nonsense among sense", headers: accept("///, application/json;q=high, ;q=1, " + mediaGQL + ";q=0.5"), media: mediaGQL},
		{name: "weights beyond 1 do not count", headers: accept("application/json;q=7, " + mediaGQL + ";q=0.5"), media: mediaGQL},
		{name: "weights that are no numbers do not count", headers: accept("application/json;q=NaN, " + mediaGQL + ";q=0.5"), media: mediaGQL},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.body, x.status = typename, http.StatusOK
			x.run(t, d)
		})
	}
	for name, value := range map[string]string{
		"neither":         "text/html",
		"both excluded":   "application/*;q=0",
		"another charset": mediaJSON + ";charset=utf-16, " + mediaGQL + ";charset=latin1",
		"nonsense":        "json",
	} {
		t.Run("406: "+name, func(t *testing.T) {
			x := exchange{headers: accept(value), body: typename, status: http.StatusNotAcceptable, code: "INVALID_INPUT"}
			x.run(t, d)
		})
	}
}

func TestMediaTypeOfTheRequest(t *testing.T) {
	d := open(t, &fakes{})
	content := func(value string) []string { return []string{"Content-Type", "", "Content-Type", value} }
	for _, x := range []exchange{
		{name: "03D4, 78D5: application/json", status: 200},
		{name: "BF61: with utf-8", headers: content("application/json; charset=utf-8"), status: 200},
		{name: "in capitals and quotes", headers: content(`APPLICATION/JSON;charset="UTF-8"`), status: 200},
		{name: "identity is no encoding", headers: []string{"Content-Encoding", "identity"}, status: 200},
		{name: "9ABE: none", headers: []string{"Content-Type", ""}, status: 415, code: "INVALID_INPUT"},
		{name: "another charset", headers: content("application/json; charset=iso-8859-1"), status: 415, code: "INVALID_INPUT"},
		{name: "text", headers: content("text/plain"), status: 415, code: "INVALID_INPUT"},
		{name: "a form, which browsers send without asking", headers: content("application/x-www-form-urlencoded"), status: 415, code: "INVALID_INPUT"},
		{name: "multipart, likewise", headers: content("multipart/form-data; boundary=x"), status: 415, code: "INVALID_INPUT"},
		{name: "application/graphql", headers: content("application/graphql"), status: 415, code: "INVALID_INPUT"},
		{name: "the answer's media type", headers: content(mediaGQL), status: 415, code: "INVALID_INPUT"},
		{name: "malformed", headers: content("application/json; charset"), status: 415, code: "INVALID_INPUT"},
		{name: "two", headers: content("application/json, text/plain"), status: 415, code: "INVALID_INPUT"},
		{name: "two headers", headers: []string{"Content-Type", "text/plain"}, status: 415, code: "INVALID_INPUT"},
		{name: "compressed", headers: []string{"Content-Encoding", "gzip"}, status: 415, code: "INVALID_INPUT"},
		{name: "compressed by a second header", headers: []string{"Content-Encoding", "identity", "Content-Encoding", "gzip"}, status: 415, code: "INVALID_INPUT"},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.body = typename
			x.run(t, d)
		})
	}
}

// TestMalformedRequests are 400 in both media types: they are not requests of
// GraphQL's yet.
func TestMalformedRequests(t *testing.T) {
	d := open(t, &fakes{})
	q := `"query":"{ __typename }"`
	for name, body := range map[string]string{
		"A5BF: no body":               ``,
		"BCF8, B7N8: cut off":         `{ "not a JSON`,
		"nonsense":                    `NONSENSE`,
		"trailing data":               typename + typename,
		"trailing text":               typename + `x`,
		"8764, 3E3A: a typo":          `{"qeury":"{ __typename }"}`,
		"423L: no query":              `{"notquery":"{ __typename }"}`,
		"an empty query":              `{"query":""}`,
		"a null query":                `{"query":null}`,
		"LKJ0: an object as query":    `{"query":{"an":"object"}}`,
		"LKJ1: a number as query":     `{"query":0}`,
		"LKJ2: a boolean as query":    `{"query":false}`,
		"LKJ3: a list as query":       `{"query":["array"]}`,
		"6C00: operationName object":  `{` + q + `,"operationName":{"an":"object"}}`,
		"6C01: operationName number":  `{` + q + `,"operationName":0}`,
		"6C02: operationName boolean": `{` + q + `,"operationName":false}`,
		"6C03: operationName list":    `{` + q + `,"operationName":["array"]}`,
		"4760: variables string":      `{` + q + `,"variables":"string"}`,
		"4761: variables number":      `{` + q + `,"variables":0}`,
		"4762: variables boolean":     `{` + q + `,"variables":false}`,
		"4763: variables list":        `{` + q + `,"variables":["array"]}`,
		"58B0: extensions string":     `{` + q + `,"extensions":"string"}`,
		"58B1: extensions number":     `{` + q + `,"extensions":0}`,
		"58B2: extensions boolean":    `{` + q + `,"extensions":false}`,
		"58B3: extensions list":       `{` + q + `,"extensions":["array"]}`,
		"a batch":                     `[` + typename + `,` + typename + `]`,
		"a string":                    `"{ __typename }"`,
		"null":                        `null`,
		"query twice":                 `{` + q + `,` + q + `}`,
		"a byte order mark":           "\ufeff" + typename,
	} {
		for _, media := range []string{mediaJSON, mediaGQL} {
			t.Run(name+" as "+media, func(t *testing.T) {
				x := exchange{headers: accept(media), media: media, body: body, status: http.StatusBadRequest, code: "INVALID_INPUT"}
				x.run(t, d)
			})
		}
	}
}

func TestWellFormedRequests(t *testing.T) {
	d := open(t, &fakes{})
	q := `"query":"query Type($name: String = \"Event\") { __type(name: $name) { name } }"`
	for name, body := range map[string]string{
		"34A2, 13EE: a query":              `{` + q + `}`,
		"8161, B8B3: an operationName":     `{` + q + `,"operationName":"Type"}`,
		"operationName is empty":           `{` + q + `,"operationName":""}`,
		"94B0, 0220: variables null":       `{` + q + `,"variables":null}`,
		"94B1, 0221: operationName null":   `{` + q + `,"operationName":null}`,
		"94B2, 0222: extensions null":      `{` + q + `,"extensions":null}`,
		"2EA1, 28B9: variables":            `{` + q + `,"variables":{"name":"Event"}}`,
		"variables that nobody asked for":  `{` + q + `,"variables":{"name":"Event","other":[1]}}`,
		"428F, 1B7A: extensions":           `{` + q + `,"extensions":{"some":"value"}}`,
		"other properties are passed over": `{` + q + `,"id":"7","persisted":[{"a":1}]}`,
		"white space all around":           " \t\r\n{ " + q + " } \n",
		"BF61: beyond ASCII":               `{"query":"{ __type(name: \"Run🏃Swim🏊\") { name } }"}`,
	} {
		for _, media := range []string{mediaJSON, mediaGQL} {
			t.Run(name+" as "+media, func(t *testing.T) {
				x := exchange{headers: accept(media), media: media, body: body, status: http.StatusOK}
				x.run(t, d)
			})
		}
	}
}

// TestInvalidDocuments are 400 where the client knows the new media type, and 200 in
// application/json, where older clients take any other status for a broken server.
func TestInvalidDocuments(t *testing.T) {
	d := open(t, &fakes{})
	for name, body := range map[string]string{
		"572B, 865D, 556A: does not parse":      `{"query":"{"}`,
		"blank":                                 `{"query":"  "}`,
		"no operation":                          `{"query":"fragment f on Query { __typename }"}`,
		"FDE2, 51FE, 74FF: is not valid":        `{"query":"{ 8f31403dfe404bccbb0e835f2629c6a7 }"}`,
		"no such field":                         `{"query":"{ nothing }"}`,
		"7B9B, 86EE: variables do not fit":      `{"query":"query CoerceFailure($id: ID!){ event(id: $id) { id } }","variables":{"id":null}}`,
		"a variable is missing":                 `{"query":"query CoerceFailure($id: ID!){ event(id: $id) { id } }"}`,
		"no such operation":                     `{"query":"query A { __typename }","operationName":"B"}`,
		"operationName null is not a name":      `{"query":"query A { __typename } query B { __typename }","operationName":null}`,
		"which of the operations":               `{"query":"query A { __typename } query B { __typename }"}`,
		"an unnamed operation beside another":   `{"query":"query A { __typename } { __typename }"}`,
		"a subscription, of which we have none": `{"query":"subscription { __typename }"}`,
		"deferred parts, which we do not serve": `{"query":"{ ... @defer { __typename } }"}`,
	} {
		for media, status := range map[string]int{mediaJSON: http.StatusOK, mediaGQL: http.StatusBadRequest} {
			t.Run(name+" as "+media, func(t *testing.T) {
				x := exchange{headers: accept(media), media: media, body: body, status: status, code: "INVALID_INPUT"}
				x.run(t, d)
			})
		}
	}
}

// TestFieldErrorsAre200: data is there, so the status is 2xx in both media types.
func TestFieldErrorsAre200(t *testing.T) {
	d := open(t, &fakes{redrive: func(_, _ signalbox.ID) (*signalbox.Dispatch, error) {
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "no such dispatch")
	}})
	for _, media := range []string{mediaJSON, mediaGQL} {
		a := d.run(t, `mutation { redriveDispatch(id: "01900000-0000-7000-8000-000000000000") { id } }`, "", "Accept", media)
		require.Equal(t, http.StatusOK, a.Status)
		require.Equal(t, "null", string(a.Data["redriveDispatch"]))
		e := a.failed(t, signalbox.CodeNotFound)
		require.Equal(t, []any{"redriveDispatch"}, e.Path)
		require.NotEmpty(t, e.Locations)
	}
}

func TestMethods(t *testing.T) {
	d := open(t, &fakes{})
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions, http.MethodTrace} {
		t.Run(method, func(t *testing.T) {
			x := exchange{method: method, body: typename, status: http.StatusMethodNotAllowed, allow: "GET, POST", code: "INVALID_INPUT"}
			x.run(t, d)
		})
	}
}

func TestGet(t *testing.T) {
	d := open(t, &fakes{})
	get := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return "/graphql?" + v.Encode()
	}
	const typed, named = `query Type($name: String!) { __type(name: $name) { name } }`, `query A { __typename } mutation B { __typename }`
	for _, x := range []exchange{
		{name: "5A70: a query", target: get("query", "{ __typename }"), status: 200},
		{name: "D6D5, 6A70: with variables", target: get("query", typed, "variables", `{"name":"sometype"}`), status: 200},
		{name: "with an operationName", target: get("query", named, "operationName", "A"), status: 200},
		{name: "empty parameters are none", target: get("query", "{ __typename }", "variables", "", "operationName", "", "extensions", ""), status: 200},
		{name: "null is an operation's name like any other", target: get("query", "query null { __typename } query other { __typename }", "operationName", "null"), status: 200},
		{name: "variables null", target: get("query", "{ __typename }", "variables", "null"), status: 200},
		{name: "no body is read", target: get("query", "{ __typename }"), body: "nonsense", status: 200},
		{name: "9C48: a mutation", target: get("query", "mutation { __typename }"), status: 405, allow: "POST", code: "INVALID_INPUT"},
		{name: "a mutation by operationName", target: get("query", named, "operationName", "B"), status: 405, allow: "POST", code: "INVALID_INPUT"},
		{name: "no query", target: "/graphql", status: 400, code: "INVALID_INPUT"},
		{name: "an empty query", target: get("query", ""), status: 400, code: "INVALID_INPUT"},
		{name: "two queries", target: get("query", "{ __typename }", "query", "{ __typename }"), status: 400, code: "INVALID_INPUT"},
		{name: "variables as a list", target: get("query", "{ __typename }", "variables", "[1]"), status: 400, code: "INVALID_INPUT"},
		{name: "variables malformed", target: get("query", "{ __typename }", "variables", `{"a":`), status: 400, code: "INVALID_INPUT"},
		{name: "extensions as a string", target: get("query", "{ __typename }", "extensions", `"x"`), status: 400, code: "INVALID_INPUT"},
		{name: "not UTF-8", target: get("query", "{ __type(name: \"\xff\") { name } }"), status: 200, code: "INVALID_INPUT"},
		{name: "broken escapes in the URL", target: "/graphql?query=%7B__typename%7D&variables=%zz", status: 400, code: "INVALID_INPUT"},
		{name: "a semicolon in the URL", target: "/graphql?query=%7B__typename%7D;variables=%7B%7D", status: 400, code: "INVALID_INPUT"},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.method = http.MethodGet
			x.run(t, d)
		})
	}
}

// TestTooLarge is 413, whether the length is announced or not, and ends the
// connection, because what is left of the body is not read.
func TestTooLarge(t *testing.T) {
	d := open(t, &fakes{}, func(cfg *graph.Config) {
		cfg.Limits = graph.DefaultLimits()
		cfg.Limits.BodyBytes = 1000
	})
	server := httptest.NewServer(d.handler)
	defer server.Close()
	fits := typename + strings.Repeat(" ", 1000-len(typename))
	for _, announced := range []bool{true, false} {
		for body, status := range map[string]int{fits: http.StatusOK, fits + " ": http.StatusRequestEntityTooLarge} {
			var reader io.Reader = strings.NewReader(body)
			if !announced {
				reader = io.MultiReader(reader) // hides the length, so that it goes in chunks
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, reader)
			require.NoError(t, err)
			r.Header.Set("Content-Type", mediaJSON)
			resp, err := server.Client().Do(r)
			require.NoError(t, err)
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, status, resp.StatusCode, "announced: %v", announced)
			if status == http.StatusRequestEntityTooLarge {
				require.True(t, resp.Close)
				require.Contains(t, string(text), `"code":"PAYLOAD_TOO_LARGE"`)
			}
		}
	}
}

// TestBodyCutOff is a client that announces more than it sends, and goes.
func TestBodyCutOff(t *testing.T) {
	d := open(t, &fakes{})
	server := httptest.NewServer(d.handler)
	defer server.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n"+typename)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	var body struct{ Errors []failure }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
	require.Equal(t, "INVALID_INPUT", body.Errors[0].Extensions.Code)
}

// TestClientGone: nobody reads the answer, and nothing breaks.
func TestClientGone(t *testing.T) {
	d := open(t, &fakes{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(typename))
	r.Header.Set("Content-Type", mediaJSON)
	require.NotPanics(t, func() { d.handler.ServeHTTP(httptest.NewRecorder(), r) })
	require.Empty(t, d.log.String())
}

func TestNewNeedsAllItsParts(t *testing.T) {
	_, err := graph.New(graph.Config{})
	require.ErrorContains(t, err, "a part of the config is missing")
}
