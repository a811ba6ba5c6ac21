package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func sample() (*signalbox.Event, *signalbox.Dispatch) {
	id, err := signalbox.ParseID("01890a5d-ac96-774b-bcce-b302099a8057")
	if err != nil {
		panic(err)
	}
	e := &signalbox.Event{
		ID: id, Type: "inventory", Operation: "low_stock_alert", EntityID: `item "42"`,
		Data: json.RawMessage(`{ "n": 1.10,  "s": "\u00fc" }`), Subject: "line\nbreak",
		OccurredAt: time.Date(2026, 3, 1, 12, 0, 0, 5, time.FixedZone("", 3600)), SchemaVersion: 3,
	}
	d := &signalbox.Dispatch{
		ID: signalbox.DispatchID(id, "reorder"), EventID: id, Rule: "reorder", RuleVersion: 2,
		Namespace: "ns", WorkflowType: "W", WorkflowID: "reorder/" + id.String(), TaskQueue: "q",
	}
	return e, d
}

func TestEnvelope(t *testing.T) { // P-03, P-05
	e, d := sample()
	const want = `{"event":{"id":"01890a5d-ac96-774b-bcce-b302099a8057","type":"inventory","operation":"low_stock_alert","source":null,` +
		`"subject":"line\nbreak","occurredAt":"2026-03-01T11:00:00.000000005Z","receivedAt":"2023-06-30T03:04:05.782Z","schemaVersion":3,` +
		`"metadata":{},"tenant":"acme","rule":"reorder","ruleVersion":2},"payload":{"id":"item \"42\"","data":{ "n": 1.10,  "s": "\u00fc" }}}`
	got := string(envelope(e, d, "acme"))
	var parsed any
	require.NoError(t, json.Unmarshal([]byte(got), &parsed))
	receivedAt := e.ReceivedAt().Format(time.RFC3339Nano)
	require.Equal(t, strings.Replace(want, "2023-06-30T03:04:05.782Z", receivedAt, 1), got) //nolint:testifylint // byte for byte is the point.

	e.Data = nil
	require.True(t, strings.HasSuffix(string(envelope(e, d, "acme")), `"payload":{"id":"item \"42\""}}`), "absent stays absent")
	e.Data = json.RawMessage("null")
	require.Contains(t, string(envelope(e, d, "acme")), `"data":null}`)
}

func TestEveryAttemptMakesTheSameRequest(t *testing.T) {
	e, d := sample()
	first := request(e, d, "acme", "me")
	d.Attempts = 7
	require.Equal(t, first.String(), request(e, d, "acme", "me").String())
	require.Equal(t, d.ID.String(), first.RequestId)
	require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, first.WorkflowIdReusePolicy)
	require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, first.WorkflowIdConflictPolicy)
}

func TestTheSummaryFitsTemporalsLimit(t *testing.T) {
	e, d := sample()
	e.Type, e.Operation = strings.Repeat("ü", 128), strings.Repeat("世", 128)
	summary := request(e, d, "acme", "me").GetUserMetadata().GetSummary().GetData()
	require.LessOrEqual(t, len(summary), maxSummary)
	require.True(t, json.Valid(summary))
}

func TestClassify(t *testing.T) { // P-19
	for _, c := range []struct {
		err       error
		code      signalbox.DispatchErrorCode
		permanent bool
	}{
		{serviceerror.NewNamespaceNotFound("x"), signalbox.DispatchNamespaceNotFound, true},
		{serviceerror.NewInvalidArgument("bad id"), signalbox.DispatchInvalidArgument, true},
		{serviceerror.NewPermissionDenied("no", ""), signalbox.DispatchPermissionDenied, true},
		{serviceerror.NewWorkflowExecutionAlreadyStarted("there", "other", "run"), signalbox.DispatchAlreadyStarted, true},
		{serviceerror.NewUnavailable("down"), signalbox.DispatchUnavailable, false},
		{serviceerror.NewDeadlineExceeded("slow"), signalbox.DispatchDeadline, false},
		{context.DeadlineExceeded, signalbox.DispatchDeadline, false},
		{fmt.Errorf("wrapped: %w", context.Canceled), signalbox.DispatchDeadline, false},
		{serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "busy"), signalbox.DispatchResourceExhausted, false},
		{serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW, "one id is busy"), signalbox.DispatchUnexpected, false},
		{serviceerror.NewInternal("?"), signalbox.DispatchUnexpected, false},
		{errors.New("never seen"), signalbox.DispatchUnexpected, false},
	} {
		got, permanent := classify(c.err)
		require.Equal(t, c.code, got.Code, "%v", c.err)
		require.Equal(t, c.permanent, permanent, "%v", c.err)
		require.NotEmpty(t, got.Message)
	}
}

func TestBackoffDoublesToAMinute(t *testing.T) {
	for n, want := range map[int]time.Duration{
		0: backoffBase, 1: backoffBase, 2: 2 * backoffBase, 5: 16 * backoffBase, 7: 32 * time.Second, 8: backoffCap, 50: backoffCap, 1 << 30: backoffCap,
	} {
		for range 50 {
			got := backoff(n)
			require.GreaterOrEqual(t, got, want/2, "attempt %d", n)
			require.Less(t, got, want, "attempt %d", n)
		}
	}
}
