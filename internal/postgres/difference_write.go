package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// A catalogue file may hold ten thousand rules: each statement writes all rows of
// its kind.
const (
	updateSettings = `UPDATE tenants SET config = $2::json, config_sealed = $3, config_key = nullif($4, ''), unknown_names = $5 WHERE tenants.id = $1`

	bumpRevision = `UPDATE tenants SET revision = revision + 1 WHERE tenants.id = $1`

	upsertTypes = `
INSERT INTO event_types (tenant_id, type, operation, display_name, description, sample, policy, compatibility)
SELECT $1, t.type, t.operation, t.display_name, t.description, t.sample::json, t.policy, t.compatibility
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS t(type, operation, display_name, description, sample, policy, compatibility)
ON CONFLICT (tenant_id, type, operation) DO UPDATE SET
    display_name = excluded.display_name,
    description = excluded.description,
    sample = excluded.sample,
    policy = excluded.policy,
    compatibility = excluded.compatibility,
    updated_at = now()`

	insertSchemas = `
INSERT INTO event_schemas (tenant_id, type, operation, version, text)
SELECT $1, s.type, s.operation, s.version, s.text::json
FROM unnest($2::text[], $3::text[], $4::int[], $5::text[]) AS s(type, operation, version, text)`

	deleteRules = `DELETE FROM rules WHERE tenant_id = $1 AND name = ANY($2)`

	// The newest version may belong to a rule of this name that has been deleted since.
	insertVersions = `
INSERT INTO rule_versions (tenant_id, name, version, definition)
SELECT $1, w.name, 1 + coalesce((SELECT max(v.version) FROM rule_versions v WHERE v.tenant_id = $1 AND v.name = w.name), 0), w.definition::jsonb
FROM unnest($2::text[], $3::text[]) AS w(name, definition)
RETURNING name, version`

	upsertRules = `
INSERT INTO rules (tenant_id, name, version, state, draft)
SELECT $1, r.name, r.version, r.state, r.draft::json
FROM unnest($2::text[], $3::int[], $4::text[], $5::text[]) AS r(name, version, state, draft)
ON CONFLICT (tenant_id, name) DO UPDATE SET
    version = excluded.version,
    state = excluded.state,
    draft = excluded.draft,
    updated_at = now()`
)

// write brings the difference to the database, in at most three round trips.
func (db *DB) write(ctx context.Context, tx pgx.Tx, tenant signalbox.ID, d *difference) error {
	var first, second pgx.Batch
	if d.settings != nil {
		clear, sealed, key, err := db.sealConfig(ctx, tx, tenant, d.settings.Config)
		if err != nil {
			return err
		}
		queue(&first, updateSettings, tenant, clear, sealed, key, d.settings.UnknownNames)
	}
	if len(d.types) > 0 {
		queue(&first, upsertTypes, tenant, typeColumns(d.types)...)
	}
	if len(d.schemas) > 0 {
		queue(&first, insertSchemas, tenant, schemaColumns(d.schemas)...)
	}
	if len(d.deleted) > 0 {
		queue(&first, deleteRules, tenant, d.deleted)
	}
	versions := make(map[string]int)
	if names, definitions := d.published(); len(names) > 0 {
		queue(&first, insertVersions, tenant, names, definitions).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var name string
				var version int
				if err := rows.Scan(&name, &version); err != nil {
					return err
				}
				versions[name] = version
			}
			return rows.Err()
		})
	}
	queue(&first, bumpRevision, tenant)
	if err := tx.SendBatch(ctx, &first).Close(); err != nil {
		return fmt.Errorf("write what differs: %w", err)
	}
	if len(d.rules) == 0 {
		return nil
	}
	queue(&second, upsertRules, tenant, d.ruleColumns(versions)...)
	if err := tx.SendBatch(ctx, &second).Close(); err != nil {
		return fmt.Errorf("write the rules: %w", err)
	}
	return nil
}

func typeColumns(types []signalbox.EventType) []any {
	n := len(types)
	var (
		names, operations       = make([]string, n), make([]string, n)
		displays, descriptions  = make([]string, n), make([]string, n)
		samples                 = make([]*string, n)
		policies, compatibility = make([]string, n), make([]string, n)
	)
	for i := range types {
		t := &types[i]
		names[i], operations[i], displays[i], descriptions[i] = t.Type, t.Operation, t.DisplayName, t.Description
		samples[i], policies[i], compatibility[i] = jsonText(t.Sample), string(t.Policy), string(t.Compatibility)
	}
	return []any{names, operations, displays, descriptions, samples, policies, compatibility}
}

func schemaColumns(schemas []schemaRow) []any {
	n := len(schemas)
	types, operations, versions, texts := make([]string, n), make([]string, n), make([]int, n), make([]string, n)
	for i := range schemas {
		s := &schemas[i]
		types[i], operations[i], versions[i], texts[i] = s.typ, s.operation, s.Version, string(s.Text)
	}
	return []any{types, operations, versions, texts}
}

// published is the rules that get a new version, with their definitions.
func (d *difference) published() (names, definitions []string) {
	for i := range d.rules {
		if d.rules[i].publish {
			names = append(names, d.rules[i].Name)
			definitions = append(definitions, string(mustJSON(&d.rules[i].RuleDefinition)))
		}
	}
	return names, definitions
}

func (d *difference) ruleColumns(newVersions map[string]int) []any {
	n := len(d.rules)
	names, versions, states, drafts := make([]string, n), make([]*int, n), make([]string, n), make([]*string, n)
	for i := range d.rules {
		r := &d.rules[i]
		names[i], states[i] = r.Name, string(r.State)
		switch {
		case r.State == signalbox.RuleDraft:
			drafts[i] = jsonText(mustJSON(&r.RuleDefinition))
			continue
		case r.publish:
			v := newVersions[r.Name]
			versions[i] = &v
		default:
			versions[i] = &r.Version
		}
		if r.Draft != nil {
			drafts[i] = jsonText(mustJSON(r.Draft))
		}
	}
	return []any{names, versions, states, drafts}
}
