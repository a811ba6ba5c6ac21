package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// DueLanes lists the lanes, of all tenants, that have work for the relay now.
func (db *DB) DueLanes(ctx context.Context) ([]signalbox.Lane, error) {
	return queryAll(ctx, db, pgx.RowToStructByPos[signalbox.Lane], `SELECT tenant_id, namespace FROM due_lanes()`)
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
	enterTenant(&batch, lane.Tenant)
	batch.Queue(relaxDurability)
	queue(&batch, sql, lane.Tenant, lane.Namespace, n, lease).Query(func(rows pgx.Rows) error {
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

// CountPending counts the dispatches still to be started, by tenant, each up to most.
// A tenant without any is not among them.
func (db *DB) CountPending(ctx context.Context, most int) (map[signalbox.ID]int, error) {
	type count struct {
		Tenant signalbox.ID
		N      int
	}
	counts, err := queryAll(ctx, db, pgx.RowToStructByPos[count], `SELECT tenant_id, n FROM pending_starts($1)`, most)
	if err != nil {
		return nil, err
	}
	by := make(map[signalbox.ID]int, len(counts))
	for _, c := range counts {
		by[c.Tenant] = c.N
	}
	return by, nil
}
