package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// auditChange is an entry on its way. before and after are encoded as JSON objects;
// nil is none.
type auditChange struct {
	action        signalbox.AuditAction
	kind          signalbox.AuditKind
	name          string
	before, after any
}

const insertAudit = `
INSERT INTO audit_log (tenant_id, id, actor, action, kind, name, before, after)
SELECT $1, a.id, $2, a.action, a.kind, a.name, a.before::json, a.after::json
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS a(id, action, kind, name, before, after)`

// writeAudit writes entries in the transaction of what they tell of.
func writeAudit(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, actor string, changes ...*auditChange) error {
	n := len(changes)
	var (
		ids           = make([][16]byte, n)
		actions       = make([]string, n)
		kinds, names  = make([]string, n), make([]string, n)
		before, after = make([]*string, n), make([]*string, n)
	)
	for i, c := range changes {
		ids[i] = [16]byte(uuid.Must(uuid.NewV7()))
		actions[i], kinds[i], names[i] = string(c.action), string(c.kind), c.name
		before[i], after[i] = auditText(c.before), auditText(c.after)
	}
	_, err := tx.Exec(ctx, insertAudit, tenant, actor, ids, actions, kinds, names, before, after)
	return err
}

func auditText(v any) *string {
	if v == nil {
		return nil
	}
	return jsonText(mustJSON(v))
}

// Audit lists what was changed, newest first, and tells whether there is more.
func (db *DB) Audit(ctx context.Context, tenant signalbox.ID, f signalbox.AuditFilter, p signalbox.Page) ([]signalbox.AuditEntry, bool, error) {
	w := whereTenant("a.tenant_id", tenant)
	if f.Kind != "" {
		w.and("a.kind = $%d", string(f.Kind))
	}
	if f.Name != "" {
		w.and("a.name = $%d", f.Name)
	}
	if f.Actor != "" {
		w.and("a.actor = $%d", f.Actor)
	}
	if !f.From.IsZero() {
		w.and("a.id >= $%d", signalbox.FirstID(f.From))
	}
	if !f.Before.IsZero() {
		w.and("a.id < $%d", signalbox.FirstID(f.Before))
	}
	if !p.After.IsZero() {
		w.and("a.id < $%d", p.After)
	}
	sql := `SELECT a.id, a.at, a.actor, a.action, a.kind, a.name, a.before::text, a.after::text FROM audit_log a` + w.sql() + ` ORDER BY a.id DESC`
	var found []signalbox.AuditEntry
	var more bool
	err := db.reading(ctx, tenant, func() (err error) {
		found, more, err = page(ctx, db, scanAudit, sql, w, p.First)
		return err
	})
	return found, more, err
}

func scanAudit(row pgx.CollectableRow) (signalbox.AuditEntry, error) {
	var e signalbox.AuditEntry
	var at time.Time
	var before, after *string
	err := row.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Kind, &e.Name, &before, &after)
	e.At, e.Before, e.After = at.UTC(), rawOf(before), rawOf(after)
	return e, err
}
