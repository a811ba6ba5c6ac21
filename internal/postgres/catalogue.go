package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Texts are compared as bytes, so that the order is Go's whatever the database's is.
const (
	selectTypes = `
SELECT type, operation, display_name, description, sample::text, policy, compatibility
FROM event_types
WHERE tenant_id = $1
ORDER BY type COLLATE "C", operation COLLATE "C"`

	selectSchemas = `
SELECT type, operation, version, text::text, created_at
FROM event_schemas
WHERE tenant_id = $1
ORDER BY type, operation, version`

	selectRules = `
SELECT r.name, coalesce(r.version, 0), r.state, coalesce(v.definition::text, r.draft::text), CASE WHEN r.version IS NOT NULL THEN r.draft::text END, r.updated_at
FROM rules r LEFT JOIN rule_versions v USING (tenant_id, name, version)
WHERE r.tenant_id = $1
ORDER BY r.name COLLATE "C"`

	selectRuleVersions = `
SELECT name, version, definition::text, created_at
FROM rule_versions
WHERE tenant_id = $1 AND name = $2
ORDER BY version DESC`
)

// Catalogue is what a tenant has registered, all of one moment. Its settings are
// never nil. An unknown tenant is NOT_FOUND.
func (db *DB) Catalogue(ctx context.Context, tenant signalbox.ID) (signalbox.Catalogue, error) {
	_, c, err := db.Snapshot(ctx, tenant)
	return c, err
}

// Snapshot is a tenant and its catalogue, of one moment.
func (db *DB) Snapshot(ctx context.Context, tenant signalbox.ID) (signalbox.Tenant, signalbox.Catalogue, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var t signalbox.Tenant
	var c signalbox.Catalogue
	err := db.readAs(ctx, tenant, func(tx pgx.Tx) (err error) {
		if t, err = db.readTenant(ctx, tx, tenant, selectTenant); err != nil {
			return err
		}
		c, err = readCatalogue(ctx, tx, t)
		return err
	})
	return t, c, err
}

// RuleVersions is what has been published of a rule, newest first; nothing of a
// rule that there has never been. Those of a deleted rule are kept.
func (db *DB) RuleVersions(ctx context.Context, tenant signalbox.ID, name string) ([]signalbox.RuleVersion, error) {
	w := whereTenant("tenant_id", tenant)
	w.arg(name)
	return list(ctx, db, scanRuleVersion, selectRuleVersions, w)
}

// readCatalogue reads the rest of a tenant's catalogue in one round trip.
func readCatalogue(ctx context.Context, tx pgx.Tx, t signalbox.Tenant) (signalbox.Catalogue, error) {
	c := signalbox.Catalogue{Settings: &signalbox.TenantSettings{Config: t.Config, UnknownNames: t.UnknownNames}}
	var schemas []schemaRow
	var batch pgx.Batch
	queue(&batch, selectTypes, t.ID).Query(collect(&c.Types, scanType))
	queue(&batch, selectSchemas, t.ID).Query(collect(&schemas, scanSchema))
	queue(&batch, selectRules, t.ID).Query(collect(&c.Rules, scanRule))
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return signalbox.Catalogue{}, err
	}
	types := by(c.Types, pairOf)
	for i := range schemas {
		s := &schemas[i]
		t := types[s.pair]
		t.Schemas = append(t.Schemas, s.Schema)
	}
	return c, nil
}

// collect takes a statement's rows into found.
func collect[T any](found *[]T, scan pgx.RowToFunc[T]) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*found, err = pgx.CollectRows(rows, scan)
		return err
	}
}

func scanType(row pgx.CollectableRow) (signalbox.EventType, error) {
	var t signalbox.EventType
	var sample *string
	err := row.Scan(&t.Type, &t.Operation, &t.DisplayName, &t.Description, &sample, &t.Policy, &t.Compatibility)
	t.Sample = rawOf(sample)
	return t, err
}

// schemaRow is a schema and what it is of.
type schemaRow struct {
	pair
	signalbox.Schema
}

func scanSchema(row pgx.CollectableRow) (schemaRow, error) {
	var s schemaRow
	var text string
	err := row.Scan(&s.typ, &s.operation, &s.Version, &text, &s.CreatedAt)
	s.Text, s.CreatedAt = json.RawMessage(text), s.CreatedAt.UTC()
	return s, err
}

func scanRule(row pgx.CollectableRow) (signalbox.Rule, error) {
	var r signalbox.Rule
	var definition string
	var draft *string
	if err := row.Scan(&r.Name, &r.Version, &r.State, &definition, &draft, &r.UpdatedAt); err != nil {
		return r, err
	}
	r.UpdatedAt = r.UpdatedAt.UTC()
	if err := json.Unmarshal([]byte(definition), &r.RuleDefinition); err != nil {
		return r, fmt.Errorf("read rule %s: %w", r.Name, err)
	}
	if draft != nil {
		r.Draft = new(signalbox.RuleDefinition)
		if err := json.Unmarshal([]byte(*draft), r.Draft); err != nil {
			return r, fmt.Errorf("read the draft of rule %s: %w", r.Name, err)
		}
	}
	return r, nil
}

func scanRuleVersion(row pgx.CollectableRow) (signalbox.RuleVersion, error) {
	var v signalbox.RuleVersion
	var definition string
	var at time.Time
	if err := row.Scan(&v.Rule, &v.Version, &definition, &at); err != nil {
		return v, err
	}
	v.CreatedAt = at.UTC()
	if err := json.Unmarshal([]byte(definition), &v.RuleDefinition); err != nil {
		return v, fmt.Errorf("read version %d of rule %s: %w", v.Version, v.Rule, err)
	}
	return v, nil
}

func rawOf(text *string) json.RawMessage {
	if text == nil {
		return nil
	}
	return json.RawMessage(*text)
}

// pair is what an event type goes by. Written in one, as type:operation, two of them
// could look the same: a name may have a colon in it.
type pair struct{ typ, operation string }

func pairOf(t *signalbox.EventType) pair { return pair{t.Type, t.Operation} }

func nameOf(r *signalbox.Rule) string { return r.Name }

func by[T any, K comparable](list []T, key func(*T) K) map[K]*T {
	found := make(map[K]*T, len(list))
	for i := range list {
		found[key(&list[i])] = &list[i]
	}
	return found
}
