package dispatch

import (
	"context"
	"errors"
	"os"
	"time"
	"unicode/utf8"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Temporal is the one call that starting needs of Temporal's service client.
type Temporal interface {
	StartWorkflowExecution(ctx context.Context, in *workflowservice.StartWorkflowExecutionRequest, opts ...grpc.CallOption) (*workflowservice.StartWorkflowExecutionResponse, error)
}

// maxSummary is Temporal's limit on a run's static summary, in bytes of the
// payload; the JSON quotes count.
const maxSummary = 400

// request is the start request of a dispatch: the same at every attempt.
//
// It goes through the service client, since the SDK's own defaults start a second
// run once the first has completed.
func request(e *signalbox.Event, d *signalbox.Dispatch, tenant, identity string) *workflowservice.StartWorkflowExecutionRequest {
	return &workflowservice.StartWorkflowExecutionRequest{
		RequestId:                d.ID.String(),
		Namespace:                d.Namespace,
		WorkflowId:               d.WorkflowID,
		WorkflowType:             &commonpb.WorkflowType{Name: d.WorkflowType},
		TaskQueue:                &taskqueuepb.TaskQueue{Name: d.TaskQueue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
		Input:                    &commonpb.Payloads{Payloads: []*commonpb.Payload{jsonPayload(envelope(e, d, tenant))}},
		Identity:                 identity,
		WorkflowExecutionTimeout: timeout(d.Options.ExecutionTimeout),
		WorkflowRunTimeout:       timeout(d.Options.RunTimeout),
		WorkflowTaskTimeout:      timeout(d.Options.TaskTimeout),
		WorkflowIdReusePolicy:    reusePolicies[d.Options.ReusePolicy],
		WorkflowIdConflictPolicy: conflictPolicies[d.Options.ConflictPolicy],
		Memo: &commonpb.Memo{Fields: map[string]*commonpb.Payload{
			"eventID":   jsonString(e.ID.String()),
			"event":     jsonString(e.Type + "/" + e.Operation),
			"rule":      jsonString(d.Rule),
			"signalbox": jsonString(tenant),
		}},
		UserMetadata: &sdkpb.UserMetadata{
			Summary: jsonString(truncate(e.Type+"/"+e.Operation+" → "+d.Rule+", event "+e.ID.String(), maxSummary-2)),
		},
	}
}

var reusePolicies = map[signalbox.ReusePolicy]enumspb.WorkflowIdReusePolicy{
	"":                             enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	signalbox.ReuseRejectDuplicate: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	signalbox.ReuseAllowDuplicate:  enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	signalbox.ReuseAllowFailedOnly: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
}

var conflictPolicies = map[signalbox.ConflictPolicy]enumspb.WorkflowIdConflictPolicy{
	"":                                  enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	signalbox.ConflictUseExisting:       enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	signalbox.ConflictFail:              enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
	signalbox.ConflictTerminateExisting: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
}

func jsonPayload(text []byte) *commonpb.Payload {
	return &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)},
		Data:     text,
	}
}

func jsonString(s string) *commonpb.Payload { return jsonPayload(payload.AppendString(nil, s)) }

// truncate cuts s to at most n bytes at the border of a character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func timeout(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// identity names this process in Temporal's history, as the SDK does.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return "signalbox@" + host
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
	if errors.As(err, &already) && already.RunId != "" && r.WorkflowIdConflictPolicy != enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL {
		// REJECT_DUPLICATE met a completed run. Ours from an earlier attempt, if it
		// bears our request id; else the run that the rule's own id stands for.
		return started{runID: already.RunId, reused: already.StartRequestId != r.RequestId}, nil
	}
	return started{}, err
}
