package dispatch

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// classify reads Temporal's answer: what kind of failure it is, and whether it is
// permanent. What nobody has foreseen passes: retrying for ever loses nothing.
func classify(err error) (signalbox.DispatchError, bool) {
	kind := signalbox.DispatchError{Code: signalbox.DispatchUnexpected, Message: err.Error()}
	var (
		namespaceNotFound *serviceerror.NamespaceNotFound
		already           *serviceerror.WorkflowExecutionAlreadyStarted
		exhausted         *serviceerror.ResourceExhausted
	)
	switch {
	case errors.As(err, &namespaceNotFound):
		kind.Code = signalbox.DispatchNamespaceNotFound
		return kind, true
	case errors.As(err, &already):
		// Temporal's own text names the workflow, whose id may be made of the payload.
		kind.Code, kind.Message = signalbox.DispatchAlreadyStarted, "a workflow with the id of this start is there already, and the rule's policies refuse a second"
		return kind, true
	case errors.As(err, &exhausted) && exhausted.Cause == enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW:
		return kind, false // one workflow id is in demand: no reason to rest the lane
	case errors.As(err, &exhausted):
		kind.Code = signalbox.DispatchResourceExhausted
		return kind, false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		kind.Code, kind.Message = signalbox.DispatchDeadline, "Temporal did not answer in time"
		return kind, false
	}
	switch serviceerror.ToStatus(err).Code() {
	case codes.InvalidArgument:
		kind.Code = signalbox.DispatchInvalidArgument
		return kind, true
	case codes.PermissionDenied:
		kind.Code = signalbox.DispatchPermissionDenied
		return kind, true
	case codes.Unavailable:
		kind.Code, kind.Message = signalbox.DispatchUnavailable, "Temporal cannot be reached"
	case codes.DeadlineExceeded, codes.Canceled:
		kind.Code, kind.Message = signalbox.DispatchDeadline, "Temporal did not answer in time"
	case codes.ResourceExhausted:
		kind.Code = signalbox.DispatchResourceExhausted
	default:
	}
	return kind, false
}

// turnedAway tells a failure that says something of Temporal as a whole from one
// that says something of this start.
func turnedAway(code signalbox.DispatchErrorCode) bool {
	return code == signalbox.DispatchUnavailable || code == signalbox.DispatchDeadline || code == signalbox.DispatchResourceExhausted
}

const (
	backoffBase = 500 * time.Millisecond
	backoffCap  = 60 * time.Second
)

// backoff is how long to wait after the n-th attempt, n ≥ 1: doubling from half a
// second to a minute, of which a random half is taken off, so that what failed
// together does not come back together.
func backoff(n int) time.Duration {
	d := backoffCap
	if n < 8 {
		d = min(backoffBase<<(max(n, 1)-1), backoffCap)
	}
	return d/2 + rand.N(d/2) //nolint:gosec // jitter.
}
