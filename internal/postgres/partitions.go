package postgres

import (
	"context"
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
// replica at once; App calls it at start and every hour.
func (db *DB) EnsurePartitions(ctx context.Context, now time.Time) error {
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(partitionLock)); err != nil {
			return err
		}
		first := startOfWeek(now).Add(-weeksBack * week)
		for i := range weeksBack + 1 + weeksAhead {
			from := first.Add(time.Duration(i) * week)
			for _, table := range []string{"events", "dispatches"} {
				if err := ensurePartition(ctx, tx, table, from); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return translate(err)
}

func ensurePartition(ctx context.Context, tx pgx.Tx, table string, from time.Time) error {
	name := fmt.Sprintf("%s_%s", table, from.Format("20060102"))
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&there); err != nil || there {
		return err
	}
	// Identifiers and bounds are made here from a date: nothing of a client's is in them.
	_, err := tx.Exec(ctx, fmt.Sprintf(`CREATE TABLE %s PARTITION OF %s FOR VALUES FROM ('%s') TO ('%s')`,
		name, table, signalbox.FirstID(from), signalbox.FirstID(from.Add(week))))
	return err
}

// startOfWeek is the Monday before t, at midnight UTC.
func startOfWeek(t time.Time) time.Time {
	t = t.UTC().Truncate(24 * time.Hour)
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}
