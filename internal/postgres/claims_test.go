package postgres_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func stored(t *testing.T, db *postgres.DB, records ...*signalbox.Record) {
	t.Helper()
	postgres.NewAppender(db).Append(records)
	for _, r := range records {
		require.NoError(t, r.Err)
	}
}

// mark writes one mark and waits until it is written.
func mark(t *testing.T, db *postgres.DB, marks ...signalbox.Mark) {
	t.Helper()
	m := postgres.NewMarker(db, slog.New(slog.DiscardHandler))
	for _, one := range marks {
		m.Mark(one)
	}
	require.NoError(t, m.Stop(t.Context()))
}

var lane = signalbox.Lane{Tenant: defaultTenant, Namespace: "default"}

func TestClaimsLeaveALeaseAlone(t *testing.T) { // I2
	db := pgtest.Open(t)
	leased, due := record("", "a"), record("", "a")
	due.Lease = 0
	stored(t, db, leased, due)

	lanes, err := db.DueLanes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []signalbox.Lane{lane}, lanes)

	claimed, err := db.Claim(t.Context(), lane, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	require.Equal(t, due.Event.ID, claimed[0].ID)
	require.Equal(t, due.Event.Data, claimed[0].Data)
	require.Equal(t, 2, claimed[0].Dispatches[0].Attempts, "a new fencing token")

	claimed, err = db.Claim(t.Context(), lane, 10, time.Minute)
	require.NoError(t, err)
	require.Empty(t, claimed)
	lanes, err = db.DueLanes(t.Context())
	require.NoError(t, err)
	require.Empty(t, lanes)
}

func TestReplicasClaimDifferentDispatches(t *testing.T) {
	db := pgtest.Open(t)
	var records []*signalbox.Record
	for range 200 {
		r := record("", "a")
		r.Lease = 0
		records = append(records, r)
	}
	stored(t, db, records...)
	var mu sync.Mutex
	seen := map[signalbox.ID]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				claimed, err := db.Claim(t.Context(), lane, 7, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				if len(claimed) == 0 {
					return
				}
				mu.Lock()
				for _, c := range claimed {
					seen[c.Dispatches[0].ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 200)
	for _, n := range seen {
		require.Equal(t, 1, n)
	}
}

// A replica that was paused past its lease comes back with the result of an
// attempt that is no longer the newest: it must not overwrite anything.
func TestALateWriterIsFenced(t *testing.T) {
	db := pgtest.Open(t)
	r := record("", "a")
	r.Lease = 0
	stored(t, db, r)
	claimed, err := db.Claim(t.Context(), lane, 1, time.Minute)
	require.NoError(t, err)
	d := claimed[0].Dispatches[0]

	late := signalbox.Mark{Tenant: d.Tenant, ID: d.ID, Attempt: 1, Status: signalbox.StatusFailed, Error: &signalbox.DispatchError{Code: "X", Message: "late"}}
	mark(t, db, late)
	require.Equal(t, signalbox.StatusPending, dispatchOf(t, db, r).Status)

	mark(t, db, signalbox.Mark{Tenant: d.Tenant, ID: d.ID, Attempt: 2, Status: signalbox.StatusStarted, RunID: "run"})
	now := dispatchOf(t, db, r)
	require.Equal(t, signalbox.StatusStarted, now.Status)
	require.Equal(t, "run", now.RunID)
	require.False(t, now.SettledAt.IsZero())

	late.Attempt = 2
	mark(t, db, late)
	require.Equal(t, signalbox.StatusStarted, dispatchOf(t, db, r).Status, "what is settled stays settled")
}

func dispatchOf(t *testing.T, db *postgres.DB, r *signalbox.Record) signalbox.Dispatch {
	t.Helper()
	e, err := db.Event(t.Context(), defaultTenant, r.Event.ID)
	require.NoError(t, err)
	require.Len(t, e.Dispatches, 1)
	return e.Dispatches[0]
}

func TestBackoffKeepsADispatchAway(t *testing.T) {
	db := pgtest.Open(t)
	r := record("", "a")
	stored(t, db, r)
	d := r.Dispatches[0]
	mark(t, db, signalbox.Mark{
		Tenant: d.Tenant, ID: d.ID, Attempt: 1, Status: signalbox.StatusPending, Delay: time.Hour,
		Error: &signalbox.DispatchError{Code: signalbox.DispatchUnavailable, Message: "away"},
	})
	now := dispatchOf(t, db, r)
	require.Equal(t, signalbox.StatusPending, now.Status)
	require.Equal(t, signalbox.DispatchUnavailable, now.LastError.Code)
	require.Greater(t, time.Until(now.DueAt), 50*time.Minute)
	claimed, err := db.Claim(t.Context(), lane, 1, time.Minute)
	require.NoError(t, err)
	require.Empty(t, claimed)
}

func TestRedriveTriesAFailedDispatchAgain(t *testing.T) {
	db := pgtest.Open(t)
	r := record("", "a", "b")
	stored(t, db, r)
	failed := r.Dispatches[0]
	mark(t, db, signalbox.Mark{
		Tenant: failed.Tenant, ID: failed.ID, Attempt: 1, Status: signalbox.StatusFailed,
		Error: &signalbox.DispatchError{Code: signalbox.DispatchNamespaceNotFound, Message: "no such namespace"},
	})
	list, more, err := db.Dispatches(t.Context(), defaultTenant, signalbox.DispatchFilter{Statuses: []signalbox.DispatchStatus{signalbox.StatusFailed}}, signalbox.Page{First: 5})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, list, 1)
	require.Equal(t, failed.ID, list[0].ID)

	got, err := db.Redrive(t.Context(), defaultTenant, failed.ID)
	require.NoError(t, err)
	require.Equal(t, signalbox.StatusPending, got.Status)
	require.True(t, got.SettledAt.IsZero())
	claimed, err := db.Claim(t.Context(), lane, 5, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1, "its sibling keeps its lease")

	// What is not FAILED is left as it is, and another tenant's is not there at all.
	got, err = db.Redrive(t.Context(), defaultTenant, r.Dispatches[1].ID)
	require.NoError(t, err)
	require.Equal(t, signalbox.StatusPending, got.Status)
	_, err = db.Redrive(t.Context(), signalbox.ID{9}, failed.ID)
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))

	n, err := db.RedriveAll(t.Context(), defaultTenant, signalbox.DispatchFilter{EventID: r.Event.ID})
	require.NoError(t, err)
	require.Zero(t, n)
}
