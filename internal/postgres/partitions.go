package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// weeksBack allows for a clock that was set back, weeksAhead for a server
	// whose hourly run has failed for as long.
	weeksBack  = 1
	weeksAhead = 4
	week       = 7 * 24 * time.Hour
	// partitionLock is the key of the advisory lock under which partitions are made.
	partitionLock = 0x5349474e414c // "SIGNAL"
)

// EnsurePartitions makes the weekly partitions of events and dispatches around
// now: the week before, this one and the next four. Safe to call from every
// replica at once and under traffic; App calls it at start and every hour.
func (db *DB) EnsurePartitions(ctx context.Context, now time.Time) error {
	first := startOfWeek(now).Add(-weeksBack * week)
	var faults []error
	for i := range weeksBack + 1 + weeksAhead {
		from := first.Add(time.Duration(i) * week)
		for _, table := range []string{"events", "dispatches"} {
			if err := db.ensurePartition(ctx, table, from); err != nil {
				faults = append(faults, fmt.Errorf("%s of the week of %s: %w", table, from.Format(time.DateOnly), err))
			}
		}
	}
	return errors.Join(faults...)
}

// ensurePartition makes the table beside the others and then attaches it, each
// partition in a transaction of its own: CREATE TABLE … PARTITION OF would lock out
// every insert and claim, and deadlock with them; ATTACH PARTITION does neither.
//
// dispatches is a queue: its dead entries have to go before a fifth of a week's
// rows are dead, which is the default.
func (db *DB) ensurePartition(ctx context.Context, table string, from time.Time) error {
	name := fmt.Sprintf("%s_%s", table, from.Format("20060102"))
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(partitionLock)); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&there); err != nil || there {
			return err
		}
		// Identifiers and bounds are made here from a date: nothing of a client's is in them.
		for _, sql := range []string{
			fmt.Sprintf(`CREATE TABLE %s (LIKE %s INCLUDING ALL) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)`, name, table),
			fmt.Sprintf(`ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')`,
				table, name, signalbox.FirstID(from), signalbox.FirstID(from.Add(week))),
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	return translate(err)
}

// startOfWeek is the Monday before t, at midnight UTC.
func startOfWeek(t time.Time) time.Time {
	t = t.UTC().Truncate(24 * time.Hour)
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}
