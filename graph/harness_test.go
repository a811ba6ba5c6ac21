package graph_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	requestID = "request-1"
	mediaGQL  = "application/graphql-response+json"
	mediaJSON = "application/json"
)

var tenant = signalbox.ID{0: 1, 15: 7}

// admin may do anything within its tenant.
func admin() signalbox.Principal { return may("tenant:admin") }

// may is a principal with these permissions.
func may(texts ...string) signalbox.Principal {
	permissions, err := signalbox.ParsePermissions(texts)
	if err != nil {
		panic(err)
	}
	return signalbox.Principal{Tenant: signalbox.Tenant{ID: tenant, Slug: "acme"}, Actor: "key 7", Permissions: permissions}
}

// fakes stand for everything behind the door. A function that is nil accepts, and
// finds nothing.
type fakes struct {
	editing
	send       func(ctx context.Context, p signalbox.Principal, in ingest.Input) (*ingest.Result, error)
	sendBatch  func(ctx context.Context, p signalbox.Principal, inputs []ingest.Input) []ingest.BatchResult
	event      func(tenant, id signalbox.ID) (*signalbox.StoredEvent, error)
	events     func(tenant signalbox.ID, f signalbox.EventFilter, page signalbox.Page) ([]signalbox.StoredEvent, bool, error)
	dispatches func(tenant signalbox.ID, f signalbox.DispatchFilter, page signalbox.Page) ([]signalbox.Dispatch, bool, error)
	redrive    func(tenant, id signalbox.ID) (*signalbox.Dispatch, error)
	redriveAll func(tenant signalbox.ID, f signalbox.DispatchFilter) (int, error)
	types      func(tenant signalbox.ID) []signalbox.EventType
	rules      func(tenant signalbox.ID) []signalbox.Rule
	principal  func() (signalbox.Principal, error)

	mu   sync.Mutex
	sent []ingest.Input // what has come to Send and SendBatch
}

func (f *fakes) record(inputs ...ingest.Input) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, inputs...)
	return len(f.sent)
}

func (f *fakes) all() []ingest.Input {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

func (f *fakes) Send(ctx context.Context, p signalbox.Principal, in ingest.Input) (*ingest.Result, error) {
	n := f.record(in)
	if f.send != nil {
		return f.send(ctx, p, in)
	}
	return accepted(n, &in), nil
}

func (f *fakes) SendBatch(ctx context.Context, p signalbox.Principal, inputs []ingest.Input) []ingest.BatchResult {
	n := f.record(inputs...) - len(inputs)
	if f.sendBatch != nil {
		return f.sendBatch(ctx, p, inputs)
	}
	results := make([]ingest.BatchResult, len(inputs))
	for i := range inputs {
		results[i].Result = accepted(n+i+1, &inputs[i])
	}
	return results
}

func (f *fakes) Event(_ context.Context, tenant, id signalbox.ID) (*signalbox.StoredEvent, error) {
	if f.event == nil {
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "no such event")
	}
	return f.event(tenant, id)
}

func (f *fakes) Events(_ context.Context, tenant signalbox.ID, filter signalbox.EventFilter, page signalbox.Page) ([]signalbox.StoredEvent, bool, error) {
	if f.events == nil {
		return nil, false, nil
	}
	return f.events(tenant, filter, page)
}

func (f *fakes) Dispatches(_ context.Context, tenant signalbox.ID, filter signalbox.DispatchFilter, page signalbox.Page) ([]signalbox.Dispatch, bool, error) {
	if f.dispatches == nil {
		return nil, false, nil
	}
	return f.dispatches(tenant, filter, page)
}

func (f *fakes) Redrive(_ context.Context, tenant, id signalbox.ID) (*signalbox.Dispatch, error) {
	if f.redrive == nil {
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "no such dispatch")
	}
	return f.redrive(tenant, id)
}

func (f *fakes) RedriveAll(_ context.Context, tenant signalbox.ID, filter signalbox.DispatchFilter) (int, error) {
	if f.redriveAll == nil {
		return 0, nil
	}
	return f.redriveAll(tenant, filter)
}

func (f *fakes) EventTypes(tenant signalbox.ID) []signalbox.EventType {
	if f.types == nil {
		return nil
	}
	return f.types(tenant)
}

func (f *fakes) Rules(tenant signalbox.ID) []signalbox.Rule {
	if f.rules == nil {
		return nil
	}
	return f.rules(tenant)
}

// eventID is the nth event's, received at 2026-03-01T12:00:00Z.
func eventID(n int) signalbox.ID {
	id := signalbox.ID{0x01, 0x9c, 0xa9, 0x45, 0x0a, 0x00, 0x70, 0, 0x80}
	binary.BigEndian.PutUint16(id[14:], uint16(n))
	return id
}

// accepted is what the road answers to the nth send: one rule matched, its workflow
// runs. Where the input names its schema, another rule missed, more did so beside it,
// and there is advice.
func accepted(n int, in *ingest.Input) *ingest.Result {
	id := eventID(n)
	e := signalbox.Event{
		ID: id, Tenant: tenant, Type: in.Type, Operation: in.Operation, EntityID: in.EntityID, Data: in.Data,
		Decisions: []signalbox.Decision{{Rule: "reorder", RuleVersion: 2, Verdict: signalbox.VerdictMatched}},
	}
	var warnings []signalbox.Warning
	if in.SchemaVersion != 0 {
		e.Decisions, e.Omitted = append(e.Decisions, miss), 4
		warnings = []signalbox.Warning{{Code: signalbox.WarnRecommendedFields, Pointer: "/payload/data", Message: "has no timestamp"}}
	}
	return &ingest.Result{Event: e, Warnings: warnings, Dispatches: []signalbox.Dispatch{{
		ID: signalbox.DispatchID(id, "reorder"), EventID: id, Tenant: tenant, Rule: "reorder", RuleVersion: 2, Namespace: "default",
		WorkflowType: "ReorderStock", WorkflowID: "reorder/" + id.String(), TaskQueue: "main",
		Status: signalbox.StatusStarted, RunID: "run-" + in.EntityID, Attempts: 1,
	}}}
}

// door is the handler with what stands behind it and what it has logged.
type door struct {
	*fakes
	handler http.Handler
	log     *logtest.Log
}

// open makes a door; change may alter its config.
func open(t testing.TB, f *fakes, change ...func(*graph.Config)) *door {
	t.Helper()
	d := &door{fakes: f, log: &logtest.Log{}}
	cfg := graph.Config{
		Sender: f, Events: f, Dispatches: f, Catalogue: f,
		Tester: f, RuleEditor: f, TypeEditor: f, Explainer: f, History: f,
		Keys: keyFakes{&f.editing}, KeyEditor: keyFakes{&f.editing}, Tenants: tenantFakes{&f.editing}, Directory: directoryFakes{&f.editing}, Audit: auditFakes{&f.editing},
		Principal: func(context.Context) (signalbox.Principal, error) {
			if f.principal != nil {
				return f.principal()
			}
			return admin(), nil
		},
		RequestID:     func(context.Context) string { return requestID },
		Logger:        slog.New(slog.NewTextHandler(d.log, nil)),
		Introspection: true, Suggestions: true,
	}
	for _, c := range change {
		c(&cfg)
	}
	h, err := graph.New(cfg)
	require.NoError(t, err)
	d.handler = h
	return d
}

// serve sends one request; headers are pairs of name and value, and an empty value
// takes the header away.
func (d *door) serve(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", mediaJSON)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

// run posts a document with variables, an object in JSON or "".
func (d *door) run(t tester, query, variables string, headers ...string) *answer {
	t.Helper()
	return decode(t, d.serve(http.MethodPost, "/graphql", bodyOf(query, variables), headers...))
}

// bodyOf is a request's body. The variables' text goes in as it is.
func bodyOf(query, variables string) string {
	q, err := json.Marshal(query)
	if err != nil {
		panic(err)
	}
	if variables == "" {
		return `{"query":` + string(q) + `}`
	}
	return `{"query":` + string(q) + `,"variables":` + variables + `}`
}

// tester is a test's, and a property's.
type tester interface {
	require.TestingT
	Helper()
}

type answer struct {
	Status int
	Text   string
	Data   map[string]json.RawMessage
	Errors []failure
}

type failure struct {
	Message    string
	Path       []any
	Locations  []struct{ Line, Column int }
	Extensions struct {
		Code         string
		Path         string
		RequestID    string `json:"requestId"`
		RetryAfterMs int
		Limit        *signalbox.LimitReached
		Suggestions  []string
		Violations   []signalbox.Violation
	}
}

func decode(t tester, w *httptest.ResponseRecorder) *answer {
	t.Helper()
	a := &answer{Status: w.Code, Text: w.Body.String()}
	var body struct {
		Data   map[string]json.RawMessage
		Errors []failure
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), "the answer is not JSON: %s", a.Text)
	a.Data, a.Errors = body.Data, body.Errors
	return a
}

// ok is the answer where it has no error.
func (a *answer) ok(t tester) *answer {
	t.Helper()
	require.Empty(t, a.Errors, a.Text)
	require.Equal(t, http.StatusOK, a.Status)
	return a
}

// failed is the one error of the answer.
func (a *answer) failed(t tester, code signalbox.Code) failure {
	t.Helper()
	require.NotEmpty(t, a.Errors, a.Text)
	require.Equal(t, string(code), a.Errors[0].Extensions.Code, a.Text)
	return a.Errors[0]
}
