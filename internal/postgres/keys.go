package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

type keyUse struct {
	event       signalbox.ID
	fingerprint [32]byte
}

func scanKeyUse(row pgx.CollectableRow) (keyUse, error) {
	var u keyUse
	var fingerprint []byte
	err := row.Scan(&u.event, &fingerprint)
	copy(u.fingerprint[:], fingerprint)
	return u, err
}

// Keyed finds the event that an idempotency key of a tenant belongs to, and the
// fingerprint of what was sent with it. The id is zero where the key has not been used.
func (db *DB) Keyed(ctx context.Context, tenant signalbox.ID, key string) (signalbox.ID, [32]byte, error) {
	found, err := query(ctx, db, scanKeyUse, `SELECT event_id, fingerprint FROM idempotency_keys WHERE tenant_id = $1 AND key = $2`, tenant, key)
	if err != nil || len(found) == 0 {
		return signalbox.ID{}, [32]byte{}, err
	}
	return found[0].event, found[0].fingerprint, nil
}
