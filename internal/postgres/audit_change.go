package postgres

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// What the audit log tells of each kind of thing.

// actionOf is what became of a thing, by whether there was one before and is one after.
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
	return append([]string{}, slices.Sorted(maps.Keys(decoded(config)))...) // [] and not null
}

func changedMembers(before, after json.RawMessage) []string {
	was, is := decoded(before), decoded(after)
	all := make(map[string]json.RawMessage, len(is))
	maps.Copy(all, was)
	maps.Copy(all, is)
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return bytes.Equal(was[name], is[name]) })
	return slices.Sorted(maps.Keys(all))
}

// decoded are the members of an object; none of what is none.
func decoded(object json.RawMessage) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(object, &members) // where that fails there is none
	return members
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
