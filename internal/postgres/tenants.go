package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// In the first wall a tenant's own row goes by tenants.id.
const (
	selectTenant = `
SELECT id, slug, name, coalesce(namespace, ''), config::text, config_sealed, coalesce(config_key, ''), unknown_names, limits::text, created_at, revision
FROM tenants
WHERE tenants.id = $1`

	insertTenant = `
INSERT INTO tenants (id, slug, namespace, config, config_sealed, config_key, unknown_names, limits, name)
VALUES ($1, $2, nullif($3, ''), $4::json, $5, nullif($6, ''), $7, $8::json, $9)`

	updateTenant = `
UPDATE tenants SET namespace = nullif($2, ''), config = $3::json, config_sealed = $4, config_key = nullif($5, ''), unknown_names = $6, limits = $7::json, name = $8, revision = revision + 1
WHERE tenants.id = $1`
)

// Revisions is every tenant with its revision, which grows with every change to the
// tenant or to its catalogue.
func (db *DB) Revisions(ctx context.Context) (map[signalbox.ID]int64, error) {
	type revision struct {
		Tenant   signalbox.ID
		Revision int64
	}
	found, err := queryAll(ctx, db, pgx.RowToStructByPos[revision], `SELECT id, revision FROM tenant_revisions()`)
	if err != nil {
		return nil, err
	}
	all := make(map[signalbox.ID]int64, len(found))
	for _, r := range found {
		all[r.Tenant] = r.Revision
	}
	return all, nil
}

// Tenants lists tenants by their slugs, and tells whether there are more. It is for
// operators.
func (db *DB) Tenants(ctx context.Context, p signalbox.Page) ([]signalbox.Tenant, bool, error) {
	var found []signalbox.Tenant
	var more bool
	err := db.reading(ctx, signalbox.ID{}, func() error {
		var after *signalbox.ID
		if !p.After.IsZero() {
			after = &p.After
		}
		ids, err := queryAll(ctx, db, pgx.RowTo[signalbox.ID], `SELECT * FROM tenants_by_slug($1, $2)`, after, p.First+1)
		if err != nil {
			return err
		}
		found, err = db.tenants(ctx, ids[:min(len(ids), p.First)])
		more = len(found) < len(ids)
		return err
	})
	return found, more, err
}

// tenants reads each row as its own tenant's, all in one exchange, and up to as many
// as a page may hold in bytes, but one at the least.
func (db *DB) tenants(ctx context.Context, ids []signalbox.ID) ([]signalbox.Tenant, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	found := make([]signalbox.Tenant, 0, len(ids))
	left := maxPageBytes
	var batch pgx.Batch
	for _, id := range ids {
		enterTenant(&batch, id)
		queue(&batch, selectTenant, id).QueryRow(func(row pgx.Row) error {
			r, err := scanTenantRow(row)
			if left -= len(r.config) + len(r.sealed); err != nil || left < 0 && len(found) > 0 {
				return err
			}
			r.Config, err = db.openConfig(&r)
			found = append(found, r.Tenant)
			return err
		})
	}
	return found, translate(db.pool.SendBatch(ctx, &batch).Close())
}

// Tenant is one tenant; NOT_FOUND where there is none of that id.
func (db *DB) Tenant(ctx context.Context, id signalbox.ID) (signalbox.Tenant, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var t signalbox.Tenant
	err := db.readAs(ctx, id, func(tx pgx.Tx) (err error) {
		t, err = db.readTenant(ctx, tx, id, selectTenant)
		return err
	})
	return t, err
}

// TenantID is the id of a tenant; NOT_FOUND where there is none of that slug. It opens
// nothing that is sealed.
func (db *DB) TenantID(ctx context.Context, slug string) (signalbox.ID, error) {
	found, err := queryAll(ctx, db, pgx.RowTo[*signalbox.ID], `SELECT tenant_of_slug($1)`, slug)
	if err != nil {
		return signalbox.ID{}, err
	}
	if len(found) == 0 || found[0] == nil {
		return signalbox.ID{}, signalbox.Errorf(signalbox.CodeNotFound, "there is no tenant %q", slug)
	}
	return *found[0], nil
}

// TenantBySlug is one tenant; NOT_FOUND where there is none of that slug.
func (db *DB) TenantBySlug(ctx context.Context, slug string) (signalbox.Tenant, error) {
	id, err := db.TenantID(ctx, slug)
	if err != nil {
		return signalbox.Tenant{}, err
	}
	return db.Tenant(ctx, id)
}

// CreateTenant makes a tenant, and gives it an id where it has none. A slug or a
// namespace that is taken is INVALID_INPUT.
func (db *DB) CreateTenant(ctx context.Context, actor string, t signalbox.Tenant) (signalbox.Tenant, error) {
	if t.ID.IsZero() {
		t.ID = signalbox.ID(uuid.Must(uuid.NewV7()))
	}
	t.Config, t.UnknownNames = orObject(t.Config), or(t.UnknownNames, signalbox.UnknownReject)
	err := db.writeAs(ctx, t.ID, func(ctx context.Context, tx pgx.Tx) error {
		config, sealed, key, err := db.sealConfig(ctx, tx, t.ID, t.Config)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertTenant, t.ID, t.Slug, t.Namespace, config, sealed, key, t.UnknownNames, t.Limits.String(), t.Name); err != nil {
			return err
		}
		if t, err = db.readTenant(ctx, tx, t.ID, selectTenant); err != nil {
			return err
		}
		return writeAudit(ctx, tx, t.ID, actor, tenantChange(nil, &t))
	})
	return t, taken(err, &t)
}

const hasStarts = `SELECT EXISTS (SELECT FROM dispatches d WHERE d.tenant_id = $1 AND d.namespace = $2)`

// mayMove is nil where a tenant may get another namespace: who got this one later
// would meet the runs that are in it (I3, I7).
func mayMove(ctx context.Context, tx pgx.Tx, before, t *signalbox.Tenant) error {
	if before.Namespace == "" || t.Namespace == before.Namespace {
		return nil
	}
	var started bool
	if err := tx.QueryRow(ctx, scoped(hasStarts), t.ID, before.Namespace).Scan(&started); err != nil || !started {
		return translate(err)
	}
	message := fmt.Sprintf("is %q for good: the tenant has had workflows started there, and another that got the namespace later would meet them", before.Namespace)
	return signalbox.InvalidInput([]signalbox.Violation{{Pointer: "/namespace", Message: message}})
}

// taken says which name of a tenant another has already.
func taken(err error, t *signalbox.Tenant) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23505" { // unique_violation
		return err
	}
	e := &signalbox.Error{
		Code: signalbox.CodeInvalidInput, Path: "/slug", Message: fmt.Sprintf("there is a tenant %q already: choose another slug", t.Slug), Err: err,
	}
	if pg.ConstraintName == "tenants_namespace" {
		e.Path, e.Message = "/namespace", fmt.Sprintf("the namespace %q is another tenant's already: each has one of its own, or shares the server's", t.Namespace)
	}
	e.Violations = []signalbox.Violation{{Pointer: e.Path, Message: "is taken"}}
	return e
}

// ChangeTenant changes a tenant under its lock. What change sets of its id, slug,
// creation or revision is not heeded; its namespace stays once there have been starts.
// change's own error is answered as it is, and nothing is changed then.
func (db *DB) ChangeTenant(ctx context.Context, actor string, tenant signalbox.ID, change func(*signalbox.Tenant) error) (signalbox.Tenant, error) {
	var t signalbox.Tenant
	err := db.writeAs(ctx, tenant, func(ctx context.Context, tx pgx.Tx) error {
		before, err := db.readTenant(ctx, tx, tenant, selectTenant+` FOR UPDATE`)
		if err != nil {
			return err
		}
		t = before
		if err := change(&t); err != nil {
			return planError{err}
		}
		t.ID, t.Slug = before.ID, before.Slug
		if err := mayMove(ctx, tx, &before, &t); err != nil {
			return planError{err}
		}
		t.Config, t.UnknownNames = orObject(t.Config), or(t.UnknownNames, signalbox.UnknownReject)
		entry := tenantChange(&before, &t)
		if entry == nil {
			t = before
			return nil
		}
		config, sealed, key, err := db.sealConfig(ctx, tx, tenant, t.Config)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, scoped(updateTenant), tenant, t.Namespace, config, sealed, key, t.UnknownNames, t.Limits.String(), t.Name); err != nil {
			return err
		}
		if t, err = db.readTenant(ctx, tx, tenant, selectTenant); err != nil {
			return err
		}
		return writeAudit(ctx, tx, tenant, actor, entry)
	})
	return t, taken(err, &t)
}

// readAs runs reads in one transaction, of one moment, on a tenant's rows.
func (db *DB) readAs(ctx context.Context, tenant signalbox.ID, read func(tx pgx.Tx) error) error {
	return translate(pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, setTenant, tenant.String()); err != nil {
			return err
		}
		return read(tx)
	}))
}

// writeAs runs writes in one transaction on a tenant's rows, within the operation
// timeout. A planError is answered as what it holds.
func (db *DB) writeAs(ctx context.Context, tenant signalbox.ID, write func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, setTenant, tenant.String()); err != nil {
			return err
		}
		return write(ctx, tx)
	})
	var planned planError
	if errors.As(err, &planned) {
		return planned.err
	}
	return translate(err)
}

// tenantRow is a row as it is stored.
type tenantRow struct {
	signalbox.Tenant
	config string
	sealed []byte
	key    string
}

func scanTenantRow(row pgx.Row) (tenantRow, error) {
	var r tenantRow
	var limits string
	var at time.Time
	if err := row.Scan(&r.ID, &r.Slug, &r.Name, &r.Namespace, &r.config, &r.sealed, &r.key, &r.UnknownNames, &limits, &at, &r.Revision); err != nil {
		return r, err
	}
	r.CreatedAt = at.UTC()
	if err := json.Unmarshal([]byte(limits), &r.Limits); err != nil {
		return r, fmt.Errorf("read the limits of tenant %s: %w", r.Slug, err)
	}
	return r, nil
}

func readTenantRow(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, sql string) (tenantRow, error) {
	r, err := scanTenantRow(tx.QueryRow(ctx, scoped(sql), tenant))
	if errors.Is(err, pgx.ErrNoRows) {
		err = noTenant(tenant)
	}
	return r, err
}

func noTenant(id signalbox.ID) error {
	return signalbox.Errorf(signalbox.CodeNotFound, "there is no tenant with the id %s", id)
}

// readTenant reads and opens the tenant that sql chooses by its id.
func (db *DB) readTenant(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, sql string) (signalbox.Tenant, error) {
	r, err := readTenantRow(ctx, tx, tenant, sql)
	if err != nil {
		return signalbox.Tenant{}, err
	}
	r.Config, err = db.openConfig(&r)
	return r.Tenant, err
}

func orObject(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("{}")
	}
	return raw
}
