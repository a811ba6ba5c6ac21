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

func (p parts) EventsByID(ctx context.Context, _ signalbox.ID, ids []signalbox.ID) ([]signalbox.StoredEvent, error) {
	found := make([]signalbox.StoredEvent, len(ids))
	for i, id := range ids {
		e, err := p.event(ctx)
		if err != nil {
			return nil, err
		}
		found[i] = *e
		found[i].ID = id
	}
	return found, nil
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

// Whoever had no answer sends all of a batch again: that is looked up in one go, and
// then again only for those whose starts are under way. The keys of events that are
// gone say so, each for itself.
func TestABatchOfDuplicatesIsLookedUpTogether(t *testing.T) {
	const events, budget = 200, 30 * time.Second
	owners := make([]signalbox.ID, events)
	for i := range owners {
		owners[i] = signalbox.ID(uuid.Must(uuid.NewV7()))
	}
	gone, underWay := owners[7], owners[9]
	var looks [][]signalbox.ID
	s := lookups{gone: gone, parts: parts{
		append: func(records []*signalbox.Record) {
			for i, r := range records {
				r.Owner = owners[i%events] // the last is sent twice
			}
		},
	}}
	s.looked = func(ids []signalbox.ID) { looks = append(looks, ids) }
	s.dispatches = func(id signalbox.ID) []signalbox.Dispatch {
		if id == underWay && len(looks) < 3 {
			return []signalbox.Dispatch{{Rule: "r", Status: signalbox.StatusPending, Attempts: 1}}
		}
		return []signalbox.Dispatch{{Rule: "r", Status: signalbox.StatusStarted, Attempts: 1}}
	}
	service, err := ingest.New(ingest.Config{
		Catalogue: s, Store: s, Starter: s, Relay: s, Backlog: s, Limiter: limiter(t, signalbox.Limits{}),
		Limits: ingest.Limits{StartTimeout: budget}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	batch := make([]ingest.Input, events+1)
	for i := range batch {
		batch[i] = input(`{}`)
		batch[i].IdempotencyKey = owners[i%events].String()
	}
	results := service.SendBatch(t.Context(), admin(signalbox.Tenant{}), batch)
	require.Len(t, looks, 3)
	require.ElementsMatch(t, owners, looks[0], "each once")
	require.Equal(t, [][]signalbox.ID{{underWay}, {underWay}}, looks[1:])
	for i, one := range results {
		if owners[i%events] == gone {
			require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(one.Err))
			continue
		}
		require.NoError(t, one.Err)
		require.True(t, one.Result.Duplicate)
		require.Equal(t, owners[i%events], one.Result.Event.ID)
		require.Equal(t, signalbox.StatusStarted, one.Result.Dispatches[0].Status)
	}
}

// lookups are parts that know every event but one.
type lookups struct {
	parts
	gone       signalbox.ID
	looked     func(ids []signalbox.ID)
	dispatches func(signalbox.ID) []signalbox.Dispatch
}

func (l lookups) EventsByID(_ context.Context, _ signalbox.ID, ids []signalbox.ID) ([]signalbox.StoredEvent, error) {
	l.looked(ids)
	var found []signalbox.StoredEvent
	for _, id := range ids {
		if id != l.gone {
			found = append(found, signalbox.StoredEvent{Event: signalbox.Event{ID: id}, Dispatches: l.dispatches(id)})
		}
	}
	return found, nil
}
