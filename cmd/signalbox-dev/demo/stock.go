package demo

import (
	"context"
	"encoding/json"
	"math/big"
	"time"

	"go.temporal.io/sdk/workflow"
)

// StockCount is what the stock system would say of an item.
type StockCount struct {
	Current   json.Number `json:"current,omitempty"`
	Threshold json.Number `json:"threshold,omitempty"`
	// Order is how many to order; 0 if none are missing, empty if the event
	// does not say enough to work it out.
	Order json.Number `json:"order,omitempty"`
}

// ReorderStock is for type inventory: it counts what is there, works out what is
// missing, and orders it.
func ReorderStock(ctx workflow.Context, in Input) (Result, error) {
	p, err := track(ctx, in)
	if err != nil {
		return Result{}, err
	}
	count, err := do[StockCount](ctx, p, "counting stock", "CountStock", in)
	if err != nil {
		return Result{}, err
	}
	r := in.result()
	r.Quantity = count.Order
	switch {
	case in.Event.Operation == "excess_stock_detected":
		r.Outcome = "marked down what is too much"
	case in.Event.Operation == "item_expired":
		r.Outcome = "took the item off the shelf"
	case count.Order == "0":
		r.Outcome = "enough in stock: nothing ordered"
	default:
		if err := wait(ctx, p, "waiting for other orders to join", 300*time.Millisecond); err != nil {
			return Result{}, err
		}
		r.Reference, err = do[string](ctx, p, "placing the order", "PlaceOrder", in, count.Order)
		if err != nil {
			return Result{}, err
		}
		r.Outcome = "ordered"
		if count.Order != "" {
			r.Outcome = "ordered " + count.Order.String()
		}
	}
	return p.finish(ctx, r), nil
}

// CountStock reads current and threshold from the event. An order fills up to
// twice the threshold, so that the next alert is not at once.
func (Activities) CountStock(_ context.Context, in Input) (StockCount, error) {
	f := in.Payload.fields()
	var count StockCount
	current, haveCurrent := f.number("current", "currentStock", "quantity")
	threshold, haveThreshold := f.number("threshold", "reorderPoint", "minimum")
	if haveCurrent {
		count.Current = decimal(current)
	}
	if haveThreshold {
		count.Threshold = decimal(threshold)
	}
	if haveCurrent && haveThreshold {
		missing := new(big.Rat).Add(threshold, threshold)
		missing.Sub(missing, current)
		if missing.Sign() < 0 {
			missing.SetInt64(0)
		}
		count.Order = decimal(missing)
	}
	return count, nil
}

// PlaceOrder answers with the order's number. The same event always makes the
// same order.
func (Activities) PlaceOrder(_ context.Context, in Input, _ json.Number) (string, error) {
	return reference("PO", in), nil
}
