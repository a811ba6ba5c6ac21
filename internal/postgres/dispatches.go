package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

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

const dispatchFilter = `
    d.tenant_id = $1
    AND (cardinality($2::text[]) = 0 OR d.status = ANY($2))
    AND ($3 = '' OR d.rule = $3)
    AND ($4 = '' OR d.namespace = $4)
    AND ($5::uuid IS NULL OR (d.event_id = $5 AND d.id >= $6 AND d.id < $7))`

func filterArgs(tenant signalbox.ID, f signalbox.DispatchFilter) []any {
	from, to := sameMillisecond(f.EventID)
	return []any{tenant, textsOf(f.Statuses), f.Rule, f.Namespace, nonZeroID(f.EventID), from, to}
}

// Dispatches lists a tenant's dispatches, newest first, and tells whether there
// are more.
func (db *DB) Dispatches(ctx context.Context, tenant signalbox.ID, f signalbox.DispatchFilter, page signalbox.Page) ([]signalbox.Dispatch, bool, error) {
	const sql = `
SELECT ` + dispatchColumnList + `
FROM dispatches d
WHERE` + dispatchFilter + `
    AND ($8::uuid IS NULL OR d.id < $8)
ORDER BY d.id DESC
LIMIT $9`
	found, err := query(ctx, db, scanDispatch, sql, append(filterArgs(tenant, f), nonZeroID(page.After), page.First+1)...)
	if err != nil {
		return nil, false, err
	}
	if len(found) > page.First {
		return found[:page.First], true, nil
	}
	return found, false, nil
}

// Redrive makes a FAILED dispatch PENDING again, due at once, and answers it as it
// then is. One that is not FAILED is answered as it is.
func (db *DB) Redrive(ctx context.Context, tenant, id signalbox.ID) (*signalbox.Dispatch, error) {
	if _, err := db.redrive(ctx, `SELECT d.tenant_id, d.id FROM dispatches d WHERE d.tenant_id = $1 AND d.id = $2 AND d.status = 'FAILED' FOR UPDATE`, tenant, id); err != nil {
		return nil, err
	}
	found, err := query(ctx, db, scanDispatch, `SELECT `+dispatchColumnList+` FROM dispatches d WHERE d.tenant_id = $1 AND d.id = $2`, tenant, id)
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
	f.Statuses = []signalbox.DispatchStatus{signalbox.StatusFailed}
	return db.redrive(ctx, `SELECT d.tenant_id, d.id FROM dispatches d WHERE`+dispatchFilter+` AND d.status = 'FAILED' ORDER BY d.id LIMIT $8 FOR UPDATE`,
		append(filterArgs(tenant, f), maxRedrive)...)
}

func (db *DB) redrive(ctx context.Context, choose string, args ...any) (int, error) {
	sql := `
WITH chosen AS (` + choose + `)
UPDATE dispatches d SET status = 'PENDING', due_at = now(), settled_at = NULL
FROM chosen c
WHERE d.tenant_id = c.tenant_id AND d.id = c.id`
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	tag, err := db.pool.Exec(ctx, sql, args...)
	return int(tag.RowsAffected()), translate(err)
}

// dispatchesOf gives the dispatches of events, each list by rule name. A
// dispatch's id carries its event's millisecond, so this reads a short range of
// the primary key for each event and needs no index of its own.
func (db *DB) dispatchesOf(ctx context.Context, tenant signalbox.ID, events []signalbox.ID) (map[signalbox.ID][]signalbox.Dispatch, error) {
	const sql = `
SELECT ` + dispatchColumnList + `
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS w(event_id, first, next)
CROSS JOIN LATERAL (
    SELECT * FROM dispatches d
    WHERE d.tenant_id = $1 AND d.id >= w.first AND d.id < w.next AND d.event_id = w.event_id
) d
ORDER BY d.rule`
	ids, first, next := make([][16]byte, len(events)), make([][16]byte, len(events)), make([][16]byte, len(events))
	for i, id := range events {
		ids[i] = id
		first[i], next[i] = sameMillisecond(id)
	}
	found, err := query(ctx, db, scanDispatch, sql, tenant, ids, first, next)
	if err != nil {
		return nil, err
	}
	of := make(map[signalbox.ID][]signalbox.Dispatch, len(events))
	for _, d := range found {
		of[d.EventID] = append(of[d.EventID], d)
	}
	return of, nil
}
