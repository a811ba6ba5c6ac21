package ingest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// registered has display names of which one may be sent by the keys below and one not.
var registered = []signalbox.EventType{
	{Type: "order", Operation: "created", DisplayName: "Order created"},
	{Type: "order", Operation: "paid", DisplayName: "order paid"},
	{Type: "payroll", Operation: "run", DisplayName: "Payroll run"},
	{Type: "payroll", Operation: "rum", DisplayName: "order payroll"},
}

func TestWhoMaySendWhat(t *testing.T) { // P-18
	r := newRoad(t, options{registered: registered})
	hostile := json.RawMessage(`{"n":1e10000000}`)
	for name, c := range map[string]struct {
		may            []string
		typ, operation string
		data           json.RawMessage
		code           signalbox.Code // "" is accepted
		message        string
		suggestions    []string
	}{
		"allowed":          {may: []string{"events:send:order/created"}, typ: "order", operation: "created"},
		"glob":             {may: []string{"events:send:order/*"}, typ: "order", operation: "paid"},
		"display name":     {may: []string{"events:send:order/created"}, typ: "Order created", operation: "Order created"},
		"nothing at all":   {typ: "order", operation: "created", code: "FORBIDDEN", message: "this key may not send order/created: it needs events:send:order/created"},
		"another":          {may: []string{"events:send:order/*"}, typ: "payroll", operation: "run", code: "FORBIDDEN", message: "this key may not send payroll/run: it needs events:send:payroll/run"},
		"unknown":          {may: []string{"events:send:order/*"}, typ: "payrol", operation: "run", code: "FORBIDDEN", message: "this key may not send payrol/run: it needs events:send:payrol/run"},
		"its display name": {may: []string{"events:send:order/*"}, typ: "Payroll run", operation: "Payroll run", code: "FORBIDDEN", message: "this key may not send Payroll run/Payroll run: it needs events:send:Payroll run/Payroll run"},
		"hostile":          {may: []string{"events:send:order/*"}, typ: "payroll", operation: "run", data: hostile, code: "FORBIDDEN", message: "this key may not send payroll/run: it needs events:send:payroll/run"},
		"no names":         {may: []string{"events:send:order/*"}, typ: "\x00", operation: " ", code: "FORBIDDEN", message: "this key may not send events of such a type and operation"},
		"slash":            {may: []string{"events:send:order/*"}, typ: "a/b", operation: "c", code: "FORBIDDEN", message: `this key may not send a/b/c: it needs events:send:a\/b/c`},

		"reader, registered": {
			may: []string{"events:send:order/*", "events:read"}, typ: "payroll", operation: "run",
			code: "FORBIDDEN", message: "this key may not send payroll/run: it needs events:send:payroll/run; the name is registered",
		},
		"reader, unknown": {
			may: []string{"events:send:order/*", "types:write"}, typ: "payrol", operation: "run", suggestions: []string{"payroll"},
			code: "FORBIDDEN", message: `this key may not send payrol/run: it needs events:send:payrol/run; the event type is not registered: did you mean "payroll"?`,
		},
		"reader, display name": {
			may: []string{"events:send:order*/*", "rules:write"}, typ: "order payroll", operation: "order payroll",
			code: "FORBIDDEN", message: "this key may not send order payroll/order payroll: it needs events:send:order payroll/order payroll; the name is registered",
		},

		// What may be sent and is not registered is told as if nothing else were there.
		"unknown operation":    {may: []string{"events:send:order/*"}, typ: "order", operation: "pait", code: "UNKNOWN_OPERATION", message: `the event type has no such operation: did you mean "paid"?`, suggestions: []string{"paid"}},
		"hidden operation":     {may: []string{"events:send:order/created", "events:send:order/pais"}, typ: "order", operation: "pais", code: "UNKNOWN_OPERATION", message: "the event type has no such operation"},
		"hidden type":          {may: []string{"events:send:*/runs"}, typ: "payroll", operation: "runs", code: "UNKNOWN_EVENT_TYPE", message: "the event type is not registered"},
		"near a hidden type":   {may: []string{"events:send:pay*/x", "events:send:order/*"}, typ: "payrol", operation: "x", code: "UNKNOWN_EVENT_TYPE", message: "the event type is not registered"},
		"hidden display name":  {may: []string{"events:send:order*/order*"}, typ: "order payroll", operation: "order payroll", code: "UNKNOWN_EVENT_TYPE", message: "the event type is not registered"},
		"no such display name": {may: []string{"events:send:order*/order*"}, typ: "order peyroll", operation: "order peyroll", code: "UNKNOWN_EVENT_TYPE", message: "the event type is not registered"},
		"admin":                {may: []string{"tenant:admin"}, typ: "payrol", operation: "run", code: "UNKNOWN_EVENT_TYPE", message: `the event type is not registered: did you mean "payroll"?`, suggestions: []string{"payroll"}},
		"operator":             {may: []string{"operator"}, typ: "order", operation: "created", code: "FORBIDDEN", message: "this key may not send order/created: it needs events:send:order/created"},
	} {
		t.Run(name, func(t *testing.T) {
			in := ingest.Input{Type: c.typ, Operation: c.operation, EntityID: "1", Data: c.data}
			_, err := r.Send(t.Context(), may(r.who.Tenant, c.may...), in)
			_, tested := r.Test(t.Context(), may(r.who.Tenant, c.may...), in)
			require.Equal(t, err, tested, "a dry run asks for the same")
			require.Equal(t, c.code, signalbox.ErrorCode(err), "%v", err)
			if c.code == "" {
				return
			}
			e := signalbox.AsError(err)
			require.Equal(t, c.message, e.Message)
			if len(c.suggestions) == 0 {
				require.Empty(t, e.Suggestions)
			} else {
				require.Equal(t, c.suggestions, e.Suggestions)
			}
			require.Empty(t, e.Violations)
		})
	}
}

// Where unknown names are accepted, one that a display name hides behind is too, as
// it stands, and the warning tells of nothing that may not be sent.
func TestAcceptedNamesTellNothingOfOthers(t *testing.T) { // P-18
	r := newRoad(t, options{registered: registered, unknown: signalbox.UnknownAccept})
	for _, typ := range []string{"order payroll", "order peyroll"} {
		got, err := r.Send(t.Context(), may(r.who.Tenant, "events:send:order*/order*"), ingest.Input{Type: typ, Operation: typ, EntityID: "1"})
		require.NoError(t, err)
		require.Equal(t, typ, got.Event.Type)
		require.Equal(t, typ, got.Event.Operation)
		require.Len(t, got.Warnings, 1)
		require.Equal(t, "the event type is not registered", got.Warnings[0].Message)
	}
}

// A key's answer is not for one who may not send what it belongs to.
func TestAKeyOfAForbiddenNameRevealsNothing(t *testing.T) { // P-18, X-06
	r := newRoad(t, options{registered: registered})
	in := ingest.Input{Type: "payroll", Operation: "run", EntityID: "1", IdempotencyKey: "k"}
	_, err := r.Send(t.Context(), r.who, in)
	require.NoError(t, err)
	ordinary := may(r.who.Tenant, "events:send:order/*")
	_, used := r.Send(t.Context(), ordinary, in)
	in.IdempotencyKey = "another"
	_, unused := r.Send(t.Context(), ordinary, in)
	require.Equal(t, signalbox.CodeForbidden, signalbox.ErrorCode(used))
	require.Equal(t, unused, used)
}

func TestABatchIsPermittedOneByOne(t *testing.T) { // P-18
	r := newRoad(t, options{registered: registered})
	results := r.SendBatch(t.Context(), may(r.who.Tenant, "events:send:order/*"), []ingest.Input{
		{Type: "order", Operation: "created", EntityID: "1"},
		{Type: "payroll", Operation: "run", EntityID: "2"},
		{Type: "order", Operation: "paid", EntityID: "3"},
	})
	require.NoError(t, results[0].Err)
	require.Equal(t, signalbox.CodeForbidden, signalbox.ErrorCode(results[1].Err))
	require.NoError(t, results[2].Err)
}
