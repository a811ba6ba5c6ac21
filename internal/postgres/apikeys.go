package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	keyColumnList = `k.tenant_id, k.id, k.name, k.hash, k.permissions, k.limits::text, k.created_by, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.replaced_by`

	selectKey = `SELECT ` + keyColumnList + ` FROM api_keys k WHERE k.tenant_id = $1 AND k.id = $2`

	// validKey is a key that lets somebody in at the time that comes after it. The index
	// api_keys_valid has it in these words.
	validKey = `k.revoked_at IS NULL AND coalesce(k.expires_at, 'infinity') > `

	insertKey = `
INSERT INTO api_keys (tenant_id, id, name, hash, permissions, limits, created_by, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6::json, $7, $8, coalesce($9, now()))`

	// What a key is and may do never changes: a rotation makes another.
	updateKey = `
UPDATE api_keys SET name = $3, expires_at = $4, revoked_at = $5, replaced_by = $6
WHERE api_keys.tenant_id = $1 AND api_keys.id = $2`

	touchKeys = `
UPDATE api_keys k SET last_used_at = u.at
FROM unnest($2::uuid[], $3::timestamptz[]) AS u(id, at)
WHERE k.tenant_id = $1 AND k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)`
)

// CreateKey stores a key, in the name of whoever made it. It is INVALID_INPUT, naming
// the limit, where the tenant has as many keys that let somebody in as it may.
func (db *DB) CreateKey(ctx context.Context, k signalbox.APIKey) error {
	return db.writeAs(ctx, k.Tenant, func(ctx context.Context, tx pgx.Tx) error {
		limit, err := lockKeys(ctx, tx, k.Tenant)
		if err != nil {
			return err
		}
		if err := roomForKey(ctx, tx, k.Tenant, limit, k.CreatedAt); err != nil {
			return err
		}
		return createKey(ctx, tx, k.CreatedBy, &k, signalbox.AuditCreated)
	})
}

func createKey(ctx context.Context, tx pgx.Tx, actor string, k *signalbox.APIKey, action signalbox.AuditAction) error {
	if _, err := tx.Exec(ctx, insertKey, k.Tenant, k.ID, k.Name, k.Hash[:], k.Permissions.Strings(), k.Limits.String(), k.CreatedBy, nonZero(k.ExpiresAt), nonZero(k.CreatedAt)); err != nil {
		return err
	}
	return writeAudit(ctx, tx, k.Tenant, actor, &auditChange{action: action, kind: signalbox.AuditKey, name: k.ID.String(), after: keyAuditOf(k)})
}

// Keys lists a tenant's keys, newest first, and tells whether there are more.
func (db *DB) Keys(ctx context.Context, tenant signalbox.ID, f signalbox.KeyFilter, p signalbox.Page) ([]signalbox.APIKey, bool, error) {
	w := whereTenant("k.tenant_id", tenant)
	switch {
	case f.Valid == nil:
	case *f.Valid:
		w.plain(validKey + "now()")
	default:
		w.plain("NOT (" + validKey + "now())")
	}
	if !p.After.IsZero() {
		w.and("k.id < $%d", p.After)
	}
	sql := `SELECT ` + keyColumnList + ` FROM api_keys k` + w.sql() + ` ORDER BY k.id DESC`
	var found []signalbox.APIKey
	var more bool
	err := db.reading(ctx, tenant, func() (err error) {
		found, more, err = page(ctx, db, scanAPIKey, sql, w, p.First)
		return err
	})
	return found, more, err
}

// KeyByID finds a key by its id alone, whoever's it is. It is how a caller's tenant
// becomes known; nothing else may use it.
func (db *DB) KeyByID(ctx context.Context, id signalbox.ID) (signalbox.APIKey, error) {
	tenants, err := queryAll(ctx, db, pgx.RowTo[*signalbox.ID], `SELECT tenant_of_key($1)`, id)
	if err != nil {
		return signalbox.APIKey{}, err
	}
	if len(tenants) == 0 || tenants[0] == nil {
		return signalbox.APIKey{}, noKey(id)
	}
	return db.Key(ctx, *tenants[0], id)
}

// Key is one of a tenant's keys; NOT_FOUND where it has none of that id.
func (db *DB) Key(ctx context.Context, tenant, id signalbox.ID) (signalbox.APIKey, error) {
	found, err := query(ctx, db, scanAPIKey, selectKey, tenant, id)
	if err != nil {
		return signalbox.APIKey{}, err
	}
	if len(found) == 0 {
		return signalbox.APIKey{}, noKey(id)
	}
	return found[0], nil
}

func noKey(id signalbox.ID) error {
	return signalbox.Errorf(signalbox.CodeNotFound, "there is no key with the id %s", id)
}

// ChangeKey changes a key's name, expiry, revocation or successor under a lock, and
// says in the audit log that action was done. change's own error is answered as it
// is. Where change leaves the key as it was, nothing is written.
func (db *DB) ChangeKey(ctx context.Context, actor string, tenant, id signalbox.ID, action signalbox.AuditAction, change func(*signalbox.APIKey) error) (signalbox.APIKey, error) {
	var k signalbox.APIKey
	err := db.writeAs(ctx, tenant, func(ctx context.Context, tx pgx.Tx) error {
		before, err := lockKey(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		k = before
		if err := change(&k); err != nil {
			return planError{err}
		}
		return changeKey(ctx, tx, actor, action, &before, &k)
	})
	return k, err
}

// RotateKey has rotate change a key and make its successor, and stores both, or
// neither. It answers the successor. Where the old key goes on for a while there are
// more keys than before, and the limit holds as it does for CreateKey.
func (db *DB) RotateKey(ctx context.Context, actor string, tenant, id signalbox.ID, rotate func(old *signalbox.APIKey) (signalbox.APIKey, error)) (signalbox.APIKey, error) {
	var next signalbox.APIKey
	err := db.writeAs(ctx, tenant, func(ctx context.Context, tx pgx.Tx) error {
		limit, err := lockKeys(ctx, tx, tenant)
		if err != nil {
			return err
		}
		before, err := lockKey(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		old := before
		if next, err = rotate(&old); err != nil {
			return planError{err}
		}
		next.Tenant = tenant
		if old.Valid(next.CreatedAt) {
			if err := roomForKey(ctx, tx, tenant, limit, next.CreatedAt); err != nil {
				return err
			}
		}
		if err := createKey(ctx, tx, actor, &next, signalbox.AuditCreated); err != nil {
			return err
		}
		return changeKey(ctx, tx, actor, signalbox.AuditRotated, &before, &old)
	})
	return next, err
}

func lockKey(ctx context.Context, tx pgx.Tx, tenant, id signalbox.ID) (signalbox.APIKey, error) {
	rows, err := tx.Query(ctx, scoped(selectKey)+` FOR UPDATE`, tenant, id)
	if err != nil {
		return signalbox.APIKey{}, err
	}
	found, err := pgx.CollectRows(rows, scanAPIKey)
	if err != nil {
		return signalbox.APIKey{}, err
	}
	if len(found) == 0 {
		return signalbox.APIKey{}, noKey(id)
	}
	return found[0], nil
}

func changeKey(ctx context.Context, tx pgx.Tx, actor string, action signalbox.AuditAction, before, k *signalbox.APIKey) error {
	if k.Name == before.Name && k.ExpiresAt.Equal(before.ExpiresAt) && k.RevokedAt.Equal(before.RevokedAt) && k.ReplacedBy == before.ReplacedBy {
		return nil
	}
	var successor *signalbox.ID
	if !k.ReplacedBy.IsZero() {
		successor = &k.ReplacedBy
	}
	if _, err := tx.Exec(ctx, scoped(updateKey), before.Tenant, before.ID, k.Name, nonZero(k.ExpiresAt), nonZero(k.RevokedAt), successor); err != nil {
		return err
	}
	return writeAudit(ctx, tx, before.Tenant, actor, &auditChange{
		action: action, kind: signalbox.AuditKey, name: before.ID.String(), before: keyAuditOf(before), after: keyAuditOf(k),
	})
}

// TouchKeys takes down when keys were last used, where that is later than what is
// known. Of keys that are gone nothing is said.
func (db *DB) TouchKeys(ctx context.Context, used map[signalbox.ID]time.Time) error {
	ids := make([][16]byte, 0, len(used))
	for id := range used {
		ids = append(ids, id)
	}
	type owner struct{ Key, Tenant signalbox.ID }
	owners, err := queryAll(ctx, db, pgx.RowToStructByPos[owner],
		`SELECT w.id, t.tenant FROM unnest($1::uuid[]) AS w(id) CROSS JOIN LATERAL tenant_of_key(w.id) AS t(tenant) WHERE t.tenant IS NOT NULL ORDER BY t.tenant, w.id`, ids)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var batch pgx.Batch
	batch.Queue(relaxDurability)
	for tenant, keys := range runs(owners, func(o *owner) signalbox.ID { return o.Tenant }) {
		own, at := make([][16]byte, len(keys)), make([]time.Time, len(keys))
		for i, k := range keys {
			own[i], at[i] = k.Key, used[k.Key]
		}
		enterTenant(&batch, tenant)
		queue(&batch, touchKeys, tenant, own, at)
	}
	return translate(db.pool.SendBatch(ctx, &batch).Close())
}

func scanAPIKey(row pgx.CollectableRow) (signalbox.APIKey, error) {
	var k signalbox.APIKey
	var hash []byte
	var permissions []string
	var limits string
	var created time.Time
	var expires, revoked, used *time.Time
	var successor *signalbox.ID
	err := row.Scan(&k.Tenant, &k.ID, &k.Name, &hash, &permissions, &limits, &k.CreatedBy, &created, &expires, &revoked, &used, &successor)
	if err != nil {
		return k, err
	}
	copy(k.Hash[:], hash)
	k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt = created.UTC(), inUTC(expires), inUTC(revoked), inUTC(used)
	k.ReplacedBy = orZero(successor)
	if k.Permissions, err = signalbox.ParsePermissions(permissions); err != nil {
		return k, fmt.Errorf("read key %s: %w", k.ID, err)
	}
	if err := json.Unmarshal([]byte(limits), &k.Limits); err != nil {
		return k, fmt.Errorf("read the limits of key %s: %w", k.ID, err)
	}
	return k, nil
}

func nonZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func inUTC(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// keyAudit is what the log tells of a key: neither its secret nor its hash.
type keyAudit struct {
	Name        string                `json:"name,omitempty"`
	Permissions signalbox.Permissions `json:"permissions"`
	Limits      signalbox.Limits      `json:"limits"`
	ExpiresAt   *time.Time            `json:"expiresAt,omitempty"`
	RevokedAt   *time.Time            `json:"revokedAt,omitempty"`
	ReplacedBy  *signalbox.ID         `json:"replacedBy,omitempty"`
}

func keyAuditOf(k *signalbox.APIKey) *keyAudit {
	a := &keyAudit{Name: k.Name, Permissions: k.Permissions, Limits: k.Limits, ExpiresAt: nonZero(k.ExpiresAt), RevokedAt: nonZero(k.RevokedAt)}
	if !k.ReplacedBy.IsZero() {
		a.ReplacedBy = &k.ReplacedBy
	}
	return a
}
