package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Tenants lists every tenant with its revision.
func (db *DB) Tenants(ctx context.Context) ([]signalbox.Tenant, error) {
	return query(ctx, db, scanTenant,
		`SELECT id, slug, coalesce(namespace, ''), revision FROM tenants`)
}

const (
	selectTypes = `SELECT type, operation, display_name, description FROM event_types WHERE tenant_id = $1 ORDER BY type, operation`
	selectRules = `
SELECT r.name, r.version, r.state, v.definition::text
FROM rules r JOIN rule_versions v USING (tenant_id, name, version)
WHERE r.tenant_id = $1
ORDER BY r.name`
)

func scanTenant(row pgx.CollectableRow) (signalbox.Tenant, error) {
	var t signalbox.Tenant
	err := row.Scan(&t.ID, &t.Slug, &t.Namespace, &t.Revision)
	return t, err
}

func scanType(row pgx.CollectableRow) (signalbox.EventType, error) {
	var t signalbox.EventType
	err := row.Scan(&t.Type, &t.Operation, &t.DisplayName, &t.Description)
	return t, err
}

func scanRule(row pgx.CollectableRow) (signalbox.Rule, error) {
	var r signalbox.Rule
	var text string
	if err := row.Scan(&r.Name, &r.Version, &r.State, &text); err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(text), &r.RuleDefinition); err != nil {
		return r, fmt.Errorf("read rule %s: %w", r.Name, err)
	}
	return r, nil
}

// Catalogue is what a tenant has registered.
func (db *DB) Catalogue(ctx context.Context, tenant signalbox.ID) (signalbox.Catalogue, error) {
	types, err := query(ctx, db, scanType, selectTypes, tenant)
	if err != nil {
		return signalbox.Catalogue{}, err
	}
	rules, err := query(ctx, db, scanRule, selectRules, tenant)
	return signalbox.Catalogue{Types: types, Rules: rules}, err
}

// Apply brings a tenant's types and rules to what content says, in one
// transaction, and tells what became of each. What content does not name stays as
// it is. A rule whose definition has changed gets its next version.
func (db *DB) Apply(ctx context.Context, tenantSlug string, content signalbox.Catalogue) ([]signalbox.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	var changes []signalbox.Change
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		changes = nil
		var tenant signalbox.ID
		err := tx.QueryRow(ctx, `SELECT id FROM tenants WHERE slug = $1 FOR UPDATE`, tenantSlug).Scan(&tenant)
		if errors.Is(err, pgx.ErrNoRows) {
			return signalbox.Errorf(signalbox.CodeNotFound, "there is no tenant %q", tenantSlug)
		}
		if err != nil {
			return err
		}
		typeChanges, err := applyTypes(ctx, tx, tenant, content.Types)
		if err != nil {
			return err
		}
		ruleChanges, err := applyRules(ctx, tx, tenant, content.Rules)
		if err != nil {
			return err
		}
		changes = append(typeChanges, ruleChanges...)
		for _, c := range changes {
			if c.Action != signalbox.Unchanged {
				_, err := tx.Exec(ctx, `UPDATE tenants SET revision = revision + 1 WHERE id = $1`, tenant)
				return err
			}
		}
		return nil
	})
	return changes, translate(err)
}

func applyTypes(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, types []signalbox.EventType) ([]signalbox.Change, error) {
	rows, err := tx.Query(ctx, selectTypes, tenant)
	if err != nil {
		return nil, err
	}
	stored, err := pgx.CollectRows(rows, scanType)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]signalbox.EventType, len(stored))
	for _, t := range stored {
		byName[t.Type+":"+t.Operation] = t
	}
	var changes []signalbox.Change
	for _, t := range types {
		name := t.Type + ":" + t.Operation
		old, there := byName[name]
		action := actionFor(there, old.DisplayName == t.DisplayName && old.Description == t.Description)
		changes = append(changes, signalbox.Change{Kind: "event type", Name: name, Action: action})
		if action == signalbox.Unchanged {
			continue
		}
		const sql = `
INSERT INTO event_types (tenant_id, type, operation, display_name, description) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, type, operation) DO UPDATE SET display_name = $4, description = $5, updated_at = now()`
		if _, err := tx.Exec(ctx, sql, tenant, t.Type, t.Operation, t.DisplayName, t.Description); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

func applyRules(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, rules []signalbox.Rule) ([]signalbox.Change, error) {
	rows, err := tx.Query(ctx, selectRules, tenant)
	if err != nil {
		return nil, err
	}
	stored, err := pgx.CollectRows(rows, scanRule)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]signalbox.Rule, len(stored))
	for _, r := range stored {
		byName[r.Name] = r
	}
	var changes []signalbox.Change
	for _, r := range rules {
		old, there := byName[r.Name]
		sameDefinition := there && reflect.DeepEqual(old.RuleDefinition, r.RuleDefinition)
		action := actionFor(there, sameDefinition && old.State == r.State)
		changes = append(changes, signalbox.Change{Kind: "rule", Name: r.Name, Action: action})
		if action == signalbox.Unchanged {
			continue
		}
		r.Version = old.Version
		if !sameDefinition {
			// The newest version may belong to a rule that has since been removed.
			const sql = `
INSERT INTO rule_versions (tenant_id, name, version, definition)
SELECT $1, $2, 1 + coalesce(max(version), 0), $3 FROM rule_versions WHERE tenant_id = $1 AND name = $2
RETURNING version`
			if err := tx.QueryRow(ctx, sql, tenant, r.Name, mustJSON(r.RuleDefinition)).Scan(&r.Version); err != nil {
				return nil, err
			}
		}
		const sql = `
INSERT INTO rules (tenant_id, name, version, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, name) DO UPDATE SET version = $3, state = $4, updated_at = now()`
		if _, err := tx.Exec(ctx, sql, tenant, r.Name, r.Version, r.State); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

func actionFor(there, same bool) signalbox.ChangeAction {
	switch {
	case !there:
		return signalbox.Created
	case same:
		return signalbox.Unchanged
	default:
		return signalbox.Changed
	}
}
