package postgres

import (
	"encoding/json"
	"fmt"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// difference is what has to be written so that one catalogue becomes another.
type difference struct {
	settings *signalbox.TenantSettings // nil is unchanged
	types    []signalbox.EventType     // new or changed, without their schemas
	schemas  []schemaRow               // new, by version
	deleted  []string                  // rules by name
	rules    []ruleDifference          // new or changed
}

// ruleDifference is a rule as it is to be, and whether that takes a new version.
type ruleDifference struct {
	signalbox.Rule
	publish bool
}

func (d *difference) isEmpty() bool {
	return d.settings == nil && len(d.types) == 0 && len(d.schemas) == 0 && len(d.deleted) == 0 && len(d.rules) == 0
}

// differenceOf compares what is stored with what is wanted, as DB.Edit says.
func differenceOf(now, wanted signalbox.Catalogue) (*difference, error) {
	var d difference
	if s := wanted.Settings; s != nil {
		settings := signalbox.TenantSettings{Config: s.Config, UnknownNames: or(s.UnknownNames, signalbox.UnknownReject)}
		if settings.Config == nil {
			settings.Config = json.RawMessage("{}")
		}
		if string(settings.Config) != string(now.Settings.Config) || settings.UnknownNames != now.Settings.UnknownNames {
			d.settings = &settings
		}
	}
	if err := d.compareTypes(now.Types, wanted.Types); err != nil {
		return nil, err
	}
	if err := d.compareRules(now.Rules, wanted.Rules); err != nil {
		return nil, err
	}
	return &d, nil
}

func (d *difference) compareTypes(now, wanted []signalbox.EventType) error {
	stored := by(now, pairOf)
	seen := make(map[pair]bool, len(wanted))
	for _, t := range wanted {
		if seen[pairOf(&t)] {
			return fmt.Errorf("the event type %s is wanted twice", t.Name())
		}
		seen[pairOf(&t)] = true
		t.Policy = or(t.Policy, signalbox.PayloadReject)
		t.Compatibility = or(t.Compatibility, signalbox.CompatibilityNone)
		old, have := stored[pairOf(&t)], 0
		if old != nil {
			have = len(old.Schemas)
		}
		for i := have; i < len(t.Schemas); i++ {
			d.schemas = append(d.schemas, schemaRow{pair: pairOf(&t), Schema: signalbox.Schema{Version: i + 1, Text: t.Schemas[i].Text}})
		}
		if old == nil || !sameButSchemas(old, &t) {
			d.types = append(d.types, t)
		}
	}
	return nil
}

func sameButSchemas(a, b *signalbox.EventType) bool {
	return a.DisplayName == b.DisplayName && a.Description == b.Description && string(a.Sample) == string(b.Sample) &&
		a.Policy == b.Policy && a.Compatibility == b.Compatibility
}

func (d *difference) compareRules(now, wanted []signalbox.Rule) error {
	stored := by(now, nameOf)
	seen := make(map[string]bool, len(wanted))
	for _, r := range wanted {
		if seen[r.Name] {
			return fmt.Errorf("the rule %q is wanted twice", r.Name)
		}
		seen[r.Name] = true
		old := stored[r.Name]
		draft := r.State == signalbox.RuleDraft
		if draft {
			r.Draft = nil // its definition is the draft
		}
		sameDefinition := old != nil && sameJSON(mustJSON(&old.RuleDefinition), mustJSON(&r.RuleDefinition))
		published := old != nil && old.Version != 0
		if sameDefinition && published == !draft && old.State == r.State && sameDraft(old.Draft, r.Draft) {
			continue
		}
		if !draft && published {
			r.Version = old.Version
		}
		d.rules = append(d.rules, ruleDifference{Rule: r, publish: !draft && (!published || !sameDefinition)})
	}
	for i := range now {
		if !seen[now[i].Name] {
			d.deleted = append(d.deleted, now[i].Name)
		}
	}
	return nil
}

func sameDraft(a, b *signalbox.RuleDefinition) bool {
	if a == nil || b == nil {
		return a == b
	}
	return sameJSON(mustJSON(a), mustJSON(b))
}

// or is v, or what stands for it where it is empty.
func or[T ~string](v, otherwise T) T {
	if v == "" {
		return otherwise
	}
	return v
}
