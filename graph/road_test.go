package graph_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/limit"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// memory is what the real road stands on in tests here: it takes every name, matches
// nothing, and keeps what is committed.
type memory struct{ committed []*signalbox.Record }

func (*memory) Count(*signalbox.Event) {}

func (*memory) Resolve(_ signalbox.ID, typ, operation string) (string, string) { return typ, operation }

func (*memory) Known(signalbox.ID, string, string) error { return nil }

func (m *memory) Plan(*signalbox.Event, func(typ, operation string) bool) (signalbox.Plan, error) {
	return signalbox.Plan{}, nil
}

func (m *memory) Append(records []*signalbox.Record) {
	for _, r := range records {
		r.Owner = r.Event.ID
	}
	m.committed = append(m.committed, records...)
}

func (*memory) Keyed(context.Context, signalbox.ID, string) (signalbox.ID, [32]byte, error) {
	return signalbox.ID{}, [32]byte{}, nil
}

func (m *memory) EventsByID(context.Context, signalbox.ID, []signalbox.ID) ([]signalbox.StoredEvent, error) {
	return nil, nil
}

func (m *memory) Start(context.Context, *signalbox.Event, []signalbox.Dispatch) {}

func (m *memory) Requests(*signalbox.Event, []signalbox.Dispatch) ([]json.RawMessage, error) {
	return nil, nil
}

func (m *memory) Wake(signalbox.Lane) {}

func (m *memory) Admit(*signalbox.Principal, int) error { return nil }

func (m *memory) Release(*signalbox.Principal, int) {}

// openRoad is a door with the real road behind it, whose checks belong to what a
// client meets.
func openRoad(t testing.TB) (*door, *memory) {
	t.Helper()
	m := &memory{}
	limiter, err := limit.New(limit.Config{Now: time.Now, Random: func() float64 { return 0 }})
	require.NoError(t, err)
	road, err := ingest.New(ingest.Config{Catalogue: m, Store: m, Starter: m, Relay: m, Backlog: m, Limiter: limiter, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return open(t, &fakes{}, func(cfg *graph.Config) { cfg.Sender, cfg.Tester = road, road }), m
}
