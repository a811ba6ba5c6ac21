package dispatch

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// memory is a queue as Postgres keeps it, without leases running out.
type memory struct {
	mu  sync.Mutex
	due map[signalbox.Lane][]signalbox.StoredEvent
}

func (m *memory) add(namespace string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.due == nil {
		m.due = make(map[signalbox.Lane][]signalbox.StoredEvent)
	}
	lane := signalbox.Lane{Namespace: namespace}
	for range n {
		d := signalbox.Dispatch{
			ID: signalbox.ID{1, byte(len(m.due[lane]) >> 8), byte(len(m.due[lane]))}, Namespace: namespace,
			WorkflowID: namespace + "/" + strconv.Itoa(len(m.due[lane])), Status: signalbox.StatusPending,
		}
		m.due[lane] = append(m.due[lane], signalbox.StoredEvent{Dispatches: []signalbox.Dispatch{d}})
	}
}

func (m *memory) DueLanes(context.Context) ([]signalbox.Lane, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lanes []signalbox.Lane
	for lane, due := range m.due {
		if len(due) > 0 {
			lanes = append(lanes, lane)
		}
	}
	return lanes, nil
}

func (m *memory) Claim(_ context.Context, lane signalbox.Lane, n int, _ time.Duration) ([]signalbox.StoredEvent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n = min(n, len(m.due[lane]))
	claimed := slices.Clone(m.due[lane][:n])
	m.due[lane] = m.due[lane][n:]
	for i := range claimed {
		claimed[i].Dispatches[0].Attempts++
	}
	return claimed, nil
}

// temporalFunc is a Temporal that does as the test says.
type temporalFunc func(ctx context.Context, namespace string) error

func (f temporalFunc) StartWorkflowExecution(ctx context.Context, in *workflowservice.StartWorkflowExecutionRequest, _ ...grpc.CallOption) (*workflowservice.StartWorkflowExecutionResponse, error) {
	if err := f(ctx, in.GetNamespace()); err != nil {
		return nil, err
	}
	return &workflowservice.StartWorkflowExecutionResponse{RunId: "run", Started: true}, nil
}

func (temporalFunc) DescribeWorkflowExecution(context.Context, *workflowservice.DescribeWorkflowExecutionRequest, ...grpc.CallOption) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	panic("a start with the default policies looks at nothing")
}

func (temporalFunc) ListWorkflowExecutions(context.Context, *workflowservice.ListWorkflowExecutionsRequest, ...grpc.CallOption) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	panic("a start with the default policies looks at nothing")
}

// marks counts results by namespace, which it finds by the claim's order.
type marks struct {
	mu sync.Mutex
	by map[signalbox.DispatchStatus]int
}

func (m *marks) mark(one signalbox.Mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = make(map[signalbox.DispatchStatus]int)
	}
	m.by[one.Status]++
}

func (m *marks) count(s signalbox.DispatchStatus) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.by[s]
}

// acme names every tenant.
func acme(signalbox.ID) (string, error) { return "acme", nil }

func runRelay(t *testing.T, queue Queue, temporal Temporal) (*Relay, *marks, func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	m := &marks{}
	runner, err := NewRunner(Config{Temporal: temporal, Mark: m.mark, TenantSlug: acme, Logger: log})
	require.NoError(t, err)
	relay := NewRelay(queue, runner, log)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); relay.Run(ctx) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return relay, m, stop
}

const (
	soon  = 30 * time.Second
	often = 5 * time.Millisecond
)

func TestTheRelayStartsABacklog(t *testing.T) {
	queue := &memory{}
	queue.add("ns", 1000)
	var most, now atomic.Int64
	_, m, _ := runRelay(t, queue, temporalFunc(func(context.Context, string) error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		return nil
	}))
	require.Eventually(t, func() bool { return m.count(signalbox.StatusStarted) == 1000 }, soon, often)
	require.LessOrEqual(t, most.Load(), int64(relaySlots))
}

func TestAWakeIsSoonerThanThePoll(t *testing.T) {
	queue := &memory{}
	relay, m, _ := runRelay(t, queue, temporalFunc(func(context.Context, string) error { return nil }))
	best := time.Hour
	for i := range 10 {
		queue.add("ns", 1)
		began := time.Now()
		relay.Wake(signalbox.Lane{Namespace: "ns"})
		require.Eventually(t, func() bool { return m.count(signalbox.StatusStarted) == i+1 }, soon, time.Millisecond)
		best = min(best, time.Since(began))
	}
	require.Less(t, best, pollEvery/4)
}

// One namespace hangs: its lane is full, and the other's work goes on.
func TestALaneThatHangsHoldsUpNoOther(t *testing.T) { // P-19
	queue := &memory{}
	queue.add("hangs", 500)
	queue.add("works", 500)
	_, m, _ := runRelay(t, queue, temporalFunc(func(ctx context.Context, namespace string) error {
		if namespace == "hangs" {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}))
	require.Eventually(t, func() bool { return m.count(signalbox.StatusStarted) == 500 }, attemptTimeout, often)
}

// One start hangs: what is announced meanwhile in the same lane does not wait for it.
func TestAStartThatHangsHoldsUpNoOtherOfItsLane(t *testing.T) {
	queue := &memory{}
	queue.add("ns", 1)
	var first atomic.Bool
	hung := make(chan struct{})
	relay, m, _ := runRelay(t, queue, temporalFunc(func(ctx context.Context, _ string) error {
		if first.CompareAndSwap(false, true) {
			close(hung)
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}))
	<-hung
	queue.add("ns", 5)
	relay.Wake(signalbox.Lane{Namespace: "ns"})
	require.Eventually(t, func() bool { return m.count(signalbox.StatusStarted) == 5 }, attemptTimeout/2, often)
	require.Zero(t, m.count(signalbox.StatusPending), "the first still hangs")
}

// A namespace that limits us is asked less, not more.
func TestTheRelaySlowsDownWhereItIsLimited(t *testing.T) {
	queue := &memory{}
	queue.add("ns", 5000)
	var calls atomic.Int64
	runRelay(t, queue, temporalFunc(func(context.Context, string) error {
		calls.Add(1)
		return serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "limit")
	}))
	require.Eventually(t, func() bool { return calls.Load() > relaySlots }, 3*soon, often)
	require.Less(t, calls.Load(), int64(4*relaySlots))
}

// While Temporal cannot be reached the lane rests and probes with one start at a
// time, so that a large backlog neither burns the processor nor its own attempts;
// once it is back the rest drains.
func TestTheRelayProbesWhileTemporalIsAway(t *testing.T) {
	queue := &memory{}
	queue.add("ns", 2000)
	var away atomic.Bool
	var calls atomic.Int64
	away.Store(true)
	_, m, _ := runRelay(t, queue, temporalFunc(func(context.Context, string) error {
		calls.Add(1)
		if away.Load() {
			return serviceerror.NewUnavailable("away")
		}
		return nil
	}))
	// A second of rest after the first fault, then two, four, five, five …
	require.Eventually(t, func() bool { return calls.Load() >= relaySlots+2 }, 3*soon, often, "it probes again and again")
	require.Less(t, calls.Load(), int64(3*relaySlots), "and does not try them all")
	tried := int(calls.Load())
	away.Store(false)
	require.Eventually(t, func() bool { return m.count(signalbox.StatusStarted) >= 2000-tried-relaySlots }, 2*maxPause+soon, often)
}

func TestStoppingSeesAttemptsThrough(t *testing.T) {
	queue := &memory{}
	queue.add("ns", 10)
	begun := make(chan struct{}, 10)
	release := make(chan struct{})
	_, m, stop := runRelay(t, queue, temporalFunc(func(context.Context, string) error {
		begun <- struct{}{}
		<-release
		return nil
	}))
	for range 10 {
		<-begun
	}
	go func() { time.Sleep(50 * time.Millisecond); close(release) }() // after stop has begun to wait
	stop()
	require.Equal(t, 10, m.count(signalbox.StatusStarted), "what was begun is marked before the relay is gone")
}

// slowClaims takes its time for each claim, as a busy database does.
type slowClaims struct {
	*memory
	claiming chan struct{}
}

func (s *slowClaims) Claim(ctx context.Context, lane signalbox.Lane, n int, lease time.Duration) ([]signalbox.StoredEvent, error) {
	claimed, err := s.memory.Claim(ctx, lane, n, lease)
	s.claiming <- struct{}{}
	select {
	case <-time.After(50 * time.Millisecond):
		return claimed, err
	case <-ctx.Done(): // the answer is lost, the claim is not
		return nil, ctx.Err()
	}
}

func TestStoppingLeavesNoClaimUnworked(t *testing.T) {
	queue := &slowClaims{memory: &memory{}, claiming: make(chan struct{}, 100)}
	queue.add("ns", 10)
	_, m, stop := runRelay(t, queue, temporalFunc(func(context.Context, string) error { return nil }))
	<-queue.claiming
	stop()
	require.Equal(t, 10, m.count(signalbox.StatusStarted))
}
