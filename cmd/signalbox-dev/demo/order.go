package demo

import (
	"context"
	"math/big"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Assessment is what an order desk makes of an exception.
type Assessment struct {
	Urgent bool   `json:"urgent"`
	Action string `json:"action"`
}

// HandleOrderException is for type order: it decides how urgent the exception
// is, waits for the warehouse only if it is not, and changes the order.
func HandleOrderException(ctx workflow.Context, in Input) (Result, error) {
	p, err := track(ctx, in)
	if err != nil {
		return Result{}, err
	}
	assessment, err := do[Assessment](ctx, p, "assessing the order", "AssessOrder", in)
	if err != nil {
		return Result{}, err
	}
	pause := 400 * time.Millisecond
	if assessment.Urgent {
		pause = 50 * time.Millisecond
	}
	if err := wait(ctx, p, "waiting for the warehouse", pause); err != nil {
		return Result{}, err
	}
	r := in.result()
	r.Reference, err = do[string](ctx, p, "changing the order", "ChangeOrder", in, assessment)
	if err != nil {
		return Result{}, err
	}
	r.Outcome = assessment.Action
	return p.finish(ctx, r), nil
}

// longDelayDays is from when on a delayed order is urgent.
const longDelayDays = 3

// AssessOrder decides by operation, and for delays by how long they are.
func (Activities) AssessOrder(_ context.Context, in Input) (Assessment, error) {
	switch in.Event.Operation {
	case "rush_order_received":
		return Assessment{Urgent: true, Action: "moved the order to the front"}, nil
	case "bulk_order_discount":
		return Assessment{Action: "applied the discount"}, nil
	case "order_modification":
		return Assessment{Action: "changed the order"}, nil
	case "delivery_delay":
		days, ok := in.Payload.fields().number("delayDays", "days")
		if ok && days.Cmp(big.NewRat(longDelayDays, 1)) > 0 {
			return Assessment{Urgent: true, Action: "sent a replacement"}, nil
		}
		return Assessment{Action: "told the customer the new date"}, nil
	default:
		return Assessment{Action: "looked at the order"}, nil
	}
}

// ChangeOrder answers with the number of the change.
func (Activities) ChangeOrder(_ context.Context, in Input, _ Assessment) (string, error) {
	return reference("ORD", in), nil
}
