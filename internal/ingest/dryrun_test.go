package ingest_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// neighbours are the road's, with a plan for each type and a count of everything
// that a dry run must not do.
type neighbours struct {
	plans   map[string]signalbox.Plan
	seen    []signalbox.Event // what Plan was asked about
	records []*signalbox.Record
	touched []string
	refuse  error // of Requests
}

func (*neighbours) Count(*signalbox.Event) {}

func (*neighbours) Resolve(_ signalbox.ID, typ, operation string) (string, string) {
	return typ, operation
}

func (*neighbours) Known(signalbox.ID, string, string) error { return nil }

func (n *neighbours) Plan(e *signalbox.Event, _ func(typ, operation string) bool) (signalbox.Plan, error) {
	n.seen = append(n.seen, *e)
	plan, known := n.plans[e.Type]
	if !known {
		return plan, signalbox.Errorf(signalbox.CodeUnknownEventType, "the type is not registered")
	}
	plan.Dispatches = append([]signalbox.Dispatch(nil), plan.Dispatches...)
	if e.SchemaVersion == 0 {
		e.SchemaVersion = 4
	}
	return plan, nil
}

func (n *neighbours) Append(records []*signalbox.Record) {
	n.touched = append(n.touched, "append")
	for _, r := range records {
		r.Owner = r.Event.ID
	}
	n.records = append(n.records, records...)
}

func (*neighbours) Keyed(context.Context, signalbox.ID, string) (signalbox.ID, [32]byte, error) {
	return signalbox.ID{}, [32]byte{}, nil
}

func (n *neighbours) EventsByID(context.Context, signalbox.ID, []signalbox.ID) ([]signalbox.StoredEvent, error) {
	n.touched = append(n.touched, "read")
	return nil, errors.New("nothing is stored")
}

func (n *neighbours) Start(_ context.Context, _ *signalbox.Event, dispatches []signalbox.Dispatch) {
	n.touched = append(n.touched, "start")
	for i := range dispatches {
		dispatches[i].Status, dispatches[i].RunID = signalbox.StatusStarted, "run"
	}
}

func (n *neighbours) Requests(e *signalbox.Event, dispatches []signalbox.Dispatch) ([]json.RawMessage, error) {
	requests := make([]json.RawMessage, len(dispatches))
	for i, d := range dispatches {
		requests[i] = json.RawMessage(`{"requestId":"` + d.Rule + `","input":` + string(e.Data) + `}`)
	}
	return requests, n.refuse
}

func (n *neighbours) Wake(signalbox.Lane) { n.touched = append(n.touched, "wake") }

func (n *neighbours) Admit(*signalbox.Principal, int) error {
	n.touched = append(n.touched, "admit")
	return nil
}

func (n *neighbours) Release(*signalbox.Principal, int) { n.touched = append(n.touched, "release") }

func among(t *testing.T) (*ingest.Service, *neighbours) {
	t.Helper()
	miss := signalbox.Decision{Rule: "big", RuleVersion: 1, Verdict: signalbox.VerdictFiltered, Reason: "payload.data.n is 1", Failed: 1, Clauses: 1}
	off := signalbox.Decision{Rule: "off", RuleVersion: 1, Verdict: signalbox.VerdictDisabled, Reason: "the rule is disabled"}
	n := &neighbours{plans: map[string]signalbox.Plan{
		"matched": {
			Decisions: []signalbox.Decision{{Rule: "a", RuleVersion: 2, Verdict: signalbox.VerdictMatched}, miss}, Omitted: 7,
			Dispatches: []signalbox.Dispatch{{Rule: "a", Status: signalbox.StatusPending}, {Rule: "b", Status: signalbox.StatusPending}},
			Warnings:   []signalbox.Warning{{Code: signalbox.WarnRecommendedFields, Pointer: "/payload/data", Message: "has no timestamp"}},
		},
		"filtered": {Decisions: []signalbox.Decision{miss, off}, Omitted: 3},
		"off":      {Decisions: []signalbox.Decision{off}},
		"none":     {},
	}}
	service, err := ingest.New(ingest.Config{
		Catalogue: n, Store: n, Starter: n, Relay: n, Backlog: n, Limiter: limiter(t, signalbox.Limits{}), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return service, n
}

// A dry run comes to what a send comes to, and neither stores nor starts (P-28).
func TestATestIsASendWithoutConsequences(t *testing.T) {
	for typ, outcome := range map[string]signalbox.Outcome{
		"matched": signalbox.OutcomeStarted, "filtered": signalbox.OutcomeFiltered,
		"off": signalbox.OutcomeNoRule, "none": signalbox.OutcomeNoRule,
	} {
		t.Run(typ, func(t *testing.T) {
			service, n := among(t)
			in := ingest.Input{Type: typ, Operation: "o", EntityID: "1", Data: json.RawMessage(`{"n":1.0}`), IdempotencyKey: "k"}
			tested, err := service.Test(t.Context(), admin(signalbox.Tenant{}), in)
			require.NoError(t, err)
			require.Empty(t, n.touched)

			sent, err := service.Send(t.Context(), admin(signalbox.Tenant{}), in)
			require.NoError(t, err)
			require.Contains(t, n.touched, "append")
			require.Equal(t, outcome, tested.Outcome)
			require.Equal(t, sent.Outcome(), tested.Outcome)
			require.Equal(t, sent.Event.Decisions, tested.Event.Decisions)
			require.Equal(t, sent.Event.Omitted, tested.Event.Omitted)
			require.Equal(t, sent.Event.SchemaVersion, tested.Event.SchemaVersion)
			require.Equal(t, sent.Warnings, tested.Warnings)
			require.Len(t, tested.Dispatches, len(sent.Dispatches))
			require.Len(t, tested.Requests, len(sent.Dispatches))
			for i, d := range tested.Dispatches {
				require.Equal(t, sent.Dispatches[i].Rule, d.Rule)
				require.Equal(t, signalbox.StatusPending, d.Status)
				require.Contains(t, string(tested.Requests[i]), d.Rule)
				require.Contains(t, string(tested.Requests[i]), `{"n":1.0}`, "the sender's digits")
			}
		})
	}
}

func TestATestIsRefusedAsASendIs(t *testing.T) {
	for name, in := range map[string]ingest.Input{
		"shape":          {Type: " ", EntityID: "1"},
		"unknown type":   {Type: "unknown", Operation: "o", EntityID: "1"},
		"hostile":        {Type: "matched", Operation: "o", EntityID: "1", Data: json.RawMessage(`{"n":1e10000000}`)},
		"schema version": {Type: "matched", Operation: "o", EntityID: "1", SchemaVersion: -1},
		"key":            {Type: "matched", Operation: "o", EntityID: "1", IdempotencyKey: "\t"},
	} {
		t.Run(name, func(t *testing.T) {
			service, n := among(t)
			_, sent := service.Send(t.Context(), admin(signalbox.Tenant{}), in)
			require.Error(t, sent)
			result, tested := service.Test(t.Context(), admin(signalbox.Tenant{}), in)
			require.Equal(t, sent, tested)
			require.Nil(t, result)
			require.Empty(t, n.touched)
		})
	}
	service, n := among(t)
	n.refuse = signalbox.Errorf(signalbox.CodeConfiguration, "a memo is no object")
	_, err := service.Test(t.Context(), admin(signalbox.Tenant{}), ingest.Input{Type: "matched", Operation: "o", EntityID: "1"})
	require.Equal(t, n.refuse, err)
}

// The version that an event names reaches the catalogue, and what the catalogue
// resolves is what is stored (P-25).
func TestSchemaVersionIsTheCataloguesToResolve(t *testing.T) {
	for given, stored := range map[int]int{0: 4, 2: 2} {
		service, n := among(t)
		in := ingest.Input{Type: "matched", Operation: "o", EntityID: "1", SchemaVersion: given}
		got, err := service.Send(t.Context(), admin(signalbox.Tenant{}), in)
		require.NoError(t, err)
		require.Equal(t, given, n.seen[0].SchemaVersion)
		require.Equal(t, stored, got.Event.SchemaVersion)
		require.Equal(t, stored, n.records[0].Event.SchemaVersion)
		require.Equal(t, 7, n.records[0].Event.Omitted)
	}
}

// A key stays with its body, of which the schema version is a part where it is
// given. Where it is not, the fingerprint is that of keys from before there were
// versions.
func TestSchemaVersionIsPartOfTheFingerprint(t *testing.T) {
	service, n := among(t)
	in := ingest.Input{Type: "matched", Operation: "o", EntityID: "1", IdempotencyKey: "k", Data: json.RawMessage(`{"a": 1}`)}
	for _, version := range []int{0, 0, 1, 2} {
		in.SchemaVersion = version
		_, err := service.Send(t.Context(), admin(signalbox.Tenant{}), in)
		require.NoError(t, err)
	}
	fingerprint := func(i int) [32]byte { return n.records[i].Fingerprint }
	require.Equal(t, fingerprint(0), fingerprint(1))
	require.NotEqual(t, fingerprint(0), fingerprint(2))
	require.NotEqual(t, fingerprint(2), fingerprint(3))
	old := fingerprint(0)
	require.Equal(t, "dd0d65f3311c4368710102689b820a3bf06dc8bc9be548568576ca3282474d69", hex.EncodeToString(old[:]))
}
