package dispatch

import (
	"math"
	"os"
	"time"
	"unicode/utf8"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

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
		Input:                    &commonpb.Payloads{Payloads: []*commonpb.Payload{jsonPayload(input(e, d, tenant))}},
		Identity:                 identity,
		WorkflowExecutionTimeout: timeout(d.Options.ExecutionTimeout),
		WorkflowRunTimeout:       timeout(d.Options.RunTimeout),
		WorkflowTaskTimeout:      timeout(d.Options.TaskTimeout),
		WorkflowIdReusePolicy:    reusePolicies[d.Options.ReusePolicy],
		WorkflowIdConflictPolicy: conflictPolicies[d.Options.ConflictPolicy],
		Memo:                     &commonpb.Memo{Fields: memo(e, d, tenant)},
		SearchAttributes:         searchAttributes(d),
		RetryPolicy:              retryPolicy(d.Options.Retry),
		Priority:                 priority(d.Options.Priority),
		UserMetadata: &sdkpb.UserMetadata{
			Summary: jsonString(truncate(e.Type+"/"+e.Operation+" → "+d.Rule+", event "+e.ID.String(), maxSummary-2)),
		},
	}
}

// input is what the rule makes of the event, else the event.
func input(e *signalbox.Event, d *signalbox.Dispatch, tenant string) []byte {
	if d.Input != nil {
		return d.Input
	}
	return envelope(e, d, tenant)
}

// The memo's fields of ours, which a rule's own cannot take the place of: they say
// whose run it is (see earlier).
const (
	memoEventID = "eventID"
	memoEvent   = "event"
	memoRule    = "rule"
	memoTenant  = "signalbox"
)

func memo(e *signalbox.Event, d *signalbox.Dispatch, tenant string) map[string]*commonpb.Payload {
	fields := make(map[string]*commonpb.Payload, 4)
	for name, value := range payload.Members(d.Memo) {
		fields[name] = jsonPayload(value)
	}
	fields[memoEventID] = jsonString(e.ID.String())
	fields[memoEvent] = jsonString(e.Type + "/" + e.Operation)
	fields[memoRule] = jsonString(d.Rule)
	fields[memoTenant] = jsonString(tenant)
	return fields
}

// searchAttributes go without the metadata "type" that the SDK sends along: Temporal
// decodes a value by the type that the attribute is registered with.
func searchAttributes(d *signalbox.Dispatch) *commonpb.SearchAttributes {
	if d.SearchAttributes == nil {
		return nil
	}
	fields := make(map[string]*commonpb.Payload)
	for name, value := range payload.Members(d.SearchAttributes) {
		fields[name] = jsonPayload(value)
	}
	return &commonpb.SearchAttributes{IndexedFields: fields}
}

func retryPolicy(p *signalbox.RetryPolicy) *commonpb.RetryPolicy {
	if p == nil {
		return nil
	}
	return &commonpb.RetryPolicy{
		InitialInterval:        timeout(p.InitialInterval),
		BackoffCoefficient:     p.BackoffCoefficient,
		MaximumInterval:        timeout(p.MaximumInterval),
		MaximumAttempts:        int32(min(p.MaximumAttempts, math.MaxInt32)), //nolint:gosec // bounded here.
		NonRetryableErrorTypes: p.NonRetryableErrorTypes,
	}
}

func priority(key int) *commonpb.Priority {
	if key == 0 {
		return nil
	}
	return &commonpb.Priority{PriorityKey: int32(key)} //nolint:gosec // 1 to 5.
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
