package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Sealer keeps secrets at rest. What is sealed with one additional text opens with
// the same text only.
type Sealer interface {
	// Seal answers the id of the key that it used.
	Seal(plain []byte, additional string) (keyID string, sealed []byte)
	Open(keyID string, sealed []byte, additional string) ([]byte, error)
	// Current is the id of the key that Seal uses, and Has tells whether Open knows one.
	Current() string
	Has(keyID string) bool
}

// configOf binds a sealed config to its row: in another it does not open.
func configOf(tenant signalbox.ID) string { return "tenants/" + tenant.String() + "/config" }

// sealConfig is what is stored of a config: sealed where there is a key, else in the
// clear. A process without a key adds nothing in the clear to a database whose
// secrets are sealed.
func (db *DB) sealConfig(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, config json.RawMessage) (clear string, sealed []byte, key string, err error) {
	if db.secrets != nil {
		key, sealed = db.secrets.Seal(config, configOf(tenant))
		return "{}", sealed, key, nil
	}
	if string(config) != "{}" {
		var with *string
		if err := tx.QueryRow(ctx, `SELECT min(k) FROM sealed_with() k`).Scan(&with); err != nil {
			return "", nil, "", err
		}
		if with != nil {
			return "", nil, "", missingKey(*with)
		}
	}
	return string(config), nil, "", nil
}

func (db *DB) openConfig(r *tenantRow) (json.RawMessage, error) {
	if r.key == "" {
		return json.RawMessage(r.config), nil
	}
	if db.secrets == nil {
		return nil, missingKey(r.key)
	}
	config, err := db.secrets.Open(r.key, r.sealed, configOf(r.ID))
	if err != nil {
		return nil, &signalbox.Error{Code: signalbox.CodeConfiguration, Message: fmt.Sprintf("the config of tenant %s does not open: %v", r.Slug, err)}
	}
	return config, nil
}

func missingKey(id string) error {
	return signalbox.Errorf(signalbox.CodeConfiguration,
		"secrets in the database are sealed with the key %q, which this process does not have: add it to --secret-keys (SIGNALBOX_SECRET_KEYS)", id)
}

// CheckSecrets is an error, in words for the operator, where something is sealed with
// a key that is not there, or does not open.
func (db *DB) CheckSecrets(ctx context.Context) error {
	keys, err := queryAll(ctx, db, pgx.RowTo[string], `SELECT * FROM sealed_with()`)
	if err != nil {
		return err
	}
	slices.Sort(keys)
	for _, key := range keys {
		if db.secrets == nil || !db.secrets.Has(key) {
			return missingKey(key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	tenants, err := db.Revisions(ctx)
	if err != nil {
		return err
	}
	for tenant := range tenants {
		if _, err := db.Tenant(ctx, tenant); err != nil {
			return err // a key of that id may be another key
		}
	}
	return nil
}

// RotateSecrets seals whatever is kept in the clear or under an older key with the
// current one, tenant by tenant, and answers how many it sealed anew. It may run
// under traffic, and again where it was cut off: what tenants see does not change, and
// replicas that have both keys read either.
func (db *DB) RotateSecrets(ctx context.Context, actor string) (int, error) {
	if db.secrets == nil {
		return 0, signalbox.Errorf(signalbox.CodeConfiguration, "there is no key to seal with: name one in --secret-keys (SIGNALBOX_SECRET_KEYS); signalbox secrets keygen makes one")
	}
	tenants, err := db.Revisions(ctx)
	if err != nil {
		return 0, err
	}
	rotated := 0
	for tenant := range tenants {
		did, err := db.rotateTenant(ctx, actor, tenant)
		if err != nil {
			return rotated, err
		}
		if did {
			rotated++
		}
	}
	return rotated, nil
}

const reseal = `UPDATE tenants SET config = $2::json, config_sealed = $3, config_key = $4 WHERE tenants.id = $1`

func (db *DB) rotateTenant(ctx context.Context, actor string, tenant signalbox.ID) (rotated bool, err error) {
	err = db.writeAs(ctx, tenant, func(ctx context.Context, tx pgx.Tx) error {
		r, err := readTenantRow(ctx, tx, tenant, selectTenant+` FOR UPDATE`)
		if err != nil || r.key == db.secrets.Current() {
			return err
		}
		config, err := db.openConfig(&r)
		if err != nil {
			return err
		}
		clear, sealed, key, err := db.sealConfig(ctx, tx, tenant, config)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, scoped(reseal), tenant, clear, sealed, key); err != nil {
			return err
		}
		rotated = true
		return writeAudit(ctx, tx, tenant, actor, &auditChange{
			action: signalbox.AuditRotated, kind: signalbox.AuditTenant, name: r.Slug,
			before: map[string]any{"secretKey": nonEmpty(r.key)}, after: map[string]any{"secretKey": key},
		})
	})
	return rotated, err
}
