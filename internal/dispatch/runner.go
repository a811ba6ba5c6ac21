package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/faultpoint"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// slotsPerLane bounds the starts under way at once in one lane. Temporal starts
// no faster beyond some dozens; a lane that hangs hangs alone.
const slotsPerLane = 64

// Config is what starting needs.
type Config struct {
	Temporal Temporal
	// Mark takes what came of an attempt. It must not wait.
	Mark func(signalbox.Mark)
	// TenantSlug names a tenant as workflows get to see it. A start whose tenant has no
	// name here, yet, stays PENDING: it may have one on another server.
	TenantSlug func(signalbox.ID) (string, error)
	Logger     *slog.Logger
}

// Runner makes attempts, for the road and for the relay alike.
type Runner struct {
	cfg      Config
	identity string
	outages  *outages

	mu    sync.Mutex
	slots map[signalbox.Lane]chan struct{}
}

// NewRunner refuses a config with a part missing.
func NewRunner(cfg Config) (*Runner, error) {
	if cfg.Temporal == nil || cfg.Mark == nil || cfg.TenantSlug == nil || cfg.Logger == nil {
		return nil, errors.New("dispatch.NewRunner: a part of the config is missing")
	}
	return &Runner{cfg: cfg, identity: identity(), outages: newOutages(cfg.Logger), slots: make(map[signalbox.Lane]chan struct{})}, nil
}

// Start makes one attempt at each dispatch of an event, all together, and returns
// when every one is settled or ctx ends, whichever is first. It updates the
// dispatches in place; what ctx cut short stays PENDING, due again at once. The
// results are marked whatever the caller does with them.
//
// The caller holds the lease and has counted the attempt.
func (r *Runner) Start(ctx context.Context, e *signalbox.Event, dispatches []signalbox.Dispatch) {
	if len(dispatches) == 1 {
		r.start(ctx, e, &dispatches[0])
		return
	}
	var wg sync.WaitGroup
	for i := range dispatches {
		wg.Go(func() { r.start(ctx, e, &dispatches[i]) })
	}
	wg.Wait()
}

// start tells whether an attempt was made at all.
func (r *Runner) start(ctx context.Context, e *signalbox.Event, d *signalbox.Dispatch) bool {
	slots := r.slotsOf(d.Lane())
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		// No attempt was made: the lane is busy. The relay may take it at once.
		r.cfg.Mark(signalbox.Mark{Tenant: d.Tenant, ID: d.ID, Attempt: d.Attempts, Status: signalbox.StatusPending, Error: d.LastError})
		return false
	}
	faultpoint.HitSoon(faultpoint.P4StartSent)
	run, err := r.attempt(ctx, e, d)
	faultpoint.Hit(faultpoint.P5Started)
	mark := signalbox.Mark{Tenant: d.Tenant, ID: d.ID, Attempt: d.Attempts}
	switch {
	case err == nil && run.reused:
		mark.Status, mark.RunID = signalbox.StatusReused, run.runID
	case err == nil:
		mark.Status, mark.RunID = signalbox.StatusStarted, run.runID
	default:
		failure, permanent := classify(err)
		mark.Status, mark.Error, mark.Delay = signalbox.StatusPending, &failure, backoff(d.Attempts)
		if permanent {
			mark.Status, mark.Delay = signalbox.StatusFailed, 0
			r.cfg.Logger.Warn("a start has failed for good; redrive it once the reason is gone",
				"dispatch", d.ID, "rule", d.Rule, "namespace", d.Namespace, "code", failure.Code)
		}
		if turnedAway(failure.Code) {
			r.outages.turnedAway(d.Namespace, failure.Code, err)
		}
	}
	if err == nil {
		r.outages.taken(d.Namespace)
	}
	d.Status, d.RunID, d.LastError = mark.Status, mark.RunID, mark.Error
	if d.Status == signalbox.StatusPending {
		d.DueAt = time.Now().Add(mark.Delay)
	} else {
		d.SettledAt = time.Now()
	}
	r.cfg.Mark(mark)
	return true
}

// attempt makes one start request, unless an earlier one is found to have been taken.
func (r *Runner) attempt(ctx context.Context, e *signalbox.Event, d *signalbox.Dispatch) (started, error) {
	slug, err := r.cfg.TenantSlug(d.Tenant)
	if err != nil {
		return started{}, err
	}
	if mayStartTwice(d) {
		runID, err := earlier(ctx, r.cfg.Temporal, e, d)
		if err != nil || runID != "" {
			return started{runID: runID}, err
		}
	}
	return attempt(ctx, r.cfg.Temporal, request(e, d, slug, r.identity))
}

func (r *Runner) slotsOf(lane signalbox.Lane) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	slots := r.slots[lane]
	if slots == nil {
		slots = make(chan struct{}, slotsPerLane)
		r.slots[lane] = slots
	}
	return slots
}
