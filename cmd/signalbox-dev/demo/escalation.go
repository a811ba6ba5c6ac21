package demo

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"
)

// EscalateWorkflow is for type workflow: it finds out who decides, gives him a
// moment, and hands the matter over.
func EscalateWorkflow(ctx workflow.Context, in Input) (Result, error) {
	p, err := track(ctx, in)
	if err != nil {
		return Result{}, err
	}
	owner, err := do[string](ctx, p, "finding who decides", "FindOwner", in)
	if err != nil {
		return Result{}, err
	}
	if err := wait(ctx, p, "giving the owner a moment", 300*time.Millisecond); err != nil {
		return Result{}, err
	}
	r := in.result()
	r.Reference, err = do[string](ctx, p, "handing over", "HandOver", in, owner)
	if err != nil {
		return Result{}, err
	}
	r.Outcome = "handed over to " + owner
	return p.finish(ctx, r), nil
}

// FindOwner reads the owner from the event, or knows who is in charge.
func (Activities) FindOwner(_ context.Context, in Input) (string, error) {
	if owner, ok := in.Payload.fields().text("owner", "assignee", "approver"); ok {
		return owner, nil
	}
	owner := map[string]string{
		"manual_approval_required": "the approver",
		"process_exception":        "the process owner",
		"sla_breach":               "the service manager",
		"escalation_triggered":     "the manager on duty",
	}[in.Event.Operation]
	if owner == "" {
		owner = "the manager on duty"
	}
	return owner, nil
}

// HandOver answers with the number of the task that the owner has got.
func (Activities) HandOver(_ context.Context, in Input, _ string) (string, error) {
	return reference("ESC", in), nil
}
