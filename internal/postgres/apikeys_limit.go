package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// Who makes a key waits for whoever makes another of the tenant's, and for edits of
	// the tenant. Rows that refer to the tenant do not wait for it.
	lockTenantLimits = `SELECT limits::text FROM tenants WHERE tenants.id = $1 FOR NO KEY UPDATE`

	countKeys = `
SELECT count(*)
FROM (SELECT FROM api_keys k WHERE k.tenant_id = $1 AND ` + validKey + `coalesce($2, now()) LIMIT $3) valid`
)

// lockKeys lets nobody else make keys of the tenant's until the transaction ends, and
// answers how many that let somebody in there may be. Of the tenant it reads nothing
// that is sealed. It comes before any key's lock.
func lockKeys(ctx context.Context, tx pgx.Tx, tenant signalbox.ID) (*signalbox.LimitReached, error) {
	var text string
	err := tx.QueryRow(ctx, scoped(lockTenantLimits), tenant).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, noTenant(tenant)
	}
	if err != nil {
		return nil, err
	}
	var limits signalbox.Limits
	if err := json.Unmarshal([]byte(text), &limits); err != nil {
		return nil, fmt.Errorf("read the limits of tenant %s: %w", tenant, err)
	}
	if limits.Keys > 0 {
		return &signalbox.LimitReached{Name: "keys", Value: float64(limits.Keys), Scope: signalbox.ScopeTenant}, nil
	}
	return &signalbox.LimitReached{Name: "keys", Value: signalbox.DefaultKeys, Scope: signalbox.ScopeServer}, nil
}

// roomForKey refuses one more key where the limit is reached at that time; zero is the
// database's own. The time is that of the key which is made, by the clock that lets it
// in, so that a key which a rotation ends then does not count.
func roomForKey(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, limit *signalbox.LimitReached, at time.Time) error {
	var n float64
	if err := tx.QueryRow(ctx, scoped(countKeys), tenant, nonZero(at), int64(limit.Value)).Scan(&n); err != nil {
		return err
	}
	if n < limit.Value {
		return nil
	}
	return &signalbox.Error{
		Code: signalbox.CodeInvalidInput, Limit: limit,
		Message: fmt.Sprintf("the tenant has reached its limit of keys that let somebody in, which is %.0f: revoke one that nobody needs, rotate one without an overlap, or have an operator raise the limit", limit.Value),
	}
}
