package graph

import (
	"context"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Resolver is the root of all resolvers.
type Resolver struct{ cfg Config }

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
