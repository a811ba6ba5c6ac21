package postgres

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
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

// created, changed and deleted tell what became of a thing by what there was before.
func actionOf(before, after bool) signalbox.AuditAction {
	switch {
	case !before:
		return signalbox.AuditCreated
	case !after:
		return signalbox.AuditDeleted
	default:
		return signalbox.AuditChanged
	}
}

// tenantAudit is what the log tells of a tenant. The values of its config may be
// secrets, and are left out: it names the members.
type tenantAudit struct {
	Slug          string                 `json:"slug"`
	Name          string                 `json:"name,omitempty"`
	Namespace     string                 `json:"namespace,omitempty"`
	UnknownNames  signalbox.UnknownNames `json:"unknownNames"`
	Limits        signalbox.Limits       `json:"limits"`
	ConfigMembers []string               `json:"configMembers"`
	// ConfigChanged are the members that were added, removed or given another value.
	ConfigChanged []string `json:"configChanged,omitempty"`
}

// tenantChange is nil where nothing differs.
func tenantChange(before, after *signalbox.Tenant) *auditChange {
	c := &auditChange{action: actionOf(before != nil, true), kind: signalbox.AuditTenant, name: after.Slug}
	now := tenantAuditOf(after)
	if before != nil {
		was := tenantAuditOf(before)
		now.ConfigChanged = changedMembers(before.Config, after.Config)
		if was.Name == now.Name && was.Namespace == now.Namespace && was.UnknownNames == now.UnknownNames && was.Limits == now.Limits && bytes.Equal(before.Config, after.Config) {
			return nil
		}
		c.before = was
	}
	c.after = now
	return c
}

func tenantAuditOf(t *signalbox.Tenant) *tenantAudit {
	return &tenantAudit{Slug: t.Slug, Name: t.Name, Namespace: t.Namespace, UnknownNames: t.UnknownNames, Limits: t.Limits, ConfigMembers: membersOf(t.Config)}
}

func membersOf(config json.RawMessage) []string {
	names := []string{}
	var members map[string]json.RawMessage
	if json.Unmarshal(config, &members) == nil {
		for name := range members {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func changedMembers(before, after json.RawMessage) []string {
	var was, is map[string]json.RawMessage
	if json.Unmarshal(before, &was) != nil || json.Unmarshal(after, &is) != nil {
		return nil
	}
	var names []string
	for name, v := range is {
		if old, there := was[name]; !there || !bytes.Equal(old, v) {
			names = append(names, name)
		}
	}
	for name := range was {
		if _, there := is[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func sortBySlug(tenants []signalbox.Tenant) {
	slices.SortFunc(tenants, func(a, b signalbox.Tenant) int { return cmp.Compare(a.Slug, b.Slug) })
}

// typeAudit is what the log tells of an event type. Of its schemas it has the newest
// alone: the others stand, by their versions, for ever.
type typeAudit struct {
	Type          string                  `json:"type"`
	Operation     string                  `json:"operation"`
	DisplayName   string                  `json:"displayName,omitempty"`
	Description   string                  `json:"description,omitempty"`
	Sample        json.RawMessage         `json:"sample,omitempty"`
	Policy        signalbox.PayloadPolicy `json:"policy"`
	Compatibility signalbox.Compatibility `json:"compatibility"`
	SchemaVersion int                     `json:"schemaVersion,omitempty"`
	Schema        json.RawMessage         `json:"schema,omitempty"`
}

func typeAuditOf(t *signalbox.EventType) any {
	if t == nil {
		return nil
	}
	a := typeAudit{
		Type: t.Type, Operation: t.Operation, DisplayName: t.DisplayName, Description: t.Description, Sample: t.Sample,
		Policy: t.Policy, Compatibility: t.Compatibility, SchemaVersion: len(t.Schemas),
	}
	if n := len(t.Schemas); n > 0 {
		a.Schema = t.Schemas[n-1].Text
	}
	return a
}

type ruleAudit struct {
	State      signalbox.RuleState       `json:"state"`
	Version    int                       `json:"version,omitempty"`
	Definition *signalbox.RuleDefinition `json:"definition"`
	Draft      *signalbox.RuleDefinition `json:"draft,omitempty"`
}

func ruleAuditOf(r *signalbox.Rule) any {
	if r == nil {
		return nil
	}
	return ruleAudit{State: r.State, Version: r.Version, Definition: &r.RuleDefinition, Draft: r.Draft}
}

// audit is what the log tells of an edit of the catalogue, by what stood before and
// what is stored then.
func (d *difference) audit(slug string, now, stored signalbox.Catalogue) []*auditChange {
	var changes []*auditChange
	if d.settings != nil {
		t := func(s *signalbox.TenantSettings) map[string]any {
			return map[string]any{"unknownNames": s.UnknownNames, "configMembers": membersOf(s.Config)}
		}
		after := t(stored.Settings)
		after["configChanged"] = changedMembers(now.Settings.Config, stored.Settings.Config)
		changes = append(changes, &auditChange{action: signalbox.AuditChanged, kind: signalbox.AuditTenant, name: slug, before: t(now.Settings), after: after})
	}
	typesBefore, typesAfter := by(now.Types, pairOf), by(stored.Types, pairOf)
	seen := make(map[pair]bool)
	add := func(p pair) {
		if seen[p] {
			return
		}
		seen[p] = true
		before, after := typesBefore[p], typesAfter[p]
		changes = append(changes, &auditChange{
			action: actionOf(before != nil, after != nil), kind: signalbox.AuditType, name: p.typ + ":" + p.operation,
			before: typeAuditOf(before), after: typeAuditOf(after),
		})
	}
	for i := range d.types {
		add(pairOf(&d.types[i]))
	}
	for i := range d.schemas {
		add(d.schemas[i].pair)
	}
	rulesBefore, rulesAfter := by(now.Rules, nameOf), by(stored.Rules, nameOf)
	names := slices.Clone(d.deleted)
	for i := range d.rules {
		names = append(names, d.rules[i].Name)
	}
	slices.SortFunc(names, strings.Compare)
	for _, name := range names {
		before, after := rulesBefore[name], rulesAfter[name]
		changes = append(changes, &auditChange{
			action: actionOf(before != nil, after != nil), kind: signalbox.AuditRule, name: name,
			before: ruleAuditOf(before), after: ruleAuditOf(after),
		})
	}
	return changes
}
