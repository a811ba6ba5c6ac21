package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/signalbox/signalbox/migrations"
)

// Migration is one numbered step of the schema.
type Migration struct {
	Version int64
	Name    string
	// AppliedAt is zero where it has not been applied; Took is how long it took,
	// and known only to the call that applied it.
	AppliedAt time.Time
	Took      time.Duration
}

// A migration waits for a lock for longer than Postgres takes to send an autovacuum
// out of its way (deadlock_timeout, a second), and for less than a request that has to
// wait behind it has time (DefaultTimeout). Between two tries those that waited are
// served. All tries together take about a minute.
const (
	migrationLockTimeout = 1500 * time.Millisecond
	migrationPause       = time.Second
	migrationTries       = 25
)

// MigrateUp applies what is missing, under an advisory lock, so that replicas
// which start together do it once. It answers what it applied. What other sessions are
// in the way of is tried again, for about a minute.
func (db *DB) MigrateUp(ctx context.Context) ([]Migration, error) {
	provider, closeDB, err := db.goose()
	if err != nil {
		return nil, err
	}
	defer closeDB()
	var applied []Migration
	for try := 1; ; try++ {
		var more []Migration
		more, err = up(ctx, provider)
		applied = append(applied, more...)
		if err == nil {
			return applied, nil
		}
		if !isInTheWay(err) || ctx.Err() != nil {
			return applied, fmt.Errorf("migrate: %w", err)
		}
		if try == migrationTries {
			return applied, fmt.Errorf("migrate: other sessions were in the way %d times: end long transactions (pg_stat_activity shows them) and migrate again: %w", try, err)
		}
		select {
		case <-ctx.Done():
			return applied, fmt.Errorf("migrate: %w", err)
		case <-time.After(migrationPause):
		}
	}
}

// up is one try. Each migration is a transaction: those before one that fails stay.
func up(ctx context.Context, provider *goose.Provider) ([]Migration, error) {
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results, err = partial.Applied, fmt.Errorf("%s: %w", filepath.Base(partial.Failed.Source.Path), said(partial.Err))
	}
	applied := make([]Migration, 0, len(results))
	for _, r := range results {
		applied = append(applied, Migration{Version: r.Source.Version, Name: r.Source.Path, AppliedAt: time.Now(), Took: r.Duration})
	}
	return applied, err
}

// said is the sentence alone where a migration of ours has raised one.
func said(err error) error {
	const raised = "P0001" // raise_exception
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == raised {
		return errors.New(pg.Message)
	}
	return err
}

// MigrationStatus lists every migration that this binary knows.
func (db *DB) MigrationStatus(ctx context.Context) ([]Migration, error) {
	provider, closeDB, err := db.goose()
	if err != nil {
		return nil, err
	}
	defer closeDB()
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the migrations' status: %w", err)
	}
	all := make([]Migration, 0, len(states))
	for _, s := range states {
		all = append(all, Migration{Version: s.Source.Version, Name: s.Source.Path, AppliedAt: s.AppliedAt})
	}
	return all, nil
}

// CheckVersion is an error, in words for the operator, unless every migration
// that this binary knows has been applied. A newer schema is fine: an older
// binary runs beside it during a rolling restart.
func (db *DB) CheckVersion(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var have int64
	err := db.pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+goose.DefaultTablename+` WHERE is_applied`).Scan(&have)
	if isUndefinedTable(err) || isNotPermitted(err) {
		err = nil // there is no schema yet, or one from before the role had any rights
	}
	if err != nil {
		return translate(err)
	}
	if have < newestMigration {
		return fmt.Errorf("the database's schema is at version %d and this binary needs %d: run `signalbox migrate up`", have, newestMigration)
	}
	return db.checkWall(ctx)
}

// newestMigration is the highest number among the files.
var newestMigration = func() int64 {
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(files) == 0 {
		panic("the migrations are not embedded")
	}
	newest, err := goose.NumericComponent(files[len(files)-1]) // Glob sorts
	if err != nil {
		panic(err)
	}
	return newest
}()

func (db *DB) goose() (*goose.Provider, func(), error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, fmt.Errorf("prepare the migration lock: %w", err)
	}
	// A connection of its own with no statement timeout: an index on a large
	// table takes what it takes.
	config := db.pool.Config().ConnConfig.Copy()
	delete(config.RuntimeParams, "statement_timeout")
	config.RuntimeParams["lock_timeout"] = milliseconds(migrationLockTimeout)
	conn := stdlib.OpenDB(*config)
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read the migrations: %w", err), conn.Close())
	}
	return provider, func() { _ = conn.Close() }, nil
}
