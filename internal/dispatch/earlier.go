package dispatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// clockSkew is how far Temporal's clock may be behind ours.
	clockSkew = time.Minute
	// runsPerPage is Temporal's own limit of a list.
	runsPerPage = 1000
)

// errListBehind is a failure that passes: Temporal's list of runs is made after the
// fact, usually within a second.
var errListBehind = errors.New("Temporal's list of runs does not have the newest run of this workflow id yet, so that an earlier start cannot be ruled out")

// mayStartTwice tells whether repeating the start could make a second run. Temporal
// knows a request again by its id while the run that it made is the newest of its
// workflow id, running or closed. Once another has that place, only the two default
// policies keep a repetition from making one more.
//
// A first attempt repeats nothing, so that the usual start pays for none of this.
func mayStartTwice(d *signalbox.Dispatch) bool {
	o := &d.Options
	return d.Attempts > 1 &&
		((o.ReusePolicy != "" && o.ReusePolicy != signalbox.ReuseRejectDuplicate) ||
			(o.ConflictPolicy != "" && o.ConflictPolicy != signalbox.ConflictUseExisting))
}

// earlier finds the run that an earlier attempt at the dispatch has made; "" is none.
//
// Runs of one workflow id follow each other. If the newest is ours, or an offspring
// of ours (a retry, a continued one: they inherit the memo), that is it. If it began
// before the event was received, ours, which would be newer, does not exist. Else
// another event's run may have followed ours, and Temporal's list says so. The list
// is behind by a little: it is believed once it has the newest run, since one shard
// enters all runs of an id, in their order.
//
// What remains: that order is kept as long as no entry has to be tried again, so that
// an error of Temporal's visibility store at just that entry could still hide a run.
func earlier(ctx context.Context, temporal Temporal, e *signalbox.Event, d *signalbox.Dispatch) (runID string, err error) {
	described, err := temporal.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: d.Namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: d.WorkflowID},
	})
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	newest := described.GetWorkflowExecutionInfo()
	if isOf(newest, e, d) {
		return firstRun(newest), nil
	}
	since := e.ReceivedAt().Add(-clockSkew)
	if newest.GetStartTime().AsTime().Before(since) {
		return "", nil
	}

	in := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: d.Namespace, PageSize: runsPerPage,
		Query: fmt.Sprintf("%s AND StartTime >= '%s'", withWorkflowID(d.WorkflowID), since.Format(time.RFC3339Nano)),
	}
	current := false
	for {
		page, err := temporal.ListWorkflowExecutions(ctx, in)
		var exhausted *serviceerror.ResourceExhausted
		if errors.As(err, &exhausted) { // lists have a limit of their own, which says nothing of starts
			return "", fmt.Errorf("look for an earlier start: %s", exhausted.Message)
		}
		if err != nil {
			return "", err
		}
		for _, run := range page.GetExecutions() {
			if isOf(run, e, d) {
				return firstRun(run), nil
			}
			current = current || run.GetExecution().GetRunId() == newest.GetExecution().GetRunId()
		}
		if in.NextPageToken = page.GetNextPageToken(); len(in.NextPageToken) == 0 {
			break
		}
	}
	if !current {
		return "", errListBehind
	}
	return "", nil
}

// isOf tells whether a run is what this rule started for this event.
func isOf(run *workflowpb.WorkflowExecutionInfo, e *signalbox.Event, d *signalbox.Dispatch) bool {
	fields := run.GetMemo().GetFields()
	return bytes.Equal(fields[memoEventID].GetData(), jsonString(e.ID.String()).GetData()) &&
		bytes.Equal(fields[memoRule].GetData(), jsonString(d.Rule).GetData())
}

// firstRun is the run that was started, of those that one start may become.
func firstRun(run *workflowpb.WorkflowExecutionInfo) string {
	if first := run.GetFirstRunId(); first != "" {
		return first
	}
	return run.GetExecution().GetRunId()
}

// withWorkflowID is a list filter that the runs of the id pass, and maybe others: on
// Postgres, Temporal (1.32) finds no id that has a " or a \ in it, so that the filter
// is by what is before those.
func withWorkflowID(id string) string {
	text := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `\'`) + "'" }
	if i := strings.IndexAny(id, `"\`); i >= 0 {
		return "WorkflowId STARTS_WITH " + text(id[:i])
	}
	return "WorkflowId = " + text(id)
}
