package dispatch

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/temporalproto"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestRequestsAreReadable(t *testing.T) { // P-05, P-28
	e, d := sample()
	e.Type = "inv\"<ü"
	d.Options = signalbox.StartOptions{
		ConflictPolicy: signalbox.ConflictFail, RunTimeout: 90 * time.Minute, Priority: 1,
		Retry: &signalbox.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumAttempts: 3},
	}
	d.Input = json.RawMessage(`{ "n": 9007199254740993, "d": 123456789012345678901234567890.10, "s": "\u00fc" }`)
	d.Memo = json.RawMessage(`{"big":9007199254740993,"a \"b\"":[1, 2]}`)
	d.SearchAttributes = json.RawMessage(`{"K":"v","N":123456789012345678901234567890}`)
	whole := *d
	whole.Input, whole.Memo, whole.SearchAttributes, whole.Options = nil, nil, nil, signalbox.StartOptions{}
	runner, err := NewRunner(Config{
		Temporal: temporalFunc(nil), Mark: func(signalbox.Mark) {}, TenantSlug: acme, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	texts, err := runner.Requests(e, []signalbox.Dispatch{*d, whole})
	require.NoError(t, err)
	require.Len(t, texts, 2)

	mapped := string(texts[0])
	for _, part := range []string{
		`"input":[{ "n": 9007199254740993, "d": 123456789012345678901234567890.10, "s": "\u00fc" }]`,
		`"big":9007199254740993`, `"N":123456789012345678901234567890`, `"a \"b\"":[1, 2]`,
		`"requestId":"` + d.ID.String() + `"`, `"workflowRunTimeout":"5400s"`, `"priorityKey":1`, `"maximumAttempts":3`,
		`"workflowIdConflictPolicy":"WORKFLOW_ID_CONFLICT_POLICY_FAIL"`, `"namespace":"ns"`,
	} {
		require.Contains(t, mapped, part)
	}
	require.Contains(t, string(texts[1]), `"input":[{"event":{"id":"`+e.ID.String()+`"`)
	require.NotContains(t, string(texts[1]), "searchAttributes")

	// Read back as Temporal's tools do, they are what is sent, but for the digits that
	// those tools lose.
	for i, sent := range []*signalbox.Dispatch{d, &whole} {
		require.True(t, json.Valid(texts[i]), "%s", texts[i])
		var got workflowservice.StartWorkflowExecutionRequest
		require.NoError(t, temporalproto.CustomJSONUnmarshalOptions{
			Metadata: map[string]any{commonpb.EnablePayloadShorthandMetadataKey: true},
		}.Unmarshal(texts[i], &got), "%s", texts[i])
		want := request(e, sent, "acme", runner.identity)
		require.Len(t, got.GetInput().GetPayloads(), 1)
		require.Len(t, got.GetMemo().GetFields(), len(want.GetMemo().GetFields()))
		require.Len(t, got.GetSearchAttributes().GetIndexedFields(), len(want.GetSearchAttributes().GetIndexedFields()))
		require.JSONEq(t, string(want.GetUserMetadata().GetSummary().GetData()), string(got.GetUserMetadata().GetSummary().GetData()))
		got.Input, got.Memo, got.SearchAttributes, got.UserMetadata = nil, nil, nil, nil
		want.Input, want.Memo, want.SearchAttributes, want.UserMetadata = nil, nil, nil, nil
		require.True(t, temporalproto.DeepEqual(want, &got), "%v\n%v", want, &got)
	}
}

func TestOurMemoFieldsWin(t *testing.T) {
	e, d := sample()
	d.Memo = json.RawMessage(`{"rule":"other","eventID":1,"event":null,"signalbox":[],"own":{"a": 1.10}}`)
	require.Equal(t, map[string]string{
		"rule": `"reorder"`, "eventID": `"` + e.ID.String() + `"`, "event": `"inventory/low_stock_alert"`, "signalbox": `"acme"`, "own": `{"a": 1.10}`,
	}, texts(memo(e, d, "acme")))
}
