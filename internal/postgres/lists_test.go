package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// A page of the largest events is no larger than one of small ones: it is shorter,
// says that there is more, and the next one goes on where it ends.
func TestAPageIsBoundedInBytes(t *testing.T) { // P-17, P-22
	db := pgtest.Open(t)
	var records []*signalbox.Record
	for i := range 60 {
		r := record("")
		r.Event.Data = fmt.Appendf(nil, `{"n":%d,"text":"%s"}`, i, strings.Repeat("x", 250_000))
		records = append(records, r)
	}
	stored(t, db, records...)

	seen, pages := map[signalbox.ID]bool{}, 0
	for p := (signalbox.Page{First: 100}); ; pages++ {
		found, more, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, p)
		require.NoError(t, err)
		require.NotEmpty(t, found)
		size := 0
		for _, e := range found {
			size += len(e.Data)
			require.False(t, seen[e.ID])
			seen[e.ID] = true
		}
		require.Less(t, size, 5<<20)
		if !more {
			break
		}
		p.After = found[len(found)-1].ID
	}
	require.Len(t, seen, len(records))
	require.Greater(t, pages, 2)

	found, more, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.Len(t, found, 10, "what is asked for, where that is not too much")
	require.True(t, more)
}

// However many events are looked up at once, and however long that takes, there are
// connections for everything else: for senders, and for finding out who calls.
func TestLookingUpEventsLeavesConnectionsToOthers(t *testing.T) { // P-17
	dsn := pgtest.DSN(t)
	db := pgtest.Connect(t, dsn)
	held, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = held.Close(context.WithoutCancel(t.Context())) }()
	tx, err := held.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE events IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	var lookups sync.WaitGroup
	for range 100 {
		lookups.Go(func() { _, _ = db.Event(ctx, defaultTenant, signalbox.ID{1}) })
	}
	// One behind another they take twelve seconds, as none waits longer for a lock than two.
	soon, done := context.WithTimeout(t.Context(), 5*time.Second)
	defer done()
	for range 20 {
		_, _, err := db.Tenants(soon, signalbox.Page{First: 10})
		require.NoError(t, err)
	}
	cancel()
	require.NoError(t, tx.Rollback(t.Context()))
	lookups.Wait()
}
