package catalogue

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// fakeStore holds one tenant's catalogue, with whatever a newer binary may have put there.
type fakeStore struct {
	mu        sync.Mutex
	tenant    signalbox.Tenant
	catalogue signalbox.Catalogue
	err       error
}

func (s *fakeStore) Revisions(context.Context) (map[signalbox.ID]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[signalbox.ID]int64{s.tenant.ID: s.tenant.Revision}, nil
}

func (s *fakeStore) Snapshot(context.Context, signalbox.ID) (signalbox.Tenant, signalbox.Catalogue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tenant, s.catalogue, s.err
}

func (s *fakeStore) put(c signalbox.Catalogue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalogue = c
	s.tenant.Revision++
}

func ruleOf(name string, version int, when string) signalbox.Rule {
	return signalbox.Rule{Name: name, Version: version, State: signalbox.RuleEnabled, RuleDefinition: definition(when)}
}

func matched(t *testing.T, l *Live, tenant signalbox.ID) []string {
	t.Helper()
	e := signalbox.Event{ID: signalbox.FirstID(time.Now()), Tenant: tenant, Type: "order", Operation: "placed", EntityID: "e", Data: []byte(`{"total": 5}`)}
	plan, err := l.Plan(&e, nil)
	require.NoError(t, err)
	var names []string
	for _, d := range plan.Dispatches {
		names = append(names, d.Rule)
	}
	return names
}

func TestWhatDoesNotCompileHoldsUpNothingElse(t *testing.T) { // P-19
	const broken = `payload.data.total.fromTheFuture(`
	types := []signalbox.EventType{{Type: "order", Operation: "placed"}}
	store := &fakeStore{tenant: signalbox.Tenant{ID: signalbox.ID{1}, Slug: "default", UnknownNames: signalbox.UnknownReject}}
	store.put(signalbox.Catalogue{Types: types, Rules: []signalbox.Rule{ruleOf("old", 1, "payload.data.total == 5"), ruleOf("new", 1, broken)}})
	var log strings.Builder
	l, err := NewLive(t.Context(), store, "default", slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	require.Equal(t, []string{"old"}, matched(t, l, store.tenant.ID), "at first load it is left out alone")
	require.Len(t, l.Rules(store.tenant.ID), 2, "and is listed all the same")
	faults := l.Faults(store.tenant.ID)
	require.Len(t, faults, 1)
	require.Equal(t, "new", faults[0].Rule)
	require.Contains(t, log.String(), "part=new")

	store.put(signalbox.Catalogue{Types: types, Rules: []signalbox.Rule{ruleOf("old", 2, broken), ruleOf("third", 1, "")}})
	require.NoError(t, l.Refresh(t.Context()))
	require.Equal(t, []string{"old", "third"}, matched(t, l, store.tenant.ID), "the version stays in force that this replica knows")

	store.put(signalbox.Catalogue{Types: types, Rules: []signalbox.Rule{ruleOf("old", 3, "payload.data.total > 5")}})
	require.NoError(t, l.Refresh(t.Context()))
	require.Empty(t, matched(t, l, store.tenant.ID))
	require.Empty(t, l.Faults(store.tenant.ID))
}

func TestASchemaThatDoesNotCompileIsPassedOver(t *testing.T) {
	store := &fakeStore{tenant: signalbox.Tenant{ID: signalbox.ID{1}, Slug: "default"}}
	store.put(signalbox.Catalogue{Types: []signalbox.EventType{{Type: "order", Operation: "placed", Schemas: []signalbox.Schema{
		{Version: 1, Text: []byte(`{"properties": {"total": {"type": "number"}}}`)},
		{Version: 2, Text: []byte(`{"$schema": "https://json-schema.org/draft/2030-01/schema"}`)},
	}}}})
	l, err := NewLive(t.Context(), store, "default", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	e := signalbox.Event{Tenant: store.tenant.ID, Type: "order", Operation: "placed", Data: []byte(`{"total": 5}`)}
	_, err = l.Plan(&e, nil)
	require.NoError(t, err)
	require.Equal(t, 1, e.SchemaVersion, "the event says what it was held to")
	require.Equal(t, "order:placed schema version 2", l.Faults(store.tenant.ID)[0].Rule)
}

func TestADatabaseThatIsAwayLeavesTheNewestKnownInForce(t *testing.T) {
	store := &fakeStore{tenant: signalbox.Tenant{ID: signalbox.ID{1}, Slug: "default"}}
	store.put(signalbox.Catalogue{Types: []signalbox.EventType{{Type: "order", Operation: "placed"}}, Rules: []signalbox.Rule{ruleOf("r", 1, "")}})
	var log logtest.Log
	l, err := NewLive(t.Context(), store, "default", slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	store.err = errors.New("away")
	store.put(signalbox.Catalogue{})
	for range 3 {
		require.NoError(t, l.Refresh(t.Context()))
		require.Equal(t, []string{"r"}, matched(t, l, store.tenant.ID))
	}
	require.Len(t, log.With("cannot be loaded"), 1, "what lasts is said once")
	store.err = nil
	require.NoError(t, l.Refresh(t.Context()), "and it is tried again, though the revision is the same")
	require.Empty(t, l.Rules(store.tenant.ID))
	require.Len(t, log.With("loaded again"), 1)
}

// A server without the key to a tenant's secrets is not one that has no such tenant.
func TestATenantThatCannotBeLoadedIsKnownAllTheSame(t *testing.T) {
	store := &fakeStore{tenant: signalbox.Tenant{ID: signalbox.ID{1}, Slug: "default"}, err: errors.New("no key opens it")}
	l, err := NewLive(t.Context(), store, "default", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = l.TenantByID(store.tenant.ID)
	require.Equal(t, signalbox.CodeUnavailable, signalbox.ErrorCode(err))
	_, err = l.Tenant("default")
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err), "its slug is not known")
	_, err = l.TenantByID(signalbox.ID{2})
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
	store.err = nil
	require.NoError(t, l.Refresh(t.Context()))
	tenant, err := l.TenantByID(store.tenant.ID)
	require.NoError(t, err)
	require.Equal(t, "default", tenant.Slug)
}

func TestCountsOutliveSnapshots(t *testing.T) { // P-19
	r := newRig(t)
	r.apply(orders)
	r.apply(`rules: [{ name: wrong, on: { event: "order:cancelled" }, when: payload.data.total > 1, start: { workflow: W, taskQueue: q } }]`)
	r.send(r.event("order", "placed", `{"total": 500}`))
	r.send(r.event("order", "placed", `{"total": 5}`))
	r.send(r.event("order", "cancelled", `{"total": "text"}`))
	r.apply(strings.ReplaceAll(orders, "100", "200"))
	r.send(r.event("order", "placed", `{"total": 500}`))
	for name, want := range map[string]signalbox.RuleCounts{"approve": {Matched: 2}, "wrong": {Errors: 1}} {
		rule, found := r.live.Rule(r.tenant(), name)
		require.True(t, found)
		require.Equal(t, want, rule.Counts, name)
	}
}

func TestAChangeIsLiveOnAnotherReplicaWithinASecond(t *testing.T) {
	r := newRig(t)
	other, err := NewLive(t.Context(), r.store, "elsewhere", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { other.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	best := time.Hour
	for version := 1; best >= time.Second && version <= 10; version++ { // the machine may be busy
		r.apply(strings.ReplaceAll(orders, "100", strconv.Itoa(100*version)))
		saved := time.Now()
		require.Eventually(t, func() bool {
			rule, found := other.Rule(r.tenant(), "approve")
			return found && rule.Version == version
		}, time.Minute, 5*time.Millisecond)
		best = min(best, time.Since(saved))
	}
	require.Less(t, best, time.Second)
	rule, _ := other.Rule(r.tenant(), "approve")
	require.Equal(t, "elsewhere", rule.Start.Namespace)
	typ, found := other.EventType(r.tenant(), "order", "placed")
	require.True(t, found)
	require.Equal(t, "Order placed", typ.DisplayName)
	_, found = other.EventType(r.tenant(), "order", "eaten")
	require.False(t, found)
}
