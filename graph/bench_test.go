package graph_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The documented mutation, and a payload of some 500 bytes.
const (
	documented = `mutation SendCustomEvent($input: SendCustomEventInput!) {
  sendCustomEvent(input: $input) {
    success
    workflows { type id runID }
  }
}`
	explained = `mutation SendCustomEvent($input: SendCustomEventInput!) {
  sendCustomEvent(input: $input) {
    success eventID outcome duplicate
    workflows { type id runID }
    dispatches { id rule status workflowID runID lastError { code message } }
    decisions { rule verdict reason }
  }
}`
)

func documentedVariables() string {
	return `{"input":{"type":"inventory","operation":"low_stock_alert","payload":{"id":"item-42","data":{` +
		`"current":3,"threshold":10,"warehouse":"w1","supplier":{"id":"s-77","name":"Grüne Wiese","rating":4.75},` +
		`"lines":[{"sku":"A-1","quantity":12,"price":"19.90"},{"sku":"B-2","quantity":1,"price":"5.00"}],` +
		`"note":"` + strings.Repeat("n", 240) + `","urgent":true,"ref":null}}}}`
}

// replies is a ResponseWriter that costs nothing.
type replies struct {
	header http.Header
	status int
	bytes  int
	last   []byte
}

func (r *replies) Header() http.Header { return r.header }
func (r *replies) WriteHeader(s int)   { r.status = s }
func (r *replies) Write(b []byte) (int, error) {
	r.bytes += len(b)
	r.last = b
	return len(b), nil
}

// quiet is a road that gives every send the same answer.
type quiet struct{ result *ingest.Result }

func (q quiet) Send(context.Context, signalbox.Principal, ingest.Input) (*ingest.Result, error) {
	return q.result, nil
}

func (q quiet) SendBatch(_ context.Context, _ signalbox.Principal, inputs []ingest.Input) []ingest.BatchResult {
	results := make([]ingest.BatchResult, len(inputs))
	for i := range results {
		results[i].Result = q.result
	}
	return results
}

func benchmark(b *testing.B, body string, contains string) {
	result := accepted(1, &ingest.Input{Type: "inventory", Operation: "low_stock_alert", EntityID: "item-42"})
	d := open(b, &fakes{}, func(cfg *graph.Config) { cfg.Sender = quiet{result} })
	reader := strings.NewReader(body)
	r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	r.Header.Set("Content-Type", mediaJSON)
	r.Header.Set("Accept", "*/*")
	r.ContentLength = int64(len(body))
	w := &replies{header: http.Header{}}
	b.ReportAllocs()
	began := processorTime(b)
	for b.Loop() {
		reader.Reset(body)
		r.Body = io.NopCloser(reader)
		clear(w.header)
		d.handler.ServeHTTP(w, r)
	}
	b.ReportMetric(float64(processorTime(b)-began)/float64(b.N), "cpu-ns/op") // not what else the machine does
	require.Equal(b, http.StatusOK, w.status, string(w.last))
	require.True(b, bytes.Contains(w.last, []byte(contains)), string(w.last))
}

func BenchmarkSendDocumented(b *testing.B) {
	benchmark(b, bodyOf(documented, documentedVariables()), `"runID":"run-item-42"`)
}

func BenchmarkSendExplained(b *testing.B) {
	benchmark(b, bodyOf(explained, documentedVariables()), `"verdict":"MATCHED"`)
}

// BenchmarkSendLiteral is a document that is new with every event.
func BenchmarkSendLiteral(b *testing.B) {
	benchmark(b, bodyOf(`mutation { sendCustomEvent(input: {type: "inventory", operation: "low_stock_alert", payload: {id: "item-42", data: {
		current: 3, threshold: 10, warehouse: "w1", supplier: {id: "s-77", name: "Grüne Wiese", rating: 4.75}, note: "`+strings.Repeat("n", 240)+`"}}})
		{ success workflows { type id runID } } }`, ""), `"runID":"run-item-42"`)
}

// BenchmarkSendHundred is a bulk send of 100.
func BenchmarkSendHundred(b *testing.B) {
	one := strings.TrimSuffix(strings.TrimPrefix(documentedVariables(), `{"input":`), "}")
	inputs := strings.TrimSuffix(strings.Repeat(one+",", 100), ",")
	benchmark(b, bodyOf(`mutation($inputs: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $inputs) { response { eventID outcome } error { code message } } }`,
		`{"inputs":[`+inputs+`]}`), `"outcome":"STARTED"`)
}
