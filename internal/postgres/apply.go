package postgres

import (
	"context"
	"reflect"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Apply lays content over a tenant's catalogue: its types and rules take the place
// of those that have their names, all else stays. It tells what became of each.
func (db *DB) Apply(ctx context.Context, tenantSlug string, content signalbox.Catalogue) ([]signalbox.Change, error) {
	tenant, err := db.TenantBySlug(ctx, tenantSlug)
	if err != nil {
		return nil, err
	}
	var before signalbox.Catalogue
	after, err := db.Edit(ctx, tenant.ID, false, func(_ signalbox.Tenant, now signalbox.Catalogue) (signalbox.Catalogue, error) {
		before = now
		return overlay(now, content), nil
	})
	if err != nil {
		return nil, err
	}
	oldTypes, newTypes := by(before.Types, pairOf), by(after.Types, pairOf)
	oldRules, newRules := by(before.Rules, nameOf), by(after.Rules, nameOf)
	var changes []signalbox.Change
	for i := range content.Types {
		t := &content.Types[i]
		changes = append(changes, signalbox.Change{Kind: "event type", Name: t.Name(), Action: actionFor(oldTypes[pairOf(t)], newTypes[pairOf(t)])})
	}
	for i := range content.Rules {
		name := content.Rules[i].Name
		changes = append(changes, signalbox.Change{Kind: "rule", Name: name, Action: actionFor(oldRules[name], newRules[name])})
	}
	return changes, nil
}

// overlay is now with content over it. What content cannot say of a type or a rule
// stays as it is.
func overlay(now, content signalbox.Catalogue) signalbox.Catalogue {
	wanted := signalbox.Catalogue{Settings: content.Settings}
	types, rules := by(content.Types, pairOf), by(content.Rules, nameOf)
	for _, t := range now.Types {
		if over := types[pairOf(&t)]; over != nil {
			t.DisplayName, t.Description = over.DisplayName, over.Description
			t.Policy, t.Compatibility = or(over.Policy, t.Policy), or(over.Compatibility, t.Compatibility)
			if over.Sample != nil {
				t.Sample = over.Sample
			}
			if len(over.Schemas) > len(t.Schemas) {
				t.Schemas = over.Schemas
			}
			delete(types, pairOf(&t))
		}
		wanted.Types = append(wanted.Types, t)
	}
	for _, r := range now.Rules {
		if over := rules[r.Name]; over != nil {
			r.State, r.RuleDefinition = over.State, over.RuleDefinition
			delete(rules, r.Name)
		}
		wanted.Rules = append(wanted.Rules, r)
	}
	for _, t := range types {
		wanted.Types = append(wanted.Types, *t)
	}
	for _, r := range rules {
		wanted.Rules = append(wanted.Rules, *r)
	}
	return wanted
}

func actionFor[T any](before, after *T) signalbox.ChangeAction {
	switch {
	case before == nil:
		return signalbox.Created
	case reflect.DeepEqual(before, after): // the time of its last change is part of a rule
		return signalbox.Unchanged
	default:
		return signalbox.Changed
	}
}
