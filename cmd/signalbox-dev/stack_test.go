package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/signalbox/signalbox/cmd/signalbox-dev/demo"
)

// The demo workflows on the real Temporal: all of them complete, and replaying
// their histories shows that they are deterministic.
func TestDemoWorkflowsRunOnTheRealTemporal(t *testing.T) {
	t.Parallel()
	a := start(t, deps(openDir(t), "--no-ui")...).ready()
	w, err := demo.Start(t.Context(), demo.Config{Address: a.Temporal, Namespace: a.Namespace, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Stop(context.WithoutCancel(t.Context()))) })
	c := dial(t, a.Temporal)

	const text = `{"event":{"id":"e-1","type":"inventory","operation":"low_stock_alert"},"payload":{"id":"item-42","data":{"current":0.10,"threshold":9007199254740993}}}`
	for _, name := range []string{"ReorderStock", "NotifyCustomer", "HandleOrderException", "InvestigateQuality", "EscalateWorkflow"} {
		t.Run(name, func(t *testing.T) {
			run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
				ID: name + "/e-1", TaskQueue: demo.TaskQueue, StaticSummary: "inventory/low_stock_alert e-1",
			}, name, json.RawMessage(text))
			require.NoError(t, err)
			var r demo.Result
			require.NoError(t, run.Get(t.Context(), &r))
			require.Equal(t, "inventory/low_stock_alert", r.Event)
			require.Equal(t, "e-1", r.EventID)
			require.Equal(t, `{"current":0.10,"threshold":9007199254740993}`, string(r.Data), "P-05: digit for digit")
			if name == "ReorderStock" {
				require.Equal(t, "18014398509481985.9", r.Quantity.String())
			}
			answer, err := c.QueryWorkflow(t.Context(), run.GetID(), run.GetRunID(), demo.StatusQuery)
			require.NoError(t, err)
			var status demo.Status
			require.NoError(t, answer.Get(&status))
			require.True(t, status.Done)

			replayer := worker.NewWorkflowReplayer()
			demo.RegisterWorkflows(replayer)
			require.NoError(t, replayer.ReplayWorkflowExecution(t.Context(), c.WorkflowService(), nil, a.Namespace,
				workflow.Execution{ID: run.GetID(), RunID: run.GetRunID()}))
		})
	}
	for _, name := range []string{"Complete", "Record"} {
		run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: name, TaskQueue: demo.TaskQueue}, name, json.RawMessage(text))
		require.NoError(t, err)
		var out converter.RawValue
		require.NoError(t, run.Get(t.Context(), &out))
		require.Equal(t, text, string(out.Payload().GetData())) //nolint:testifylint // byte for byte is the point
	}
}

// requireUI loads the page, a script that it names, and what the script would
// ask Temporal for.
func requireUI(t *testing.T, url string) {
	t.Helper()
	page := get(t, url+"/")
	script := regexp.MustCompile(`/_app/[^"' ]+\.js`).FindString(page)
	require.NotEmpty(t, script, page)
	require.NotEmpty(t, get(t, url+script))
	require.Contains(t, get(t, url+"/api/v1/namespaces/default"), `"workflowExecutionRetentionTtl": "604800s"`)
	require.Contains(t, get(t, url+"/api/v1/settings"), `"DisableNewsFetch":true`)
	require.NotRegexp(t, `(?:src|href)=["']https?://`, page, "everything comes from the binary")
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, url)
	return string(body)
}
