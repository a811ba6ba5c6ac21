package demo

import (
	"context"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// Complete returns its input at once. A second start under the id of a run that
// is still open is refused anyway; one that follows a finished run is what a
// test for doubled starts has to look for.
func Complete(_ workflow.Context, in converter.RawValue) (converter.RawValue, error) {
	return in, nil
}

// Record returns its input as an activity received it: the same bytes, as no
// converter touches a raw value. It shows what arrived.
func Record(ctx workflow.Context, in converter.RawValue) (converter.RawValue, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	var out converter.RawValue
	err := workflow.ExecuteActivity(ctx, "Keep", in).Get(ctx, &out)
	return out, err
}

// Keep answers with what it was given.
func (Activities) Keep(_ context.Context, in converter.RawValue) (converter.RawValue, error) {
	return in, nil
}
