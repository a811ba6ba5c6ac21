package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// maxRedrive bounds one redrive, and so the time for which it holds row locks.
const maxRedrive = 10_000

func scanDispatch(row pgx.CollectableRow) (signalbox.Dispatch, error) {
	var d dispatchRow
	if err := row.Scan(d.targets()...); err != nil {
		return signalbox.Dispatch{}, err
	}
	return d.dispatch()
}

func whereDispatches(tenant signalbox.ID, f signalbox.DispatchFilter) *where {
	w := whereTenant("d.tenant_id", tenant)
	// In words, so that the partial index of these applies.
	if len(f.Statuses) == 1 && f.Statuses[0] == signalbox.StatusFailed {
		w.plain("d.status = 'FAILED'")
	} else if len(f.Statuses) == 1 && f.Statuses[0] == signalbox.StatusPending {
		w.plain("d.status = 'PENDING'")
	} else if len(f.Statuses) > 0 {
		w.and("d.status = ANY($%d)", textsOf(f.Statuses))
	}
	if f.Rule != "" {
		w.and("d.rule = $%d", f.Rule)
	}
	if f.Namespace != "" {
		w.and("d.namespace = $%d", f.Namespace)
	}
	if !f.EventID.IsZero() {
		first, next := sameMillisecond(f.EventID)
		w.and("d.event_id = $%d", f.EventID)
		w.and("d.id >= $%d", first)
		w.and("d.id < $%d", next)
	}
	return w
}

// Dispatches lists a tenant's dispatches, newest first, and tells whether there
// are more.
func (db *DB) Dispatches(ctx context.Context, tenant signalbox.ID, f signalbox.DispatchFilter, p signalbox.Page) ([]signalbox.Dispatch, bool, error) {
	w := whereDispatches(tenant, f)
	if !p.After.IsZero() {
		w.and("d.id < $%d", p.After)
	}
	sql := "SELECT " + listedDispatch + " FROM dispatches d" + w.sql() + " ORDER BY d.id DESC"
	var found []signalbox.Dispatch
	var more bool
	err := db.reading(ctx, tenant, func() (err error) {
		found, more, err = page(ctx, db, scanDispatch, sql, w, p.First)
		return err
	})
	return found, more, err
}

// Redrive makes a FAILED dispatch PENDING again, due at once, and answers it as it
// then is. One that is not FAILED is answered as it is.
func (db *DB) Redrive(ctx context.Context, tenant, id signalbox.ID) (*signalbox.Dispatch, error) {
	w := whereTenant("d.tenant_id", tenant)
	w.and("d.id = $%d", id)
	if _, err := db.redrive(ctx, w); err != nil {
		return nil, err
	}
	found, err := query(ctx, db, scanDispatch, "SELECT "+dispatchColumnList+" FROM dispatches d"+w.sql(), tenant, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "there is no dispatch with the id %s", id)
	}
	return &found[0], nil
}

// RedriveAll does the same for the FAILED dispatches that the filter chooses,
// oldest first and at most 10,000 of them, and answers how many.
func (db *DB) RedriveAll(ctx context.Context, tenant signalbox.ID, f signalbox.DispatchFilter) (int, error) {
	f.Statuses = nil
	return db.redrive(ctx, whereDispatches(tenant, f))
}

func (db *DB) redrive(ctx context.Context, w *where) (int, error) {
	chosen := *w
	limit := chosen.arg(maxRedrive)
	sql := `
WITH chosen AS (
    SELECT d.tenant_id, d.id FROM dispatches d` + chosen.sql() + ` AND d.status = 'FAILED'
    ORDER BY d.id LIMIT ` + limit + ` FOR UPDATE
)
UPDATE dispatches d SET
    status = 'PENDING',
    attempts = d.attempts + 1, -- fences the mark of the attempt that failed, should it come twice
    due_at = now(),
    error_code = NULL,
    error_message = NULL,
    settled_at = NULL
FROM chosen c
WHERE d.tenant_id = c.tenant_id AND d.id = c.id`
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var redriven int64
	var batch pgx.Batch
	enterTenant(&batch, chosen.tenant)
	queue(&batch, sql, chosen.tenant, chosen.args[1:]...).Exec(func(tag pgconn.CommandTag) error {
		redriven = tag.RowsAffected()
		return nil
	})
	return int(redriven), translate(db.pool.SendBatch(ctx, &batch).Close())
}

// dispatchesOf gives the dispatches of events, each list by rule name.
func (db *DB) dispatchesOf(ctx context.Context, tenant signalbox.ID, events []signalbox.ID) (map[signalbox.ID][]signalbox.Dispatch, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var found []signalbox.Dispatch
	var batch pgx.Batch
	enterTenant(&batch, tenant)
	queueDispatchesOf(&batch, tenant, listedDispatch, events, &found)
	if err := db.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, translate(err)
	}
	return byEvent(found), nil
}

func byEvent(dispatches []signalbox.Dispatch) map[signalbox.ID][]signalbox.Dispatch {
	of := make(map[signalbox.ID][]signalbox.Dispatch)
	for _, d := range dispatches {
		of[d.EventID] = append(of[d.EventID], d)
	}
	return of
}

// queueDispatchesOf adds the statement that finds the dispatches of events, by rule
// name. A dispatch's id carries its event's millisecond, so this reads a short range of
// the primary key for each event and needs no index of its own.
func queueDispatchesOf(batch *pgx.Batch, tenant signalbox.ID, columns string, events []signalbox.ID, found *[]signalbox.Dispatch) {
	sql := `
SELECT ` + columns + `
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS w(event_id, first, next)
CROSS JOIN LATERAL (
    SELECT * FROM dispatches d
    WHERE d.tenant_id = $1 AND d.id >= w.first AND d.id < w.next AND d.event_id = w.event_id
) d
ORDER BY d.rule`
	first, next := make([][16]byte, len(events)), make([][16]byte, len(events))
	for i, id := range events {
		first[i], next[i] = sameMillisecond(id)
	}
	queue(batch, sql, tenant, bytesOf(events), first, next).Query(collect(found, scanDispatch))
}

// bytesOf is ids as the driver takes an array of them.
func bytesOf(ids []signalbox.ID) [][16]byte {
	all := make([][16]byte, len(ids))
	for i, id := range ids {
		all[i] = id
	}
	return all
}
