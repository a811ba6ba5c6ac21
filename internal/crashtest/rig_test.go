package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const namespace = "default"

// rig is a database with the catalogue applied and a worker whose workflow
// completes at once: a double start shows only on completed runs.
type rig struct {
	dsn      string
	temporal string
	client   client.Client
	queue    string
	key      string // lets in whoever has it, to do anything

	mu       sync.Mutex
	executed map[string]Run // by run id
}

func sharedTemporal(t *testing.T) string {
	t.Helper()
	address := os.Getenv("SIGNALBOX_TEST_TEMPORAL")
	require.NotEmpty(t, address, "tests need a real Temporal: run them with `make test`, or name one in SIGNALBOX_TEST_TEMPORAL")
	return address
}

func newRig(t *testing.T, dsn, temporal string) *rig {
	t.Helper()
	r := &rig{dsn: dsn, temporal: temporal, queue: "crash-" + uuid.NewString(), executed: make(map[string]Run)}
	r.apply(t)
	r.key = strings.TrimSpace(signalbox(t, "keys", "create", "--dsn", dsn, "--name", "load", "--can", "tenant:admin"))
	c, err := client.NewLazyClient(client.Options{HostPort: temporal, Namespace: namespace, Logger: quiet{}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	r.client = c
	w := worker.New(c, r.queue, worker.Options{
		WorkerStopTimeout:                time.Second,
		MaxConcurrentWorkflowTaskPollers: 8, // so that runs complete before their starts can be repeated
	})
	w.RegisterWorkflowWithOptions(r.run, workflow.RegisterOptions{Name: "Complete"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return r
}

// more is what rules say beside where they are and what they start: one has a
// condition on a number that only its digits hold, and an input of its own.
var more = map[string]string{
	"restock": `when: 'payload.data.n >= 0 && payload.data.big > 9007199254740993 && payload.data.which in ["first", "other"]'
    tests: [{name: t, event: {data: {n: 1.10, big: 900719925474099312345, which: first}}, expect: MATCHED}]`,
}

const ownInput = `, input: {event: '{"id": event.id}', big: payload.data.big}`

// apply registers the load's operations and their rules, and one that never matches.
func (r *rig) apply(t *testing.T) {
	t.Helper()
	var text strings.Builder
	text.WriteString("types:\n  - type: order\n    operations: [placed, {name: returned, fields: {key: string, which: string, n: number, big: integer, text: string, empty: object}}, viewed]\nrules:\n")
	for operation, rules := range rulesOf {
		for _, rule := range rules {
			input := ""
			if more[rule] != "" {
				input = ownInput
			}
			fmt.Fprintf(&text, "  - name: %s\n    on: {event: \"order:%s\"}\n    start: {workflow: Complete, taskQueue: %s%s}\n    %s\n", rule, operation, r.queue, input, more[rule])
		}
	}
	fmt.Fprintf(&text, "  - {name: never, on: {event: \"order:placed\"}, when: payload.data.n < 0, start: {workflow: Complete, taskQueue: %s}}\n", r.queue)
	file := filepath.Join(t.TempDir(), "catalogue.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	signalbox(t, "apply", "--dsn", r.dsn, "-f", file)
}

// run is the workflow. It notes which run got which event; a replay notes the same.
func (r *rig) run(ctx workflow.Context, in json.RawMessage) error {
	var envelope struct{ Event struct{ ID string } }
	if err := json.Unmarshal(in, &envelope); err != nil {
		return err
	}
	execution := workflow.GetInfo(ctx).WorkflowExecution
	r.mu.Lock()
	defer r.mu.Unlock()
	r.executed[execution.RunID] = Run{WorkflowID: execution.ID, RunID: execution.RunID, EventID: envelope.Event.ID}
	return nil
}

func (r *rig) executions() []Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Run
	for _, run := range r.executed {
		all = append(all, run)
	}
	return all
}

// pending are the dispatches still to be started.
func (r *rig) pending(ctx context.Context) ([]string, error) {
	return rows(ctx, r.dsn, pgx.RowTo[string], `SELECT id::text FROM dispatches WHERE status = 'PENDING'`)
}

// whyPending tells of each dispatch still to be started how often that was tried,
// what came of it, and when it is due.
func (r *rig) whyPending(t *testing.T) []string {
	t.Helper()
	why, err := rows(t.Context(), r.dsn, pgx.RowTo[string],
		`SELECT format('%s attempts, %s, due in %s', attempts, coalesce(error_code, 'no error'), due_at - now()) FROM dispatches WHERE status = 'PENDING' LIMIT 10`)
	require.NoError(t, err)
	return why
}

// temporalWasSlow tells whether starts have run into their timeout: on a machine
// that starves Temporal, no server can start work in time.
func (r *rig) temporalWasSlow(t *testing.T) bool {
	t.Helper()
	slow, err := rows(t.Context(), r.dsn, pgx.RowTo[int], `SELECT 1 FROM dispatches WHERE error_code IN ('DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED') LIMIT 1`)
	require.NoError(t, err)
	return len(slow) > 0
}

// listed are the runs on our task queue as Temporal's visibility has them, and how
// many are still open.
func (r *rig) listed(ctx context.Context) (runs []Run, open int, err error) {
	var page []byte
	for {
		resp, err := r.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, PageSize: 1000, NextPageToken: page, Query: fmt.Sprintf("TaskQueue = '%s'", r.queue),
		})
		if err != nil {
			return nil, 0, err
		}
		for _, e := range resp.GetExecutions() {
			runs = append(runs, Run{WorkflowID: e.GetExecution().GetWorkflowId(), RunID: e.GetExecution().GetRunId()})
			if e.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
				open++
			}
		}
		if page = resp.GetNextPageToken(); len(page) == 0 {
			return runs, open, nil
		}
	}
}

// check waits until the system is quiet and compares everything. What has not
// come to rest in time shows in the report.
func (r *rig) check(t *testing.T, l *load, within time.Duration) Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within+30*time.Second)
	defer cancel()
	state := State{Answers: l.answers(), Rules: rulesOf}
	before := -1
	for deadline := time.Now().Add(within); ; {
		pending, err := r.pending(ctx)
		require.NoError(t, err)
		listed, open, err := r.listed(ctx)
		require.NoError(t, err)
		state.Listed, state.Executed = listed, r.executions()
		// Visibility is written a moment after the run, so twice the same number
		// that the worker has seen is what counts as rest.
		quiet := len(pending) == 0 && open == 0 && len(listed) == len(state.Executed) && len(listed) == before
		before = len(listed)
		if quiet || time.Now().After(deadline) {
			break
		}
		time.Sleep(10 * often)
	}
	var err error
	state.Events, err = rows(ctx, r.dsn, pgx.RowToStructByPos[Event], `SELECT id::text, entity_id, operation, data::text FROM events`)
	require.NoError(t, err)
	state.Dispatches, err = rows(ctx, r.dsn, pgx.RowToStructByPos[Dispatch],
		`SELECT event_id::text, rule, status, workflow_id, coalesce(run_id, '') FROM dispatches`)
	require.NoError(t, err)
	report := Check(state)
	for _, v := range report.Violations[:min(len(report.Violations), 20)] {
		t.Errorf("%s", v)
	}
	require.Zero(t, l.unanswered.Load(), "sends that were never answered")
	t.Logf("%s", l.summary(0))
	t.Logf("%d keys acknowledged, %d events, %d runs, %d lost, %d doubled",
		report.Acknowledged, len(state.Events), len(state.Listed), report.Lost, report.Doubled)
	return report
}

// awaitStarted waits until none of the dispatches is PENDING.
func (r *rig) awaitStarted(t *testing.T, ids []string, deadline time.Time) bool {
	t.Helper()
	for {
		pending, err := r.pending(t.Context())
		if err == nil && !slices.ContainsFunc(pending, func(id string) bool { return slices.Contains(ids, id) }) {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(often)
	}
}

// rows reads Postgres on a connection of its own, past the code under test.
func rows[T any](ctx context.Context, dsn string, scan pgx.RowToFunc[T], sql string) ([]T, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	found, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, scan)
}

// quiet drops the SDK's log: that servers go away is the point here.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// noRow is for statements that answer none.
func noRow(pgx.CollectableRow) (struct{}, error) { return struct{}{}, nil }
