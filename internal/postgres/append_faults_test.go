package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// When a bad record makes its flush try one by one, what the others' keys say must
// not get lost: an unnoticed conflict would be answered as a success.
func TestAConflictBesideABadRecordIsStillAConflict(t *testing.T) { // X-06, I4
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	first := record("k", "a")
	appender.Append([]*signalbox.Record{first})
	require.NoError(t, first.Err)

	bad, other, same := record("", "a"), record("k", "a"), record("k", "a")
	bad.Event.EntityID = "nul\x00inside"
	other.Fingerprint[0]++
	appender.Append([]*signalbox.Record{bad, other, same})
	require.Error(t, bad.Err)
	require.Equal(t, signalbox.CodeIdempotencyConflict, signalbox.ErrorCode(other.Err))
	require.NoError(t, same.Err)
	require.Equal(t, first.Event.ID, same.Owner)
}

// A send that queues behind flushes which hang is answered when its own time is
// up, not when theirs and then its own are.
func TestTheWaitBehindAStalledFlushIsBounded(t *testing.T) {
	const timeout, slack = 1500 * time.Millisecond, 1200 * time.Millisecond
	dsn := pgtest.DSN(t)
	db := pgtest.With(t, postgres.Config{DSN: dsn, Timeout: timeout})
	appender := postgres.NewAppender(db)

	// Another session holds every key of the test.
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	held, err := conn.Begin(t.Context())
	require.NoError(t, err)
	keys := []string{"a", "b", "c", "d", "e", "f"}
	for _, key := range keys {
		_, err := held.Exec(t.Context(), `INSERT INTO idempotency_keys (tenant_id, key, fingerprint, event_id) VALUES ($1, $2, '', $1)`, defaultTenant, key)
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	for _, key := range keys {
		wg.Go(func() {
			r := record(key)
			began := time.Now()
			appender.Append([]*signalbox.Record{r})
			if took := time.Since(began); took > timeout+slack {
				t.Errorf("key %s was answered after %s", key, took)
			}
			if code := signalbox.ErrorCode(r.Err); code != signalbox.CodeUnavailable {
				t.Errorf("key %s was answered with %v", key, r.Err)
			}
		})
	}
	wg.Wait()

	// Sent again with its key, each is stored, once.
	require.NoError(t, held.Rollback(t.Context()))
	for _, key := range keys {
		r := record(key)
		appender.Append([]*signalbox.Record{r})
		require.NoError(t, r.Err)
	}
	events, _, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.Len(t, events, len(keys))
}
