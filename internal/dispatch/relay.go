package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// pollEvery bounds how long due work waits for the relay when nobody wakes it.
	pollEvery = time.Second
	// attemptTimeout bounds one attempt; Lease covers it, and the claim before and
	// the mark after, so that no two replicas are at the same dispatch by design.
	attemptTimeout = 4 * time.Second
	// maxPause bounds how long a lane rests while Temporal cannot be reached, or
	// says that it is asked too much.
	maxPause = 5 * time.Second
	minPause = 500 * time.Millisecond
	// relaySlots is how many attempts of one lane the relay has under way. It is
	// less than slotsPerLane, so that fresh events are not starved by a backlog.
	relaySlots = 48
	// claimAtLeast keeps claims from becoming one query a dispatch.
	claimAtLeast = relaySlots / 4
)

// Lease is for how long a claim, and a fresh event's first attempt, keep others away.
const Lease = 6 * time.Second

// Queue is where PENDING dispatches are claimed.
type Queue interface {
	// DueLanes lists the lanes with work that is due.
	DueLanes(ctx context.Context) ([]signalbox.Lane, error)
	// Claim takes up to n due dispatches of a lane under a lease, each with its
	// event and a new attempt's number.
	Claim(ctx context.Context, lane signalbox.Lane, n int, lease time.Duration) ([]signalbox.StoredEvent, error)
}

// Relay starts what is still PENDING: what a crash, a fault of Temporal or a spent
// budget has left, and what its sender did not wait for. Each lane has a loop of
// its own while it has work.
type Relay struct {
	queue  Queue
	runner *Runner
	log    *slog.Logger
	poke   chan signalbox.Lane

	wg    sync.WaitGroup
	mu    sync.Mutex
	lanes map[signalbox.Lane]*lane
}

// lane is the state of one lane's loop.
type lane struct {
	running bool
	wake    chan struct{} // work was announced while the loop ran
	faults  int           // times in a row that Temporal took none
	resume  time.Time     // while Temporal takes none: when to probe next
}

// NewRelay makes a relay; Run runs it.
func NewRelay(queue Queue, runner *Runner, log *slog.Logger) *Relay {
	return &Relay{queue: queue, runner: runner, log: log, poke: make(chan signalbox.Lane, 1024), lanes: make(map[signalbox.Lane]*lane)}
}

// Wake tells that a lane has work that is due now. It never waits: a wake that is
// lost costs the time until the next poll.
func (r *Relay) Wake(l signalbox.Lane) {
	select {
	case r.poke <- l:
	default:
	}
}

// Run works until ctx ends; then it claims nothing more and returns when the
// attempts under way are done, which attemptTimeout bounds.
func (r *Relay) Run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	defer r.wg.Wait()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-r.poke:
			r.visit(ctx, l)
		case <-tick.C:
			due, err := r.queue.DueLanes(ctx)
			if err != nil && ctx.Err() == nil && !failing {
				r.log.Warn("the relay cannot look for work; it tries again every second", "error", err)
			}
			failing = err != nil
			for _, l := range due {
				r.visit(ctx, l)
			}
		}
	}
}

// visit starts the lane's loop unless it runs or rests.
func (r *Relay) visit(ctx context.Context, name signalbox.Lane) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lanes[name]
	if l == nil {
		l = &lane{wake: make(chan struct{}, 1)}
		r.lanes[name] = l
	}
	switch {
	case l.running:
		select {
		case l.wake <- struct{}{}:
		default:
		}
	case time.Now().Before(l.resume):
	default:
		l.running = true
		r.wg.Go(func() { r.work(ctx, name, l) })
	}
}

// work claims and starts until the lane has nothing due and nothing under way, or
// Temporal is away. A start that hangs keeps its slot and nothing else: work that is
// announced meanwhile is claimed beside it.
func (r *Relay) work(ctx context.Context, name signalbox.Lane, l *lane) {
	slots := make(chan struct{}, relaySlots)
	finished := make(chan struct{}, 1)
	for {
		want, probing := r.free(l, slots)
		if ctx.Err() != nil {
			return // Run waits for what is under way
		}
		// Not cancelled in the middle: a claim whose answer is lost is a lease that
		// nobody works on.
		claimed, err := r.queue.Claim(context.WithoutCancel(ctx), name, want, Lease)
		if err != nil {
			r.log.Warn("the relay cannot claim work", "namespace", name.Namespace, "error", err)
		}
		for i := range claimed {
			slots <- struct{}{}
			r.wg.Go(func() {
				r.attempt(ctx, l, &claimed[i])
				<-slots
				select {
				case finished <- struct{}{}:
				default:
				}
			})
		}
		if len(claimed) == want && !probing && !r.resting(l) && ctx.Err() == nil {
			continue
		}
		// Nothing more is due, or a probe is to be waited for.
		for announced := false; len(slots) > 0 && !announced; {
			select {
			case <-finished:
			case <-l.wake:
				announced = !probing && !r.resting(l)
			case <-ctx.Done():
				return
			}
		}
		if len(slots) == 0 && (len(claimed) < want || r.resting(l)) && r.done(l, err) {
			return
		}
	}
}

// free waits until enough slots are free to be worth a claim and answers how many
// are: one, and that it is a probe, while Temporal cannot be reached.
func (r *Relay) free(l *lane, slots chan struct{}) (n int, probing bool) {
	r.mu.Lock()
	probing = l.faults > 0
	r.mu.Unlock()
	if probing {
		return 1, true
	}
	for range claimAtLeast {
		slots <- struct{}{}
	}
	for range claimAtLeast {
		<-slots
	}
	return max(cap(slots)-len(slots), 1), false
}

func (r *Relay) attempt(ctx context.Context, l *lane, claimed *signalbox.StoredEvent) {
	// A claim that was made is seen through, also while the server stops.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
	defer cancel()
	d := &claimed.Dispatches[0]
	attempted := r.runner.start(ctx, &claimed.Event, d)

	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !attempted: // no slot was free; nothing was learned of Temporal
	case d.Status != signalbox.StatusPending:
		l.faults, l.resume = 0, time.Time{}
	case turnedAway(d.LastError.Code) && !time.Now().Before(l.resume): // those that failed together count once
		l.faults++
		l.resume = time.Now().Add(min(minPause<<min(l.faults, 8), maxPause))
	}
}

func (r *Relay) resting(l *lane) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(l.resume)
}

// done ends the lane's loop unless work was announced meanwhile.
func (r *Relay) done(l *lane, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-l.wake:
		if err == nil && !time.Now().Before(l.resume) {
			return false
		}
	default:
	}
	l.running = false
	return true
}
