package dispatch

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const probeTimeout = 10 * time.Second

// Namespaces is what Probe asks of Temporal's service client.
type Namespaces interface {
	DescribeNamespace(ctx context.Context, in *workflowservice.DescribeNamespaceRequest, opts ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error)
}

// Probe asks Temporal once for the namespace, so that a wrong address is in the log
// when the server starts and not with the first event. It is no reason not to start:
// events can be taken. Credentials that may start and not look say nothing.
func Probe(ctx context.Context, temporal Namespaces, o DialOptions) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	_, err := temporal.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: o.Namespace})
	if err == nil || context.Cause(ctx) == context.Canceled { //nolint:errorlint // its own cause, unwrapped.
		return
	}
	log := o.Logger.With(slog.String("address", o.Address), slog.String("namespace", o.Namespace))
	failure, _ := classify(err)
	switch {
	case failure.Code == signalbox.DispatchNamespaceNotFound:
		log.Warn("Temporal has no such namespace: starts in it will fail; make it, or name another with --temporal-namespace")
	case turnedAway(failure.Code):
		log.Warn("Temporal cannot be reached; events are accepted, and their starts wait", "error", err)
	default:
	}
}
