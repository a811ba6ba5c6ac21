package dispatch

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// Temporal is what starting needs of Temporal's service client: the start itself,
// and for few repeated ones (see earlier) a look at the runs that there are.
type Temporal interface {
	StartWorkflowExecution(ctx context.Context, in *workflowservice.StartWorkflowExecutionRequest, opts ...grpc.CallOption) (*workflowservice.StartWorkflowExecutionResponse, error)
	DescribeWorkflowExecution(ctx context.Context, in *workflowservice.DescribeWorkflowExecutionRequest, opts ...grpc.CallOption) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	ListWorkflowExecutions(ctx context.Context, in *workflowservice.ListWorkflowExecutionsRequest, opts ...grpc.CallOption) (*workflowservice.ListWorkflowExecutionsResponse, error)
}

// started is the result of an attempt that Temporal answered without an error, or
// with one that names the run that stands.
type started struct {
	runID  string
	reused bool
}

// attempt makes one start request and reads the answer. The error, if any, is
// Temporal's or the context's: classify tells what it means.
func attempt(ctx context.Context, temporal Temporal, r *workflowservice.StartWorkflowExecutionRequest) (started, error) {
	resp, err := temporal.StartWorkflowExecution(ctx, r)
	if err == nil {
		return started{runID: resp.GetRunId(), reused: !resp.GetStarted()}, nil
	}
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &already) && already.RunId != "" {
		// A policy refused to start beside or after this run, or to join it. It is ours
		// from an earlier attempt if it bears our request id; else it is the one that
		// the rule's own id stands for, unless the rule would rather fail.
		own := already.StartRequestId == r.RequestId
		if own || r.WorkflowIdConflictPolicy != enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL {
			return started{runID: already.RunId, reused: !own}, nil
		}
	}
	return started{}, err
}
