package catalogue

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// rig is a catalogue on a database of its own, with everything real.
type rig struct {
	testing.TB
	store     rigStore
	live      *Live
	editor    *Editor
	explainer *Explainer
	tenants   map[string]signalbox.ID
	sent      int
}

type rigStore struct{ *postgres.DB }

func (s rigStore) ScanEvents(ctx context.Context, tenant signalbox.ID, on []signalbox.Pattern, w signalbox.Window, page func([]signalbox.Event) error) (bool, error) {
	return s.DB.ScanEvents(ctx, tenant, postgres.EventScan{On: on, Window: w}, page)
}

// newRig has the default tenant, and others by their slugs.
func newRig(t testing.TB, others ...string) *rig {
	t.Helper()
	r := &rig{TB: t, store: rigStore{pgtest.Open(t)}, tenants: make(map[string]signalbox.ID)}
	for _, slug := range others {
		_, err := r.store.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: slug})
		require.NoError(t, err)
	}
	var err error
	r.live, err = NewLive(t.Context(), r.store, "default", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	r.editor, err = NewEditor(EditorConfig{Store: r.store, Live: r.live, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	r.explainer, err = NewExplainer(r.live, r.store)
	require.NoError(t, err)
	for _, slug := range append(others, signalbox.DefaultTenantSlug) {
		tenant, err := r.live.Tenant(slug)
		require.NoError(t, err)
		r.tenants[slug] = tenant.ID
	}
	return r
}

func (r *rig) tenant() signalbox.ID { return r.tenants[signalbox.DefaultTenantSlug] }

// apply applies a file, which has no fault.
func (r *rig) apply(text string) ([]signalbox.Change, []signalbox.Warning) {
	r.Helper()
	content, err := Parse([]byte(text))
	require.NoError(r, err)
	changes, warnings, err := r.editor.Apply(r.Context(), as(r.tenant()), content, false)
	require.NoError(r, err)
	return changes, warnings
}

// event makes an event of the default tenant, each a millisecond younger than the
// one before it.
func (r *rig) event(typ, operation, data string) signalbox.Event {
	r.sent++
	e := signalbox.Event{
		ID: signalbox.FirstID(time.Now().Add(-time.Hour + time.Duration(r.sent)*time.Millisecond)), Tenant: r.tenant(),
		Type: typ, Operation: operation, EntityID: "e-1",
	}
	if data != "" {
		e.Data = []byte(data)
	}
	return e
}

// send takes an event down the road, as far as the database.
func (r *rig) send(e signalbox.Event) signalbox.Event {
	r.Helper()
	plan, err := r.live.Plan(&e, nil)
	require.NoError(r, err)
	e.Decisions, e.Omitted = plan.Decisions, plan.Omitted
	r.keep(&signalbox.Record{Event: e, Dispatches: plan.Dispatches})
	r.live.Count(&e)
	return e
}

func (r *rig) keep(records ...*signalbox.Record) {
	r.Helper()
	appender := postgres.NewAppender(r.store.DB)
	appender.Append(records)
	for _, record := range records {
		require.NoError(r, record.Err)
	}
}

// as is who changes things of a tenant in these tests.
func as(tenant signalbox.ID) signalbox.Principal {
	return signalbox.Principal{Tenant: signalbox.Tenant{ID: tenant}, Actor: "test", Permissions: signalbox.Permissions{{Action: signalbox.ActionAdmin}}}
}
