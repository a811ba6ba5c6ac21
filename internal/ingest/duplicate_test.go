package ingest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// parts are what a test wants the road's neighbours to do.
type parts struct {
	plan   signalbox.Plan
	append func([]*signalbox.Record)
	event  func(context.Context) (*signalbox.StoredEvent, error)
}

func (parts) Count(*signalbox.Event) {}

func (parts) Resolve(_ signalbox.ID, typ, operation string) (string, string) { return typ, operation }

func (parts) Known(signalbox.ID, string, string) error { return nil }

func (p parts) Plan(*signalbox.Event, func(typ, operation string) bool) (signalbox.Plan, error) {
	return p.plan, nil
}
func (p parts) Append(records []*signalbox.Record)                            { p.append(records) }
func (p parts) Start(context.Context, *signalbox.Event, []signalbox.Dispatch) {}
func (p parts) Requests(*signalbox.Event, []signalbox.Dispatch) ([]json.RawMessage, error) {
	return nil, nil
}
func (p parts) Wake(signalbox.Lane)               {}
func (p parts) Release(*signalbox.Principal, int) {}

func (p parts) Admit(*signalbox.Principal, int) error { return nil }
func (parts) Keyed(context.Context, signalbox.ID, string) (signalbox.ID, [32]byte, error) {
	return signalbox.ID{}, [32]byte{}, nil
}

func (p parts) Event(ctx context.Context, _, _ signalbox.ID) (*signalbox.StoredEvent, error) {
	return p.event(ctx)
}

// A duplicate that has seen its event is acknowledged, whatever the database does
// while it waits for the starts, and within the start budget.
func TestADuplicateIsAnsweredThoughTheDatabaseGoesAway(t *testing.T) {
	owner := signalbox.ID(uuid.Must(uuid.NewV7()))
	looks := 0
	p := parts{
		append: func(records []*signalbox.Record) { records[0].Owner = owner },
		event: func(ctx context.Context) (*signalbox.StoredEvent, error) {
			if looks++; looks == 1 {
				return &signalbox.StoredEvent{
					Event:      signalbox.Event{ID: owner},
					Dispatches: []signalbox.Dispatch{{EventID: owner, Rule: "r", Status: signalbox.StatusPending}},
				}, nil
			}
			<-ctx.Done() // as a connection that has gone quiet
			return nil, signalbox.Errorf(signalbox.CodeUnavailable, "the database cannot be reached in time")
		},
	}
	const budget = 200 * time.Millisecond
	service, err := ingest.New(ingest.Config{
		Catalogue: p, Store: p, Starter: p, Relay: p, Backlog: p, Limiter: limiter(t, signalbox.Limits{}),
		Limits: ingest.Limits{StartTimeout: budget}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	in := input(`{}`)
	in.IdempotencyKey = "k"
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()
	result, err := service.Send(ctx, admin(signalbox.Tenant{}), in)
	require.NoError(t, err)
	require.Less(t, time.Since(began), budget+3*time.Second)
	require.True(t, result.Duplicate)
	require.Equal(t, owner, result.Event.ID)
	require.Len(t, result.Dispatches, 1)
}

// withdrawn are parts that have accepted whatever was sent first, and then know the
// names of it no more.
type withdrawn struct {
	parts
	keys *map[string][32]byte
}

func (w withdrawn) Plan(*signalbox.Event, func(typ, operation string) bool) (signalbox.Plan, error) {
	if len(*w.keys) > 0 {
		return signalbox.Plan{}, signalbox.Errorf(signalbox.CodeUnknownEventType, "the event type is not registered")
	}
	return signalbox.Plan{}, nil
}

func (w withdrawn) Append(records []*signalbox.Record) {
	for _, r := range records {
		(*w.keys)[r.Key], r.Owner = r.Fingerprint, r.Event.ID
	}
}

func (w withdrawn) Keyed(_ context.Context, _ signalbox.ID, key string) (signalbox.ID, [32]byte, error) {
	return signalbox.ID{1}, (*w.keys)[key], nil
}

// However many of a batch were accepted before and cannot be now, the answer waits for
// their starts once, and not for one after the other.
func TestABatchOfRefusedDuplicatesWaitsOnce(t *testing.T) {
	const budget = 300 * time.Millisecond
	w := withdrawn{keys: &map[string][32]byte{}}
	w.event = func(context.Context) (*signalbox.StoredEvent, error) {
		return &signalbox.StoredEvent{
			Event:      signalbox.Event{ID: signalbox.ID{1}},
			Dispatches: []signalbox.Dispatch{{Rule: "r", Status: signalbox.StatusPending, Attempts: 1}},
		}, nil
	}
	service, err := ingest.New(ingest.Config{
		Catalogue: w, Store: w, Starter: w, Relay: w, Backlog: w, Limiter: limiter(t, signalbox.Limits{}),
		Limits: ingest.Limits{StartTimeout: budget}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	batch := make([]ingest.Input, 50)
	for i := range batch {
		batch[i] = input(`{}`)
		batch[i].IdempotencyKey = string(rune('A' + i))
	}
	for _, one := range service.SendBatch(t.Context(), admin(signalbox.Tenant{}), batch) {
		require.NoError(t, one.Err)
	}
	other := input(`{"a":1}`)
	other.IdempotencyKey = "A"
	began := time.Now()
	results := service.SendBatch(t.Context(), admin(signalbox.Tenant{}), append(batch, other))
	require.Less(t, time.Since(began), 10*budget)
	for i, one := range results[:len(batch)] {
		require.NoError(t, one.Err, i)
		require.True(t, one.Result.Duplicate)
		require.Equal(t, signalbox.ID{1}, one.Result.Event.ID)
	}
	require.Equal(t, signalbox.CodeIdempotencyConflict, signalbox.ErrorCode(results[len(batch)].Err))
}
