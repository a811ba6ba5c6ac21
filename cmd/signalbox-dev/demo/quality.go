package demo

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"
)

// InvestigateQuality is for type quality: it opens a case, collects evidence,
// and closes the case with a verdict.
func InvestigateQuality(ctx workflow.Context, in Input) (Result, error) {
	p, err := track(ctx, in)
	if err != nil {
		return Result{}, err
	}
	r := in.result()
	r.Reference, err = do[string](ctx, p, "opening a case", "OpenCase", in)
	if err != nil {
		return Result{}, err
	}
	evidence, err := do[[]string](ctx, p, "collecting evidence", "CollectEvidence", in)
	if err != nil {
		return Result{}, err
	}
	if err := wait(ctx, p, "letting the samples rest", 250*time.Millisecond); err != nil {
		return Result{}, err
	}
	r.Outcome, err = do[string](ctx, p, "closing the case", "CloseCase", in, evidence)
	if err != nil {
		return Result{}, err
	}
	return p.finish(ctx, r), nil
}

// OpenCase answers with the case's number.
func (Activities) OpenCase(_ context.Context, in Input) (string, error) {
	return reference("QA", in), nil
}

// CollectEvidence lists what the event says anything about.
func (Activities) CollectEvidence(_ context.Context, in Input) ([]string, error) {
	return slices.Sorted(maps.Keys(in.Payload.fields())), nil
}

// CloseCase answers with the verdict.
func (Activities) CloseCase(_ context.Context, in Input, evidence []string) (string, error) {
	switch {
	case in.Event.Operation == "recall_initiated":
		return "recalled the lot", nil
	case len(evidence) == 0:
		return "closed: no evidence", nil
	default:
		return "put the lot on hold", nil
	}
}
