package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const namespace = "default"

// bench is a runner on a real Temporal, with a worker for its task queue.
type bench struct {
	*testing.T
	client client.Client
	runner *Runner
	looks  atomic.Int64 // how often runs were looked at
	queue  string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	address := os.Getenv("SIGNALBOX_TEST_TEMPORAL")
	require.NotEmpty(t, address, "tests need a real Temporal: run them with `make test`, or name one in SIGNALBOX_TEST_TEMPORAL")
	log := slog.New(slog.DiscardHandler)
	c, err := Dial(DialOptions{Address: address, Namespace: namespace, Logger: log})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	b := &bench{T: t, client: c, queue: "test-" + uuid.NewString()}
	b.runner, err = NewRunner(Config{
		Temporal: &looking{c.WorkflowService(), &b.looks}, Mark: func(signalbox.Mark) {},
		TenantSlug: acme, Logger: log,
	})
	require.NoError(t, err)
	w := worker.New(c, b.queue, worker.Options{})
	// What becomes of a run, its signal says.
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, in json.RawMessage) error {
		var end string
		workflow.GetSignalChannel(ctx, "end").Receive(ctx, &end)
		switch end {
		case "fail":
			return temporal.NewApplicationError("as told", "Told")
		case "continue":
			return workflow.NewContinueAsNewError(ctx, "Wait", in)
		default:
			return nil
		}
	}, workflow.RegisterOptions{Name: "Wait"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return b
}

// looking counts the calls that only a repeated start makes.
type looking struct {
	Temporal
	n *atomic.Int64
}

func (l *looking) DescribeWorkflowExecution(ctx context.Context, in *workflowservice.DescribeWorkflowExecutionRequest, opts ...grpc.CallOption) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	l.n.Add(1)
	return l.Temporal.DescribeWorkflowExecution(ctx, in, opts...)
}

// send makes an event that was received now, and its dispatch.
func (b *bench) send(workflowID string, o signalbox.StartOptions) (*signalbox.Event, *signalbox.Dispatch) {
	e := &signalbox.Event{ID: signalbox.ID(uuid.Must(uuid.NewV7())), Type: "a", Operation: "b", EntityID: "x"}
	return e, &signalbox.Dispatch{
		ID: signalbox.DispatchID(e.ID, "rule"), EventID: e.ID, Rule: "rule", RuleVersion: 1, Namespace: namespace,
		WorkflowType: "Wait", WorkflowID: workflowID, TaskQueue: b.queue, Options: o, Status: signalbox.StatusPending,
	}
}

// attempt makes the next attempt.
func (b *bench) attempt(e *signalbox.Event, d *signalbox.Dispatch) signalbox.DispatchStatus {
	b.Helper()
	d.Attempts++
	list := []signalbox.Dispatch{*d}
	ctx, cancel := context.WithTimeout(b.Context(), attemptTimeout)
	defer cancel()
	b.runner.Start(ctx, e, list)
	*d = list[0]
	return d.Status
}

// settle makes attempts until the dispatch is settled, as the relay would.
func (b *bench) settle(e *signalbox.Event, d *signalbox.Dispatch) signalbox.DispatchStatus {
	b.Helper()
	d.Status = signalbox.StatusPending
	require.Eventually(b, func() bool { return b.attempt(e, d) != signalbox.StatusPending }, soon, 10*often, "%+v", d.LastError)
	return d.Status
}

// end makes the newest run of the id end, and waits until it has.
func (b *bench) end(workflowID, how string) {
	b.Helper()
	run := b.newest(workflowID)
	require.NoError(b, b.client.SignalWorkflow(b.Context(), workflowID, run, "end", how))
	require.Eventually(b, func() bool {
		described, err := b.client.DescribeWorkflowExecution(b.Context(), workflowID, run)
		require.NoError(b, err)
		return described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, soon, often)
}

func (b *bench) newest(workflowID string) string {
	b.Helper()
	described, err := b.client.DescribeWorkflowExecution(b.Context(), workflowID, "")
	require.NoError(b, err)
	return described.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// I2 for rules that have chosen an id and policies of their own: whatever has become
// of the run since, a repeated attempt comes out STARTED with it and makes no other.
func TestARepeatedAttemptFindsItsRun(t *testing.T) { // I2, X-08
	b := newBench(t)
	allow := signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate}
	failedOnly := signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowFailedOnly}
	fail := signalbox.StartOptions{ConflictPolicy: signalbox.ConflictFail}
	allowFail := signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate, ConflictPolicy: signalbox.ConflictFail}
	terminate := signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate, ConflictPolicy: signalbox.ConflictTerminateExisting}
	retried := allow
	retried.Retry = &signalbox.RetryPolicy{InitialInterval: time.Millisecond, MaximumAttempts: 2}
	for _, c := range []struct {
		name    string
		options signalbox.StartOptions
		ends    string // how our run ends; "" is not at all
		another bool   // another event's run follows with the same id
		ends2   string // how that one ends
	}{
		{"allow duplicates, running", allow, "", false, ""},
		{"allow duplicates, completed", allow, "complete", false, ""},
		{"allow duplicates, followed", allow, "complete", true, ""},
		{"allow duplicates, followed by one that has completed", allow, "complete", true, "complete"},
		{"allow duplicates, continued as new", allow, "continue", false, ""},
		{"allow duplicates, continued as new, and that completed", allow, "continue", false, "complete"},
		{"allow duplicates, retried by Temporal", retried, "fail", false, ""},
		{"failed only, failed", failedOnly, "fail", false, ""},
		{"failed only, followed", failedOnly, "fail", true, ""},
		{"failed only, followed by one that has failed", failedOnly, "fail", true, "fail"},
		{"fail, running", fail, "", false, ""},
		{"fail, completed", fail, "complete", false, ""},
		{"fail, followed", allowFail, "complete", true, ""},
		{"fail, followed by one that has completed", allowFail, "complete", true, "complete"},
		{"terminate, running", terminate, "", false, ""},
		{"terminate, completed", terminate, "complete", false, ""},
		{"terminate, terminated by another", terminate, "", true, ""},
		{"terminate, terminated by another that has completed", terminate, "", true, "complete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{T: t, client: b.client, runner: b.runner, queue: b.queue}
			id := uuid.NewString() + ` it's "a\b"`
			e, d := b.send(id, c.options)
			require.Equal(t, signalbox.StatusStarted, b.attempt(e, d), "%+v", d.LastError)
			run := d.RunID
			if c.ends != "" {
				b.end(id, c.ends)
			}
			if c.another {
				e2, d2 := b.send(id, c.options)
				require.Equal(t, signalbox.StatusStarted, b.attempt(e2, d2), "%+v", d2.LastError)
				require.NotEqual(t, run, d2.RunID)
			}
			if c.ends2 != "" {
				b.end(id, c.ends2)
			}
			newest := b.newest(id)
			require.Equal(t, signalbox.StatusStarted, b.settle(e, d), "%+v", d.LastError)
			require.Equal(t, run, d.RunID)
			require.Equal(t, newest, b.newest(id), "no run was made")
			described, err := b.client.DescribeWorkflowExecution(t.Context(), id, newest)
			require.NoError(t, err)
			if c.ends2 == "" && c.another {
				require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, described.GetWorkflowExecutionInfo().GetStatus(), "nor was one ended")
			}
		})
	}
}

// What the look is for: Temporal alone knows a request again only while its run is
// the newest. If this fails, earlier.go has become unnecessary.
func TestTemporalAloneStartsTwice(t *testing.T) {
	b := newBench(t)
	for name, o := range map[string]signalbox.StartOptions{
		"after a completed run": {ReusePolicy: signalbox.ReuseAllowDuplicate},
		"by terminating":        {ReusePolicy: signalbox.ReuseAllowDuplicate, ConflictPolicy: signalbox.ConflictTerminateExisting},
	} {
		t.Run(name, func(t *testing.T) {
			id := uuid.NewString()
			var runs []string
			first, d1 := b.send(id, o)
			second, d2 := b.send(id, o)
			for _, r := range []*workflowservice.StartWorkflowExecutionRequest{request(first, d1, "acme", "me"), request(second, d2, "acme", "me"), request(first, d1, "acme", "me")} {
				got, err := attempt(t.Context(), b.client.WorkflowService(), r)
				require.NoError(t, err)
				runs = append(runs, got.runID)
				if o.ConflictPolicy == "" {
					b.end(id, "complete")
				}
			}
			require.NotEqual(t, runs[0], runs[2])
		})
	}
}

func TestFirstAttemptsAndDefaultPoliciesLookAtNothing(t *testing.T) {
	b := newBench(t)
	e, d := b.send(uuid.NewString(), signalbox.StartOptions{})
	for range 3 {
		require.Equal(t, signalbox.StatusStarted, b.attempt(e, d))
	}
	e, d = b.send(uuid.NewString(), signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate})
	require.Equal(t, signalbox.StatusStarted, b.attempt(e, d))
	require.Zero(t, b.looks.Load())
	require.Equal(t, signalbox.StatusStarted, b.attempt(e, d))
	require.Equal(t, int64(1), b.looks.Load())
}

// Another event's run is in the way, and no earlier attempt has made one of ours.
func TestWhatARunInTheWayMeans(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		options signalbox.StartOptions
		ends    string
		status  signalbox.DispatchStatus
	}{
		"use existing, running":       {signalbox.StartOptions{}, "", signalbox.StatusReused},
		"use existing, completed":     {signalbox.StartOptions{}, "complete", signalbox.StatusReused},
		"fail, running":               {signalbox.StartOptions{ConflictPolicy: signalbox.ConflictFail}, "", signalbox.StatusFailed},
		"fail, completed":             {signalbox.StartOptions{ConflictPolicy: signalbox.ConflictFail}, "complete", signalbox.StatusFailed},
		"failed only, completed":      {signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowFailedOnly}, "complete", signalbox.StatusReused},
		"failed only, failed":         {signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowFailedOnly}, "fail", signalbox.StatusStarted},
		"allow duplicates, running":   {signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate}, "", signalbox.StatusReused},
		"allow duplicates, completed": {signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate}, "complete", signalbox.StatusStarted},
		"terminate without reuse":     {signalbox.StartOptions{ConflictPolicy: signalbox.ConflictTerminateExisting}, "", signalbox.StatusFailed},
	} {
		for _, before := range []int{0, 1} { // attempts that were never taken
			t.Run(fmt.Sprint(name, ", attempts before: ", before), func(t *testing.T) {
				b := &bench{T: t, client: b.client, runner: b.runner, queue: b.queue}
				id := uuid.NewString()
				other, theirs := b.send(id, signalbox.StartOptions{})
				require.Equal(t, signalbox.StatusStarted, b.attempt(other, theirs))
				if c.ends != "" {
					b.end(id, c.ends)
				}
				e, d := b.send(id, c.options)
				d.Attempts = before
				require.Equal(t, c.status, b.settle(e, d), "%+v", d.LastError)
				require.Equal(t, c.status == signalbox.StatusReused, d.RunID == theirs.RunID)
			})
		}
	}
}

func TestWhatARuleMapsArrives(t *testing.T) { // P-09, P-13
	b := newBench(t)
	attributes := map[string]enumspb.IndexedValueType{
		"SignalboxTestKeyword": enumspb.INDEXED_VALUE_TYPE_KEYWORD, "SignalboxTestList": enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		"SignalboxTestInt": enumspb.INDEXED_VALUE_TYPE_INT, "SignalboxTestBool": enumspb.INDEXED_VALUE_TYPE_BOOL,
		"SignalboxTestTime": enumspb.INDEXED_VALUE_TYPE_DATETIME, "SignalboxTestDouble": enumspb.INDEXED_VALUE_TYPE_DOUBLE,
	}
	_, err := b.client.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: attributes})
	var there *serviceerror.AlreadyExists
	if err != nil {
		require.ErrorAs(t, err, &there)
	}
	id := uuid.NewString()
	e, d := b.send(id, signalbox.StartOptions{
		Priority: 2, RunTimeout: time.Hour, ExecutionTimeout: 2 * time.Hour, TaskTimeout: 20 * time.Second,
		Retry: &signalbox.RetryPolicy{InitialInterval: 2 * time.Second, BackoffCoefficient: 1.5, MaximumInterval: time.Minute, MaximumAttempts: 4, NonRetryableErrorTypes: []string{"Told"}},
	})
	d.Input = json.RawMessage(`{ "n": 9007199254740993, "d": 123456789012345678901234567890.10 }`)
	d.Memo = json.RawMessage(`{"warehouse":"w1","n":9007199254740993,"rule":"not mine to say"}`)
	d.SearchAttributes = json.RawMessage(`{"SignalboxTestKeyword":"k","SignalboxTestList":["a","b"],"SignalboxTestInt":42,"SignalboxTestBool":true,"SignalboxTestTime":"2026-03-01T12:00:00.25Z","SignalboxTestDouble":1.5}`)
	// Attributes that were just registered are unknown to Temporal's front for a while.
	require.Eventually(t, func() bool {
		d.Status, d.Attempts = signalbox.StatusPending, 0
		return b.attempt(e, d) == signalbox.StatusStarted
	}, 2*soon, 20*often, "%+v", d.LastError)

	described, err := b.client.DescribeWorkflowExecution(t.Context(), id, d.RunID)
	require.NoError(t, err)
	info := described.GetWorkflowExecutionInfo()
	require.Equal(t, int32(2), info.GetPriority().GetPriorityKey())
	require.Equal(t, map[string]string{
		"warehouse": `"w1"`, "n": `9007199254740993`, "rule": `"rule"`, "signalbox": `"acme"`, "event": `"a/b"`, "eventID": `"` + e.ID.String() + `"`,
	}, texts(info.GetMemo().GetFields()))
	got := texts(info.GetSearchAttributes().GetIndexedFields())
	for name, want := range map[string]string{
		"SignalboxTestKeyword": `"k"`, "SignalboxTestList": `["a","b"]`, "SignalboxTestInt": `42`, "SignalboxTestBool": `true`,
		"SignalboxTestTime": `"2026-03-01T12:00:00.25Z"`, "SignalboxTestDouble": `1.5`,
	} {
		require.JSONEq(t, want, got[name], name)
	}
	require.Eventually(t, func() bool {
		found, err := b.client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, Query: "SignalboxTestList = 'b' AND SignalboxTestInt = 42 AND WorkflowId = '" + id + "'",
		})
		require.NoError(t, err)
		return len(found.GetExecutions()) == 1
	}, soon, often)

	history := b.client.GetWorkflowHistory(t.Context(), id, d.RunID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := history.Next()
	require.NoError(t, err)
	begun := first.GetWorkflowExecutionStartedEventAttributes()
	requireStarted(t, d, begun)
}

func requireStarted(t *testing.T, d *signalbox.Dispatch, begun *historypb.WorkflowExecutionStartedEventAttributes) {
	t.Helper()
	require.Equal(t, string(d.Input), string(begun.GetInput().GetPayloads()[0].GetData()))
	require.Equal(t, 2*time.Hour, begun.GetWorkflowExecutionTimeout().AsDuration())
	require.Equal(t, time.Hour, begun.GetWorkflowRunTimeout().AsDuration())
	require.Equal(t, 20*time.Second, begun.GetWorkflowTaskTimeout().AsDuration())
	retry := begun.GetRetryPolicy()
	require.Equal(t, 2*time.Second, retry.GetInitialInterval().AsDuration())
	require.InDelta(t, 1.5, retry.GetBackoffCoefficient(), 0)
	require.Equal(t, time.Minute, retry.GetMaximumInterval().AsDuration())
	require.Equal(t, int32(4), retry.GetMaximumAttempts())
	require.Equal(t, []string{"Told"}, retry.GetNonRetryableErrorTypes())
}

func texts(fields map[string]*commonpb.Payload) map[string]string {
	all := make(map[string]string, len(fields))
	for name, p := range fields {
		all[name] = string(p.GetData())
	}
	return all
}
