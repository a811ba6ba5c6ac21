package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// DueLanes lists the lanes that have work for the relay now. It walks the index
// from lane to lane, so that its cost is the number of lanes and not of rows.
func (db *DB) DueLanes(ctx context.Context) ([]signalbox.Lane, error) {
	const sql = `
WITH RECURSIVE lanes AS (
    (SELECT tenant_id, namespace FROM dispatches WHERE status = 'PENDING' ORDER BY tenant_id, namespace LIMIT 1)
    UNION ALL
    SELECT next.tenant_id, next.namespace
    FROM lanes l
    CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.namespace
        FROM dispatches d
        WHERE d.status = 'PENDING' AND (d.tenant_id, d.namespace) > (l.tenant_id, l.namespace)
        ORDER BY d.tenant_id, d.namespace
        LIMIT 1
    ) next
)
SELECT l.tenant_id, l.namespace
FROM lanes l
WHERE EXISTS (
    SELECT FROM dispatches d
    WHERE d.status = 'PENDING' AND d.tenant_id = l.tenant_id AND d.namespace = l.namespace AND d.due_at <= now()
)`
	return query(ctx, db, pgx.RowToStructByPos[signalbox.Lane], sql)
}

// Claim takes up to n due dispatches of a lane, oldest due first, for the length
// of a lease by the database's clock, and hands each a new fencing token. Replicas
// that claim at once get different ones.
func (db *DB) Claim(ctx context.Context, lane signalbox.Lane, n int, lease time.Duration) ([]signalbox.StoredEvent, error) {
	const sql = `
WITH due AS (
    SELECT tenant_id, id
    FROM dispatches
    WHERE tenant_id = $1 AND namespace = $2 AND status = 'PENDING' AND due_at <= now()
    ORDER BY due_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE dispatches d SET attempts = d.attempts + 1, due_at = now() + $4
    FROM due
    WHERE d.tenant_id = due.tenant_id AND d.id = due.id
    RETURNING d.*
)
SELECT ` + eventColumnList + `, ` + dispatchColumnList + `
FROM claimed d JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id`

	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var claimed []signalbox.StoredEvent
	var batch pgx.Batch
	batch.Queue(relaxDurability)
	batch.Queue(sql, lane.Tenant, lane.Namespace, n, lease).Query(func(rows pgx.Rows) error {
		var err error
		claimed, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (signalbox.StoredEvent, error) {
			var e eventRow
			var d dispatchRow
			if err := row.Scan(append(e.targets(), d.targets()...)...); err != nil {
				return signalbox.StoredEvent{}, err
			}
			event, err := e.event()
			if err != nil {
				return signalbox.StoredEvent{}, err
			}
			dispatch, err := d.dispatch()
			return signalbox.StoredEvent{Event: event, Dispatches: []signalbox.Dispatch{dispatch}}, err
		})
		return err
	})
	if err := db.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, translate(err)
	}
	return claimed, nil
}

// CountPending counts the dispatches still to be started, over all tenants, up to
// most. It goes by the index of what is PENDING: a planner that has not heard of a
// drained backlog would read whole partitions to count nothing.
func (db *DB) CountPending(ctx context.Context, most int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var n int
	var batch pgx.Batch
	batch.Queue(`SELECT set_config('enable_seqscan', 'off', true)`)
	batch.Queue(`SELECT count(*) FROM (SELECT FROM dispatches WHERE status = 'PENDING' LIMIT $1) p`, most).QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
	return n, translate(db.pool.SendBatch(ctx, &batch).Close())
}
