package graph_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestOneFailingAliasLeavesTheOthersTheirAnswers (P-01: the field is nullable for
// this), and what clients may learn of each error.
func TestOneFailingAliasLeavesTheOthersTheirAnswers(t *testing.T) {
	const secret = "dial tcp 10.0.0.7: password=hunter2"
	f := &fakes{}
	f.send = func(_ context.Context, _ signalbox.Principal, in ingest.Input) (*ingest.Result, error) {
		switch in.EntityID {
		case "typed":
			return nil, fmt.Errorf("sending: %w", &signalbox.Error{
				Code: signalbox.CodeInvalidPayload, Message: "breaks its schema", Path: "/payload/data", RetryAfter: 1500 * time.Millisecond,
				Violations: []signalbox.Violation{{Pointer: "/payload/data/a", Message: "is missing"}}, Suggestions: []string{"b"}, Err: errors.New(secret),
			})
		case "unforeseen":
			return nil, errors.New(secret)
		case "unavailable":
			return nil, &signalbox.Error{Code: signalbox.CodeUnavailable, Message: "the database is away", Err: errors.New(secret)}
		case "panic":
			panic(secret)
		case "nil":
			var none *ingest.Result
			none.Duplicate = true // a nil pointer
		}
		return accepted(1, &in), nil
	}
	d := open(t, f)
	alias := func(name string) string {
		return name + `: sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "` + name + `"}}) { success } `
	}
	a := d.run(t, `mutation {`+alias("first")+alias("typed")+alias("unforeseen")+alias("unavailable")+alias("panic")+alias("nil")+alias("last")+`}`, "")
	require.Equal(t, 200, a.Status)
	require.Len(t, d.all(), 7)
	for name, want := range map[string]string{
		"first": `{"success":true}`, "last": `{"success":true}`, "typed": "null", "unforeseen": "null", "unavailable": "null", "panic": "null", "nil": "null",
	} {
		require.Equal(t, want, string(a.Data[name]), name)
	}
	byPath := map[any]failure{}
	for _, e := range a.Errors {
		require.Len(t, e.Path, 1)
		require.Len(t, e.Locations, 1)
		require.Equal(t, requestID, e.Extensions.RequestID)
		byPath[e.Path[0]] = e
	}
	require.Len(t, byPath, 5)
	typed := byPath["typed"]
	require.Equal(t, "breaks its schema", typed.Message)
	require.Equal(t, "INVALID_PAYLOAD", typed.Extensions.Code)
	require.Equal(t, "/payload/data", typed.Extensions.Path)
	require.Equal(t, []signalbox.Violation{{Pointer: "/payload/data/a", Message: "is missing"}}, typed.Extensions.Violations)
	require.Equal(t, []string{"b"}, typed.Extensions.Suggestions)
	require.Equal(t, 1500, typed.Extensions.RetryAfterMs)
	require.Equal(t, "UNAVAILABLE", byPath["unavailable"].Extensions.Code)
	for _, name := range []string{"unforeseen", "panic", "nil"} {
		require.Equal(t, "INTERNAL", byPath[name].Extensions.Code, name)
		require.Contains(t, byPath[name].Message, "request id")
	}
	require.NotContains(t, a.Text, "hunter2")
	require.NotContains(t, a.Text, "nil map")

	logged := strings.Split(strings.TrimSpace(d.log.String()), "\n")
	require.Len(t, logged, 4, "one line for each of unforeseen, unavailable, panic and nil; none for the client's own fault")
	for _, line := range logged {
		require.Contains(t, line, "requestID="+requestID)
	}
	require.Equal(t, 3, strings.Count(d.log.String(), "hunter2"))
}

// TestABatchFailsOneByOne: errors of single events stand in their results; a panic
// takes the whole field, and no other.
func TestABatchFailsOneByOne(t *testing.T) {
	const secret = "hunter2"
	f := &fakes{}
	f.sendBatch = func(_ context.Context, _ signalbox.Principal, inputs []ingest.Input) []ingest.BatchResult {
		results := make([]ingest.BatchResult, len(inputs))
		for i := range inputs {
			switch inputs[i].EntityID {
			case "typed":
				results[i].Err = &signalbox.Error{Code: signalbox.CodeOverloaded, Message: "later", RetryAfter: time.Second, Path: "/p", Violations: []signalbox.Violation{{Pointer: "/p", Message: "m"}}}
			case "unforeseen":
				results[i].Err = errors.New(secret)
			case "unavailable":
				results[i].Err = &signalbox.Error{Code: signalbox.CodeUnavailable, Message: "the database is away", Err: errors.New(secret)}
			case "panic":
				panic(secret)
			default:
				results[i].Result = accepted(i, &inputs[i])
			}
		}
		return results
	}
	d := open(t, f)
	input := func(id string) string { return `{type: "t", operation: "o", payload: {id: "` + id + `"}}` }
	const fields = `{ response { success } error { code message path violations { pointer message } suggestions retryAfterMs } } `
	a := d.run(t, `mutation {
		a: sendCustomEvents(inputs: [`+input("ok")+input("typed")+input("unforeseen")+`]) `+fields+`
		b: sendCustomEvents(inputs: [`+input("panic")+`]) `+fields+`
		c: sendCustomEvent(input: `+input("ok")+`) { success }
		d: sendCustomEvents(inputs: []) `+fields+`
	}`, "")
	const internal = "something went wrong on our side; the log has it under the request id"
	require.JSONEq(t, `[
		{"response":{"success":true},"error":null},
		{"response":null,"error":{"code":"OVERLOADED","message":"later","path":"/p","violations":[{"pointer":"/p","message":"m"}],"suggestions":[],"retryAfterMs":1000}},
		{"response":null,"error":{"code":"INTERNAL","message":"`+internal+`","path":null,"violations":[],"suggestions":[],"retryAfterMs":null}}
	]`, string(a.Data["a"]))
	require.Equal(t, "null", string(a.Data["b"]))
	require.JSONEq(t, `{"success":true}`, string(a.Data["c"]))
	require.Equal(t, "[]", string(a.Data["d"]))
	require.Len(t, a.Errors, 1)
	require.Equal(t, []any{"b"}, a.Errors[0].Path)
	require.NotContains(t, a.Text, secret)
	require.Equal(t, 2, d.log.Lines())

	a = d.run(t, `mutation { sendCustomEvents(inputs: [`+strings.Repeat(input("unavailable"), 50)+`]) { error { code } } }`, "").ok(t)
	require.Equal(t, 50, strings.Count(a.Text, "UNAVAILABLE"))
	require.Equal(t, 3, d.log.Lines(), "what befalls all alike is one line")
}

// TestPanicsOfQueries are one field's, though queries run side by side.
func TestPanicsOfQueries(t *testing.T) {
	d := open(t, &fakes{
		rules: func(signalbox.ID) []signalbox.Rule { panic("hunter2") },
		types: func(signalbox.ID) []signalbox.EventType { return []signalbox.EventType{{Type: "t", Operation: "o"}} },
		event: func(_, _ signalbox.ID) (*signalbox.StoredEvent, error) { panic(errors.New("hunter2")) },
	})
	a := d.run(t, `{ event(id: "01900000-0000-7000-8000-000000000000") { id } eventTypes { type } }`, "")
	require.JSONEq(t, `[{"type":"t"}]`, string(a.Data["eventTypes"]))
	a.failed(t, signalbox.CodeInternal)
	a = d.run(t, `{ rules { name } }`, "")
	require.Equal(t, 200, a.Status)
	a.failed(t, signalbox.CodeInternal)
	require.NotContains(t, a.Text, "hunter2")
	require.Equal(t, 2, d.log.Lines())
}

// TestTheTenantIsThePrincipals everywhere.
func TestTheTenantIsThePrincipals(t *testing.T) {
	asked := 0
	check := func(id signalbox.ID) { asked++; require.Equal(t, tenant, id) }
	f := &fakes{
		send: func(_ context.Context, p signalbox.Principal, in ingest.Input) (*ingest.Result, error) {
			check(p.Tenant.ID)
			return accepted(1, &in), nil
		},
		sendBatch: func(_ context.Context, p signalbox.Principal, _ []ingest.Input) []ingest.BatchResult {
			check(p.Tenant.ID)
			return nil
		},
		event: func(id, _ signalbox.ID) (*signalbox.StoredEvent, error) {
			check(id)
			return nil, signalbox.Errorf(signalbox.CodeNotFound, "none")
		},
		events: func(id signalbox.ID, _ signalbox.EventFilter, _ signalbox.Page) ([]signalbox.StoredEvent, bool, error) {
			check(id)
			return nil, false, nil
		},
		dispatches: func(id signalbox.ID, _ signalbox.DispatchFilter, _ signalbox.Page) ([]signalbox.Dispatch, bool, error) {
			check(id)
			return nil, false, nil
		},
		redrive:    func(id, _ signalbox.ID) (*signalbox.Dispatch, error) { check(id); return &signalbox.Dispatch{}, nil },
		redriveAll: func(id signalbox.ID, _ signalbox.DispatchFilter) (int, error) { check(id); return 0, nil },
	}
	d := open(t, f)
	d.run(t, `mutation {
		sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { success }
		sendCustomEvents(inputs: []) { error { code } }
		redriveDispatch(id: "01900000-0000-7000-8000-000000000000") { id }
		redriveDispatches(filter: {}) { redriven }
	}`, "").ok(t)
	d.run(t, `{ event(id: "01900000-0000-7000-8000-000000000000") { id } }`, "").ok(t)
	d.run(t, `{ events { nodes { id } } }`, "").ok(t)
	d.run(t, `{ dispatches { nodes { id } } }`, "").ok(t)
	require.Equal(t, 7, asked)
}
