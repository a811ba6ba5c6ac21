package graph

import (
	"context"
	"slices"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Resolver is the root of all resolvers.
type Resolver struct {
	cfg Config
	// explaining is one rule and one event at a time, which can take a processor a second.
	explaining *turns
}

// saveRule is what createRule and updateRule have in common.
func (r *Resolver) saveRule(ctx context.Context, create bool, in *model.RuleInput, publish *bool, state *signalbox.RuleState, dryRun *bool) (*model.RuleResult, error) {
	p, err := r.cfg.Principal(ctx)
	if err != nil {
		return nil, err
	}
	edit, err := ruleEditOf(in, publish, state, dryRun)
	if err != nil {
		return nil, err
	}
	edit.Create = create
	saved, err := r.cfg.RuleEditor.SaveRule(ctx, p, edit)
	if err != nil {
		return nil, err
	}
	return ruleResultOf(saved), nil
}

// showsStart tells which starts p may see as they would be made: what is in
// tenant.config is for those who write rules.
func (r *Resolver) showsStart(p *signalbox.Principal) func(*signalbox.Dispatch) bool {
	if p.Permissions.Allow(signalbox.ActionWriteRules) {
		return func(*signalbox.Dispatch) bool { return true }
	}
	rules := r.cfg.Catalogue.Rules(p.Tenant.ID)
	return func(d *signalbox.Dispatch) bool {
		return slices.ContainsFunc(rules, func(rule signalbox.Rule) bool {
			return rule.Name == d.Rule && rule.Version == d.RuleVersion && !readsConfig(&rule.Start)
		})
	}
}
