package ingest_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Refusals by a limit name it, its value and whose it is (P-17).
func TestALimitedSendNamesTheLimit(t *testing.T) {
	type limits = signalbox.Limits
	r := newRoad(t, options{server: limits{Batch: 5, PayloadBytes: 2000}})
	large := json.RawMessage(`{"s":"` + strings.Repeat("x", 1000) + `"}`)
	for name, c := range map[string]struct {
		tenant, key limits
		events      int
		change      func(in *ingest.Input)
		code        signalbox.Code
		limit       signalbox.LimitReached
		hint        bool
	}{
		"payload, server": {events: 1, change: func(in *ingest.Input) { in.Data = json.RawMessage(`{"s":"` + strings.Repeat("x", 2000) + `"}`) }, code: "PAYLOAD_TOO_LARGE", limit: signalbox.LimitReached{Name: "payloadBytes", Value: 2000, Scope: "server"}},
		"payload, tenant": {tenant: limits{PayloadBytes: 500}, events: 1, change: func(in *ingest.Input) { in.Data = large }, code: "PAYLOAD_TOO_LARGE", limit: signalbox.LimitReached{Name: "payloadBytes", Value: 500, Scope: "tenant"}},
		"payload, key":    {tenant: limits{PayloadBytes: 500}, key: limits{PayloadBytes: 100}, events: 1, change: func(in *ingest.Input) { in.Data = large }, code: "PAYLOAD_TOO_LARGE", limit: signalbox.LimitReached{Name: "payloadBytes", Value: 100, Scope: "key"}},
		"metadata":        {events: 1, change: func(in *ingest.Input) { in.Metadata = json.RawMessage(`{"s":"` + strings.Repeat("x", 64<<10) + `"}`) }, code: "PAYLOAD_TOO_LARGE", limit: signalbox.LimitReached{Name: "metadataBytes", Value: signalbox.MaxMetadataBytes, Scope: "server"}},
		"batch, server":   {events: 6, code: "INVALID_INPUT", limit: signalbox.LimitReached{Name: "batch", Value: 5, Scope: "server"}},
		"batch, key":      {key: limits{Batch: 1}, events: 2, code: "INVALID_INPUT", limit: signalbox.LimitReached{Name: "batch", Value: 1, Scope: "key"}},
		"rate":            {tenant: limits{Rate: 1e-9}, events: 2, code: "RATE_LIMITED", limit: signalbox.LimitReached{Name: "rate", Value: 1e-9, Scope: "tenant"}, hint: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := r.who
			p.Tenant.Limits, p.Limits = c.tenant, c.key
			inputs := make([]ingest.Input, c.events)
			for i := range inputs {
				inputs[i] = input(`{}`)
				if c.change != nil {
					c.change(&inputs[i])
				}
			}
			results := r.SendBatch(t.Context(), p, inputs)
			e := signalbox.AsError(results[len(results)-1].Err)
			require.Equal(t, c.code, e.Code)
			require.Equal(t, &c.limit, e.Limit)
			require.Equal(t, c.hint, e.RetryAfter > 0)
		})
	}
}

// Of a batch, as many are accepted as there are tokens for, in order; what is
// forbidden takes none.
func TestABatchBeyondTheRateIsAcceptedInPart(t *testing.T) { // P-17
	r := newRoad(t, options{})
	p := may(r.who.Tenant, "events:send:inventory/*")
	p.Tenant.Limits = signalbox.Limits{Rate: 1e-9, Burst: 3}
	var inputs []ingest.Input
	for range 5 {
		forbidden := input(`{}`)
		forbidden.Type = "order"
		inputs = append(inputs, forbidden, input(`{}`))
	}
	var codes []signalbox.Code
	for _, one := range r.SendBatch(t.Context(), p, inputs) {
		codes = append(codes, signalbox.ErrorCode(one.Err))
	}
	require.Equal(t, []signalbox.Code{"FORBIDDEN", "", "FORBIDDEN", "", "FORBIDDEN", "", "FORBIDDEN", "RATE_LIMITED", "FORBIDDEN", "RATE_LIMITED"}, codes)

	_, err := r.Test(t.Context(), p, input(`{}`))
	require.Equal(t, signalbox.CodeRateLimited, signalbox.ErrorCode(err), "a dry run costs the same work")
}

// What is left of a batch is told to come again one after the other, as tokens do.
func TestTheRestOfABatchIsToldWhenToCome(t *testing.T) { // P-17
	service, _ := among(t)
	for rate, want := range map[float64][]time.Duration{
		1:     {time.Second, 2 * time.Second, 3 * time.Second},
		0.01:  {100 * time.Second, 200 * time.Second, 300 * time.Second},
		1e-99: {24 * time.Hour, 24 * time.Hour, 24 * time.Hour},
	} {
		in := ingest.Input{Type: "none", Operation: "o", EntityID: "1"}
		p := admin(signalbox.Tenant{ID: signalbox.ID{1, byte(100 * rate)}, Limits: signalbox.Limits{Rate: rate, Burst: 2}})
		results := service.SendBatch(t.Context(), p, []ingest.Input{in, in, in, in, in})
		require.NoError(t, results[0].Err)
		require.NoError(t, results[1].Err)
		for i, hint := range want {
			e := signalbox.AsError(results[2+i].Err)
			require.Equal(t, signalbox.CodeRateLimited, e.Code)
			require.InDelta(t, hint.Seconds(), e.RetryAfter.Seconds(), 0.3*want[0].Seconds(), "%g: %d", rate, i)
		}
	}
}

// A rate is asked for before the event is looked at.
func TestRefusingByRateLooksAtNothing(t *testing.T) {
	service, n := among(t)
	p := admin(signalbox.Tenant{Limits: signalbox.Limits{Rate: 1e-9}})
	for i, code := range []signalbox.Code{signalbox.CodeInvalidInput, signalbox.CodeRateLimited} {
		_, err := service.Send(t.Context(), p, ingest.Input{Type: "matched", Operation: "o", IdempotencyKey: "k", Data: json.RawMessage(`{`)})
		require.Equal(t, code, signalbox.ErrorCode(err), i)
	}
	require.Empty(t, n.touched)
	require.Empty(t, n.seen)
}

// What is committed is answered for though nothing more is taken in.
func TestARetryIsAnsweredWhenTheBacklogIsFull(t *testing.T) { // X-06, I4, I8
	r := newRoad(t, options{rules: []signalbox.Rule{rule("echo", "inventory", "*", "Complete")}, maxBacklog: 2})
	down := func(context.Context) error { return serviceerror.NewUnavailable("down") }
	r.faults.before.Store(&down)
	in := input(`{"a":1}`)
	in.IdempotencyKey, in.Wait = "k", ingest.WaitAccepted
	first, err := r.Send(t.Context(), r.who, in)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := r.Send(t.Context(), r.who, input(`{}`))
		return signalbox.ErrorCode(err) == signalbox.CodeOverloaded
	}, soon, often)

	again, err := r.Send(t.Context(), r.who, in)
	require.NoError(t, err)
	require.True(t, again.Duplicate)
	require.Equal(t, first.Event.ID, again.Event.ID)
	require.Equal(t, first.Dispatches[0].WorkflowID, again.Dispatches[0].WorkflowID)

	other := in
	other.Data = json.RawMessage(`{"a":2}`)
	_, err = r.Send(t.Context(), r.who, other)
	require.Equal(t, signalbox.CodeIdempotencyConflict, signalbox.ErrorCode(err))
	var e *signalbox.Error
	require.Eventually(t, func() bool { // a count can miss what was being committed, and the next one has it
		in.IdempotencyKey += "x"
		_, err := r.Send(t.Context(), r.who, in)
		e = signalbox.AsError(err)
		return e != nil
	}, soon, often)
	require.Equal(t, signalbox.CodeOverloaded, e.Code)
	require.Equal(t, &signalbox.LimitReached{Name: "backlog", Value: 2, Scope: signalbox.ScopeServer}, e.Limit)
	require.Positive(t, e.RetryAfter)
}
