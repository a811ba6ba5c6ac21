package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// weeksBack allows for a clock that was set back, weeksAhead for a server
	// whose hourly run has failed for as long.
	weeksBack  = 1
	weeksAhead = 4
	week       = 7 * 24 * time.Hour
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

// ensurePartition has the database make the partition of one week, in a transaction
// of its own: see the function in the migrations, which does what only the tables'
// owner may.
func (db *DB) ensurePartition(ctx context.Context, table string, from time.Time) error {
	_, err := db.pool.Exec(ctx, `SELECT ensure_partition($1, $2)`, table, from)
	return translate(err)
}

// startOfWeek is the Monday before t, at midnight UTC.
func startOfWeek(t time.Time) time.Time {
	t = t.UTC().Truncate(24 * time.Hour)
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}
