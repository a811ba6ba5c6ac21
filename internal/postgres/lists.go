package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// maxPageBytes is about how much of its rows' text one page of a list holds. Five
// hundred of the largest events would be a hundred times of that, and a request can
// ask for several pages.
const maxPageBytes = 4 << 20

// reading does what reads a list, of which few are read at once. One that takes too
// long says so: its filter is the reason, and not the database.
func (db *DB) reading(ctx context.Context, tenant signalbox.ID, do func() error) error {
	leave, err := db.lists.enter(ctx, tenant, db.timeout, "too many lists are being read at once; ask again later")
	if err != nil {
		return err
	}
	defer leave()
	err = do()
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return &signalbox.Error{
			Code:    signalbox.CodeUnavailable,
			Message: "the list takes too long to find: narrow the filter, best by receivedFrom",
			Err:     err,
		}
	}
	return err
}

// list is query for lists.
func list[T any](ctx context.Context, db *DB, scan pgx.RowToFunc[T], sql string, w *where) (found []T, err error) {
	err = db.reading(ctx, w.tenant, func() error {
		found, err = query(ctx, db, scan, sql, w.tenant, w.args[1:]...)
		return err
	})
	return found, err
}

// page reads up to first rows of a list, and tells whether there are more. Of rows
// that are large there are fewer, but one at the least: the next page goes on where
// this one ends. It is called within reading.
func page[T any](ctx context.Context, db *DB, scan pgx.RowToFunc[T], sql string, w *where, first int) (found []T, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	sql += " LIMIT " + w.arg(first+1)
	var batch pgx.Batch
	enterTenant(&batch, w.tenant)
	queue(&batch, sql, w.tenant, w.args[1:]...).Query(func(rows pgx.Rows) error {
		for left := maxPageBytes; rows.Next(); {
			for _, value := range rows.RawValues() {
				left -= len(value)
			}
			if len(found) == first || left < 0 && len(found) > 0 {
				more = true
				return nil // what is left is passed over
			}
			one, err := scan(rows)
			if err != nil {
				return err
			}
			found = append(found, one)
		}
		return rows.Err()
	})
	return found, more, translate(db.pool.SendBatch(ctx, &batch).Close())
}
