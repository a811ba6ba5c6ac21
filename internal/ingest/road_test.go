package ingest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"

	"github.com/signalbox/signalbox/internal/catalogue"
	"github.com/signalbox/signalbox/internal/dispatch"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/limit"
	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// road is the whole of it on a real Postgres and a real Temporal, with a gate in
// front of Temporal where a test needs faults.
type road struct {
	*ingest.Service
	db       *postgres.DB
	temporal client.Client
	queue    string
	faults   *faults
	who      signalbox.Principal
}

// faults stands between the road and Temporal.
type faults struct {
	dispatch.Temporal
	before atomic.Pointer[func(ctx context.Context) error] // an error instead of the call
	after  atomic.Pointer[func() error]                    // an error instead of the answer
	calls  atomic.Int64
}

func (f *faults) StartWorkflowExecution(ctx context.Context, in *workflowservice.StartWorkflowExecutionRequest, opts ...grpc.CallOption) (*workflowservice.StartWorkflowExecutionResponse, error) {
	f.calls.Add(1)
	if do := f.before.Load(); do != nil {
		if err := (*do)(ctx); err != nil {
			return nil, err
		}
	}
	resp, err := f.Temporal.StartWorkflowExecution(ctx, in, opts...)
	if do := f.after.Load(); do != nil {
		if err := (*do)(); err != nil {
			return nil, err
		}
	}
	return resp, err
}

const (
	namespace = "default"
	soon      = time.Minute
	often     = 20 * time.Millisecond
)

// options are what a test chooses of the road; rules without a task queue get the
// test's own.
type options struct {
	rules      []signalbox.Rule
	limits     ingest.Limits
	maxBacklog int
	noRelay    bool
	server     signalbox.Limits
	unknown    signalbox.UnknownNames
	registered []signalbox.EventType // instead of the usual ones
}

func noJitter() float64 { return 0 }

// limiter holds to no limits but the given ones.
func limiter(t *testing.T, server signalbox.Limits) *limit.Limiter {
	t.Helper()
	l, err := limit.New(limit.Config{Server: server, Now: time.Now, Random: noJitter})
	require.NoError(t, err)
	return l
}

// admin may do everything in its tenant.
func admin(tenant signalbox.Tenant) signalbox.Principal { return may(tenant, "tenant:admin") }

// may is who has these permissions and no others.
func may(tenant signalbox.Tenant, permissions ...string) signalbox.Principal {
	all, err := signalbox.ParsePermissions(permissions)
	if err != nil {
		panic(err) // it is the test's own
	}
	return signalbox.Principal{Tenant: tenant, Permissions: all, Key: signalbox.ID{15: 7}}
}

func newRoad(t *testing.T, o options) *road {
	t.Helper()
	address := os.Getenv("SIGNALBOX_TEST_TEMPORAL")
	require.NotEmpty(t, address, "tests need a real Temporal: run them with `make test`, or name one in SIGNALBOX_TEST_TEMPORAL")
	log := slog.New(slog.DiscardHandler)
	db := pgtest.Open(t)
	queue := "test-" + uuid.NewString()
	for i := range o.rules {
		if o.rules[i].Start.TaskQueue == "" {
			o.rules[i].Start.TaskQueue = queue
		}
		if o.rules[i].State == "" {
			o.rules[i].State = signalbox.RuleEnabled
		}
	}
	if o.registered == nil {
		o.registered = []signalbox.EventType{{Type: "inventory", Operation: "low_stock_alert"}, {Type: "inventory", Operation: "item_expired"}, {Type: "order", Operation: "placed"}}
	}
	var settings *signalbox.TenantSettings
	if o.unknown != "" {
		settings = &signalbox.TenantSettings{UnknownNames: o.unknown}
	}
	owner, err := db.TenantBySlug(t.Context(), signalbox.DefaultTenantSlug)
	require.NoError(t, err)
	_, err = db.Edit(t.Context(), signalbox.Principal{Tenant: owner, Actor: "test"}, false, func(signalbox.Tenant, signalbox.Catalogue) (signalbox.Catalogue, error) {
		return signalbox.Catalogue{Types: o.registered, Rules: o.rules, Settings: settings}, nil
	})
	require.NoError(t, err)
	live, err := catalogue.NewLive(t.Context(), db, namespace, log)
	require.NoError(t, err)

	temporal, err := dispatch.Dial(dispatch.DialOptions{Address: address, Namespace: namespace, Logger: log})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	w := worker.New(temporal, queue, worker.Options{})
	w.RegisterWorkflowWithOptions(func(_ workflow.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil }, workflow.RegisterOptions{Name: "Complete"})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ json.RawMessage) error { return workflow.Sleep(ctx, time.Hour) }, workflow.RegisterOptions{Name: "Wait"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)

	marker := postgres.NewMarker(db, log)
	t.Cleanup(func() { _ = marker.Stop(context.Background()) })
	f := &faults{Temporal: temporal.WorkflowService()}
	runner, err := dispatch.NewRunner(dispatch.Config{Temporal: f, Mark: marker.Mark, TenantSlug: live.TenantSlug, Logger: log})
	require.NoError(t, err)
	relay := dispatch.NewRelay(db, runner, log)
	gauge, err := limit.NewGauge(limit.GaugeConfig{Count: db.CountPending, Backlog: o.maxBacklog, Now: time.Now, Random: noJitter})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	if !o.noRelay {
		wg.Go(func() { relay.Run(ctx) })
	}
	wg.Go(func() { gauge.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })

	service, err := ingest.New(ingest.Config{
		Catalogue: live,
		Store: struct {
			*postgres.Appender
			*postgres.DB
		}{postgres.NewAppender(db), db},
		Starter: runner, Relay: relay, Backlog: gauge, Limiter: limiter(t, o.server), Limits: o.limits, Logger: log,
	})
	require.NoError(t, err)
	tenant, err := live.Tenant(signalbox.DefaultTenantSlug)
	require.NoError(t, err)
	return &road{Service: service, db: db, temporal: temporal, queue: queue, faults: f, who: admin(tenant)}
}

func rule(name, typ, operation, workflow string) signalbox.Rule {
	return signalbox.Rule{
		Name: name, RuleDefinition: signalbox.RuleDefinition{On: signalbox.Pattern{Type: typ, Operation: operation}, Start: signalbox.StartSpec{Workflow: workflow}},
	}
}

func input(data string) ingest.Input {
	return ingest.Input{Type: "inventory", Operation: "low_stock_alert", EntityID: "item-42", Data: json.RawMessage(data)}
}

func (r *road) event(t *testing.T, id signalbox.ID) *signalbox.StoredEvent {
	t.Helper()
	e, err := r.db.Event(t.Context(), r.who.Tenant.ID, id)
	require.NoError(t, err)
	return e
}

// settled waits until no dispatch of the event is PENDING.
func (r *road) settled(t *testing.T, id signalbox.ID) *signalbox.StoredEvent {
	t.Helper()
	var e *signalbox.StoredEvent
	require.Eventually(t, func() bool {
		e = r.event(t, id)
		return signalbox.OutcomeOf(e.Decisions, e.Dispatches) != signalbox.OutcomePending
	}, soon, often)
	return e
}

// result is what the run's workflow returned, as the bytes that Temporal holds.
func (r *road) result(t *testing.T, d signalbox.Dispatch) string {
	t.Helper()
	var out json.RawMessage
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	require.NoError(t, r.temporal.GetWorkflow(ctx, d.WorkflowID, d.RunID).Get(ctx, &out))
	return string(out)
}
