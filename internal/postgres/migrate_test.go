package postgres_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
	"github.com/signalbox/signalbox/migrations"
)

// Partitions are tables that were made beside their parent and attached: new
// columns must reach those that stand and those that are made later, in databases
// that have events and rules already.
func TestMigrationsReachWhatStands(t *testing.T) {
	dsn, db, conn, provider := firstRelease(t)
	now := time.Now()
	id := at(now)
	for _, insert := range []string{
		`INSERT INTO events (tenant_id, id, type, operation, entity_id) VALUES ($1, $2, 'a', 'b', 'old')`,
		`INSERT INTO dispatches (tenant_id, id, event_id, rule, rule_version, namespace, workflow_type, workflow_id, task_queue, options, status, attempts, due_at)
			VALUES ($1, $2, $2, 'r', 1, 'ns', 'W', 'id', 'q', '{}', 'PENDING', 1, now())`,
		`INSERT INTO event_types (tenant_id, type, operation, created_at) SELECT $1, 'a', 'b', now() WHERE $2::uuid IS NOT NULL`,
		`WITH v AS (INSERT INTO rule_versions (tenant_id, name, version, definition) SELECT $1, 'r', 1, '{"on": {"type": "a", "operation": "b"}, "start": {"workflow": "W", "taskQueue": "q"}}' WHERE $2::uuid IS NOT NULL)
			INSERT INTO rules (tenant_id, name, version, state) VALUES ($1, 'r', 1, 'ENABLED')`,
	} {
		_, err := conn.ExecContext(t.Context(), insert, defaultTenant, id)
		require.NoError(t, err)
	}

	_, err := db.MigrateUp(t.Context())
	require.NoError(t, err)
	db = pgtest.Connect(t, dsn) // behind the wall, as a server is
	old, err := db.Event(t.Context(), defaultTenant, id)
	require.NoError(t, err)
	require.Equal(t, "old", old.EntityID)
	require.Zero(t, old.Omitted)
	c, err := db.Catalogue(t.Context(), defaultTenant)
	require.NoError(t, err)
	require.Equal(t, []signalbox.EventType{{Type: "a", Operation: "b", Policy: signalbox.PayloadReject, Compatibility: signalbox.CompatibilityNone}}, c.Types)
	require.Equal(t, []string{"r 1 ENABLED W"}, summary(c))
	require.Equal(t, signalbox.UnknownReject, c.Settings.UnknownNames)

	require.NoError(t, db.EnsurePartitions(t.Context(), now.AddDate(0, 3, 0)))
	for _, when := range []time.Time{now, now.AddDate(0, 3, 0)} {
		r := record("", "a")
		r.Event.ID, r.Event.Omitted = at(when), 5
		r.Dispatches[0].EventID, r.Dispatches[0].ID = r.Event.ID, signalbox.DispatchID(r.Event.ID, "a")
		r.Dispatches[0].Input = json.RawMessage(`{"n":1}`)
		postgres.NewAppender(db).Append([]*signalbox.Record{r})
		require.NoError(t, r.Err)
		got, err := db.Event(t.Context(), defaultTenant, r.Event.ID)
		require.NoError(t, err)
		require.Equal(t, 5, got.Omitted)
		require.JSONEq(t, `{"n":1}`, string(got.Dispatches[0].Input))
	}

	// And back: what the release before cannot hold is gone, the rest stands.
	_, err = provider.DownTo(t.Context(), 1)
	require.NoError(t, err)
	var entity string
	require.NoError(t, conn.QueryRowContext(t.Context(), `SELECT entity_id FROM events WHERE id = $1`, id).Scan(&entity))
	require.Equal(t, "old", entity)
}

// firstRelease is a database as the first release has it, with this week's partitions.
func firstRelease(t *testing.T) (dsn string, db *postgres.DB, conn *sql.DB, provider *goose.Provider) {
	t.Helper()
	dsn = pgtest.EmptyDSN(t)
	db = pgtest.Owner(t, dsn)
	conn, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	provider, err = goose.NewProvider(goose.DialectPostgres, conn, migrations.FS)
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), 1)
	require.NoError(t, err)
	week := time.Now().UTC().Truncate(24 * time.Hour)
	week = week.AddDate(0, 0, -(int(week.Weekday())+6)%7)
	for _, table := range []string{"events", "dispatches"} { // as that release made them
		_, err := conn.ExecContext(t.Context(), fmt.Sprintf(`CREATE TABLE %[1]s_%[2]s PARTITION OF %[1]s FOR VALUES FROM ('%[3]s') TO ('%[4]s')`,
			table, week.Format("20060102"), signalbox.FirstID(week), signalbox.FirstID(week.AddDate(0, 0, 7))))
		require.NoError(t, err)
	}
	return dsn, db, conn, provider
}

// The binary of the release before accepts, claims and edits while the schema moves
// on beneath it: nothing of it fails, before, meanwhile or after.
func TestMigrationsRunUnderTraffic(t *testing.T) {
	dsn, db, _, _ := firstRelease(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var rounds atomic.Int64
	for range 4 {
		conn, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		defer func() { _ = conn.Close(t.Context()) }()
		wg.Go(func() {
			for ctx.Err() == nil {
				id := at(time.Now())
				var batch pgx.Batch // as one transaction
				batch.Queue(`INSERT INTO events (tenant_id, id, type, operation, entity_id) VALUES ($1, $2, 'a', 'b', 'x')`, defaultTenant, id)
				batch.Queue(`INSERT INTO dispatches (tenant_id, id, event_id, rule, rule_version, namespace, workflow_type, workflow_id, task_queue, options, status, attempts, due_at)
					VALUES ($1, $2, $2, 'r', 1, 'ns', 'W', 'id', 'q', '{}', 'PENDING', 1, now())`, defaultTenant, id)
				if err := conn.SendBatch(t.Context(), &batch).Close(); err != nil {
					t.Error("accept:", err)
				}
				if _, err := conn.Exec(t.Context(), `
					WITH due AS (SELECT tenant_id, id FROM dispatches WHERE tenant_id = $1 AND namespace = 'ns' AND status = 'PENDING' LIMIT 5 FOR UPDATE SKIP LOCKED),
					claimed AS (UPDATE dispatches d SET attempts = d.attempts + 1 FROM due WHERE d.tenant_id = due.tenant_id AND d.id = due.id RETURNING d.*)
					SELECT e.id, d.id FROM claimed d JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id`, defaultTenant); err != nil {
					t.Error("claim:", err)
				}
				var edit pgx.Batch
				edit.Queue(`SELECT id FROM tenants WHERE slug = 'default' FOR UPDATE`)
				edit.Queue(`INSERT INTO event_types (tenant_id, type, operation) VALUES ($1, 'a', 'b') ON CONFLICT (tenant_id, type, operation) DO UPDATE SET updated_at = now()`, defaultTenant)
				edit.Queue(`INSERT INTO rule_versions (tenant_id, name, version, definition) VALUES ($1, 'r', 1, '{}') ON CONFLICT DO NOTHING`, defaultTenant)
				edit.Queue(`INSERT INTO rules (tenant_id, name, version, state) VALUES ($1, 'r', 1, 'ENABLED') ON CONFLICT (tenant_id, name) DO UPDATE SET updated_at = now()`, defaultTenant)
				if err := conn.SendBatch(t.Context(), &edit).Close(); err != nil {
					t.Error("edit:", err)
				}
				rounds.Add(1)
			}
		})
	}
	enough := func() {
		from := rounds.Load()
		require.Eventually(t, func() bool { return rounds.Load() > from+100 }, time.Minute, time.Millisecond)
	}
	enough()
	_, err := db.MigrateUp(t.Context())
	require.NoError(t, err)
	enough()
	cancel()
	wg.Wait()
}

// A transaction that has read the catalogue and is slow to end is in the way for longer
// than a migration waits for a lock: it is tried again, and does not fail.
func TestMigrationsOutwaitALock(t *testing.T) {
	dsn, db, _, _ := firstRelease(t)
	reader, watcher := connect(t, dsn), connect(t, dsn)
	run(t, reader, `BEGIN`, `SELECT FROM tenants`)
	done := make(chan error, 1)
	go func() {
		applied, err := db.MigrateUp(t.Context())
		if err == nil && len(applied) < 7 {
			err = fmt.Errorf("only %d migrations are told of", len(applied))
		}
		done <- err
	}()
	waits := map[time.Time]bool{}
	require.Eventually(t, func() bool {
		var since *time.Time
		err := watcher.QueryRow(t.Context(), `SELECT max(waitstart) FROM pg_locks WHERE NOT granted AND relation = 'tenants'::regclass`).Scan(&since)
		if err == nil && since != nil {
			waits[*since] = true
		}
		return len(waits) == 2 || len(done) == 1
	}, time.Minute, 10*time.Millisecond)
	run(t, reader, `COMMIT`)
	require.NoError(t, <-done)
	require.Len(t, waits, 2, "it was tried twice")
}
