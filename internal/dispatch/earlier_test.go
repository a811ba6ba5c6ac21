package dispatch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// runs is a Temporal of which the newest run is described, and pages are listed.
type runs struct {
	newest  *workflowpb.WorkflowExecutionInfo
	pages   [][]*workflowpb.WorkflowExecutionInfo
	err     error // of the description
	listErr error
	queries []string
	starts  int
}

func (r *runs) StartWorkflowExecution(context.Context, *workflowservice.StartWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.StartWorkflowExecutionResponse, error) {
	r.starts++
	return &workflowservice.StartWorkflowExecutionResponse{RunId: "new", Started: true}, nil
}

func (r *runs) DescribeWorkflowExecution(context.Context, *workflowservice.DescribeWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: r.newest}, r.err
}

func (r *runs) ListWorkflowExecutions(_ context.Context, in *workflowservice.ListWorkflowExecutionsRequest, _ ...grpc.CallOption) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	r.queries = append(r.queries, in.Query)
	page := 0
	if len(in.NextPageToken) > 0 {
		page = int(in.NextPageToken[0])
	}
	out := &workflowservice.ListWorkflowExecutionsResponse{Executions: r.pages[page]}
	if page+1 < len(r.pages) {
		out.NextPageToken = []byte{byte(page + 1)}
	}
	return out, r.listErr
}

func TestEarlier(t *testing.T) { // I2
	e, d := sample()
	d.Options.ReusePolicy = signalbox.ReuseAllowDuplicate
	run := func(id, eventID, rule string, age time.Duration) *workflowpb.WorkflowExecutionInfo {
		return &workflowpb.WorkflowExecutionInfo{
			Execution: &commonpb.WorkflowExecution{RunId: id}, StartTime: timestamppb.New(e.ReceivedAt().Add(-age)),
			Memo: &commonpb.Memo{Fields: map[string]*commonpb.Payload{memoEventID: jsonString(eventID), memoRule: jsonString(rule)}},
		}
	}
	ours := run("ours", e.ID.String(), d.Rule, 0)
	other, older := run("other", "another", d.Rule, 0), run("older", "another", d.Rule, time.Hour)
	sibling := run("sibling", e.ID.String(), "another rule", 0)
	offspring := run("offspring", e.ID.String(), d.Rule, 0)
	offspring.FirstRunId = "ours"
	type pages = [][]*workflowpb.WorkflowExecutionInfo
	for name, c := range map[string]struct {
		temporal runs
		attempts int
		run      string
		code     signalbox.DispatchErrorCode
		lists    int
	}{
		"a first attempt looks at nothing":       {runs{err: errors.New("asked")}, 1, "new", "", 0},
		"no run has the id":                      {runs{err: serviceerror.NewNotFound("none")}, 2, "new", "", 0},
		"ours is the newest":                     {runs{newest: ours}, 2, "ours", "", 0},
		"an offspring of ours is":                {runs{newest: offspring}, 2, "ours", "", 0},
		"the newest is older than the event":     {runs{newest: older}, 2, "new", "", 0},
		"another has followed ours":              {runs{newest: other, pages: pages{{other, ours}}}, 2, "ours", "", 1},
		"ours is on a later page":                {runs{newest: other, pages: pages{{other}, {sibling}, {ours}}}, 2, "ours", "", 3},
		"ours never was":                         {runs{newest: other, pages: pages{{other}, {sibling, older}}}, 2, "new", "", 2},
		"the list is behind":                     {runs{newest: other, pages: pages{{older}}}, 2, "", signalbox.DispatchUnexpected, 1},
		"the list is behind, and has ours":       {runs{newest: other, pages: pages{{ours}}}, 2, "ours", "", 1},
		"too many lists rest no lane":            {runs{newest: other, pages: pages{{}}, listErr: serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "lists")}, 2, "", signalbox.DispatchUnexpected, 1},
		"Temporal is away":                       {runs{err: serviceerror.NewUnavailable("away")}, 2, "", signalbox.DispatchUnavailable, 0},
		"Temporal goes away":                     {runs{newest: other, pages: pages{{}}, listErr: serviceerror.NewUnavailable("away")}, 2, "", signalbox.DispatchUnavailable, 1},
		"the namespace has gone":                 {runs{err: serviceerror.NewNamespaceNotFound("ns")}, 2, "", signalbox.DispatchNamespaceNotFound, 0},
		"a sibling of the same event is another": {runs{newest: sibling, pages: pages{{sibling}}}, 2, "new", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := *d
			d.Attempts = c.attempts
			r := &Runner{cfg: Config{Temporal: &c.temporal, TenantSlug: acme}}
			got, err := r.attempt(t.Context(), e, &d)
			require.Equal(t, c.run, got.runID)
			require.False(t, got.reused)
			if c.code == "" {
				require.NoError(t, err)
			} else {
				failure, _ := classify(err)
				require.Equal(t, c.code, failure.Code)
			}
			require.Len(t, c.temporal.queries, c.lists)
			require.Equal(t, c.run == "new", c.temporal.starts == 1, "a start is sent only where none was")
		})
	}
}

func TestOnlyRiskyPoliciesAreLookedAt(t *testing.T) {
	for _, c := range []struct {
		options signalbox.StartOptions
		risky   bool
	}{
		{signalbox.StartOptions{}, false},
		{signalbox.StartOptions{ReusePolicy: signalbox.ReuseRejectDuplicate, ConflictPolicy: signalbox.ConflictUseExisting}, false},
		{signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate}, true},
		{signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowFailedOnly}, true},
		{signalbox.StartOptions{ConflictPolicy: signalbox.ConflictFail}, true},
		{signalbox.StartOptions{ConflictPolicy: signalbox.ConflictTerminateExisting}, true},
	} {
		require.Equal(t, c.risky, mayStartTwice(&signalbox.Dispatch{Attempts: 2, Options: c.options}), "%+v", c.options)
		require.False(t, mayStartTwice(&signalbox.Dispatch{Attempts: 1, Options: c.options}))
	}
}

func TestListFilterKeepsItsQuotes(t *testing.T) {
	for id, want := range map[string]string{
		"order/1": `WorkflowId = 'order/1'`,
		"o' OR x": `WorkflowId = 'o\' OR x'`,
		`a'b"c`:   `WorkflowId STARTS_WITH 'a\'b'`,
		`a\'`:     `WorkflowId STARTS_WITH 'a'`,
		`"`:       `WorkflowId STARTS_WITH ''`,
		`\' OR 1`: `WorkflowId STARTS_WITH ''`,
	} {
		require.Equal(t, want, withWorkflowID(id))
		require.False(t, strings.HasSuffix(withWorkflowID(id), `\'`), "the end is quoted away")
	}
}

// An answer that names our own request is ours, whatever the policy.
func TestAnAnswerThatNamesOurRequestIsOurs(t *testing.T) {
	e, d := sample()
	d.Options.ConflictPolicy = signalbox.ConflictFail
	in := request(e, d, "acme", "me")
	for requestID, want := range map[string]started{in.RequestId: {runID: "run"}, "another": {}} {
		got, err := attempt(t.Context(), refusing{serviceerror.NewWorkflowExecutionAlreadyStarted("there", requestID, "run")}, in)
		require.Equal(t, want, got)
		require.Equal(t, want.runID == "", err != nil)
	}
}

type refusing struct{ err error }

func (f refusing) StartWorkflowExecution(context.Context, *workflowservice.StartWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.StartWorkflowExecutionResponse, error) {
	return nil, f.err
}

func (f refusing) DescribeWorkflowExecution(context.Context, *workflowservice.DescribeWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return nil, f.err
}

func (f refusing) ListWorkflowExecutions(context.Context, *workflowservice.ListWorkflowExecutionsRequest, ...grpc.CallOption) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return nil, f.err
}

// A server that does not know a tenant's name leaves its starts to one that does: a
// workflow is never told of another name.
func TestAStartWaitsForItsTenantsName(t *testing.T) {
	var names error = signalbox.Errorf(signalbox.CodeUnavailable, "not loaded")
	temporal := &runs{}
	r := &Runner{cfg: Config{Temporal: temporal, TenantSlug: func(signalbox.ID) (string, error) { return "acme", names }}}
	d := signalbox.Dispatch{Attempts: 1, WorkflowID: "w"}
	_, err := r.attempt(t.Context(), &signalbox.Event{}, &d)
	require.ErrorContains(t, err, "not loaded")
	_, permanent := classify(err)
	require.False(t, permanent)
	require.Zero(t, temporal.starts)
	names = nil
	_, err = r.attempt(t.Context(), &signalbox.Event{}, &d)
	require.NoError(t, err)
	require.Equal(t, 1, temporal.starts)
}
