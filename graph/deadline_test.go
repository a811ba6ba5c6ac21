package graph_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const oneSend = `sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { success } `

// runUntil posts a document whose request ends with ctx.
func (d *door) runUntil(ctx context.Context, t *testing.T, query string) (*answer, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(bodyOf(query, "")))
	r.Header.Set("Content-Type", mediaJSON)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return decode(t, w), w.Header()
}

// TestWhatHasNoTimeLeftDoesNotBegin, and what was committed before is answered as
// such: the client learns of each send whether it is in (I1, I8).
func TestWhatHasNoTimeLeftDoesNotBegin(t *testing.T) {
	synctest.Test(t, whatHasNoTimeLeftDoesNotBegin)
}

func whatHasNoTimeLeftDoesNotBegin(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var sends int
	d := open(t, &fakes{send: func(ctx context.Context, _ signalbox.Principal, in ingest.Input) (*ingest.Result, error) {
		if sends++; sends == 2 {
			<-ctx.Done() // the second is committed while the time runs out
		}
		return accepted(sends, &in), nil
	}})
	a, header := d.runUntil(ctx, t, `mutation { a: `+oneSend+`b: `+oneSend+`c: `+oneSend+`d: `+oneSend+`}`)
	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, 2, sends)
	require.JSONEq(t, `{"success":true}`, string(a.Data["a"]))
	require.JSONEq(t, `{"success":true}`, string(a.Data["b"]))
	require.Len(t, a.Errors, 2)
	for i, name := range []string{"c", "d"} {
		require.Equal(t, "null", string(a.Data[name]))
		require.Equal(t, []any{name}, a.Errors[i].Path)
		require.Equal(t, "UNAVAILABLE", a.Errors[i].Extensions.Code)
		require.Equal(t, 1000, a.Errors[i].Extensions.RetryAfterMs)
	}
	require.Equal(t, "1", header.Get("Retry-After"))
}

// TestADeadlineThatHasPassed before anything was executed is an answer too; a client
// that has gone gets none.
func TestADeadlineThatHasPassed(t *testing.T) {
	d := open(t, &fakes{})
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	a, header := d.runUntil(ctx, t, `mutation { `+oneSend+`}`)
	require.Equal(t, 1000, a.failed(t, signalbox.CodeUnavailable).Extensions.RetryAfterMs)
	require.Equal(t, "1", header.Get("Retry-After"))
	require.Empty(t, d.all())
}

// TestWhatIsStuckIsAnswered: a resolver that does not heed its context keeps its own
// goroutine and nobody's connection. What it says in the end is not written after
// the answer that the client has.
func TestWhatIsStuckIsAnswered(t *testing.T) {
	freed, ended := make(chan struct{}), make(chan struct{})
	d := open(t, &fakes{send: func(_ context.Context, _ signalbox.Principal, in ingest.Input) (*ingest.Result, error) {
		<-freed
		return accepted(1, &in), nil
	}}, func(c *graph.Config) { c.Limits.Patience = 50 * time.Millisecond })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second) // enough to begin in
		defer cancel()
		defer close(ended)
		d.handler.ServeHTTP(w, r.WithContext(ctx))
	}))
	defer server.Close()
	res, err := http.Post(server.URL, mediaJSON, strings.NewReader(bodyOf(`mutation { `+oneSend+`}`, "")))
	require.NoError(t, err)
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Equal(t, "1", res.Header.Get("Retry-After"))
	require.True(t, res.Close)
	var body struct{ Errors []failure }
	require.NoError(t, json.Unmarshal(text, &body))
	require.Equal(t, "UNAVAILABLE", body.Errors[0].Extensions.Code)
	require.Contains(t, body.Errors[0].Message, "the same idempotency key")
	close(freed)
	<-ended
}

// TestHintsOnHTTP: where any error of an answer says when to try again, the header
// does, in whole seconds and for the longest of them (P-17).
func TestHintsOnHTTP(t *testing.T) {
	refused := func(after time.Duration) error {
		return &signalbox.Error{
			Code: signalbox.CodeRateLimited, Message: "too often", RetryAfter: after,
			Limit: &signalbox.LimitReached{Name: "rate", Value: 0.5, Scope: signalbox.ScopeKey},
		}
	}
	var each []error
	next := func() error {
		err := each[0]
		each = each[1:]
		return err
	}
	f := &fakes{}
	f.send = func(_ context.Context, _ signalbox.Principal, in ingest.Input) (*ingest.Result, error) {
		if err := next(); err != nil {
			return nil, err
		}
		return accepted(1, &in), nil
	}
	f.sendBatch = func(_ context.Context, _ signalbox.Principal, inputs []ingest.Input) []ingest.BatchResult {
		results := make([]ingest.BatchResult, len(inputs))
		for i := range inputs {
			if results[i].Err = next(); results[i].Err == nil {
				results[i].Result = accepted(i, &inputs[i])
			}
		}
		return results
	}
	const input = `{type: "t", operation: "o", payload: {id: "1"}}`
	batch := `sendCustomEvents(inputs: [` + input + input + `]) { error { code retryAfterMs limit { name value scope } } } `
	for _, c := range []struct {
		name   string
		query  string
		errors []error
		want   string
	}{
		{name: "none", query: oneSend, errors: []error{nil}},
		{name: "no hint", query: oneSend, errors: []error{refused(0)}},
		{name: "a fraction", query: oneSend, errors: []error{refused(time.Nanosecond)}, want: "1"},
		{name: "whole seconds", query: oneSend, errors: []error{refused(2 * time.Second)}, want: "2"},
		{name: "a little more", query: oneSend, errors: []error{refused(2*time.Second + time.Millisecond)}, want: "3"},
		{name: "the longest", query: "a: " + oneSend + "b: " + oneSend + "c: " + oneSend, errors: []error{refused(time.Second), refused(9 * time.Second), nil}, want: "9"},
		{name: "within a batch", query: batch, errors: []error{nil, refused(4 * time.Second)}, want: "4"},
		{name: "alike within a batch", query: batch, errors: []error{refused(time.Second), refused(5 * time.Second)}, want: "5"},
		{name: "both", query: batch + oneSend, errors: []error{nil, refused(4 * time.Second), refused(6 * time.Second)}, want: "6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each = c.errors
			began := time.Now()
			limited := slices.ContainsFunc(c.errors, func(err error) bool { return err != nil })
			a, header := open(t, f).runUntil(t.Context(), t, `mutation { `+c.query+`}`)
			require.Equal(t, http.StatusOK, a.Status)
			require.Equal(t, c.want, header.Get("Retry-After"))
			if limited { // whoever sends too much waits a little for the news of it
				require.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
			}
			for _, e := range a.Errors {
				require.Equal(t, &signalbox.LimitReached{Name: "rate", Value: 0.5, Scope: signalbox.ScopeKey}, e.Extensions.Limit)
			}
		})
	}
	each = []error{nil, refused(1500 * time.Millisecond)}
	a, _ := open(t, f).runUntil(t.Context(), t, `mutation { `+batch+`}`)
	require.JSONEq(t, `[{"error":null},{"error":{"code":"RATE_LIMITED","retryAfterMs":1500,"limit":{"name":"rate","value":0.5,"scope":"key"}}}]`,
		string(a.ok(t).Data["sendCustomEvents"]))
}
