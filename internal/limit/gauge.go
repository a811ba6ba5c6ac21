package limit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	countEvery = 500 * time.Millisecond
	// stalledRetry is the hint while nothing is being worked off, and the longest there is.
	stalledRetry = 10 * time.Second
)

// DefaultBacklog is how many PENDING starts there may be, over all tenants.
const DefaultBacklog = 100_000

// GaugeConfig is what a Gauge is made of.
type GaugeConfig struct {
	// Count counts the PENDING starts by tenant, each tenant's up to most.
	Count func(ctx context.Context, most int) (map[signalbox.ID]int, error)
	// Backlog is how many there may be over all tenants; 0 is the default.
	Backlog int
	Alone   func() bool // as in Config
	Now     func() time.Time
	// Random is from 0 up to and without 1.
	Random func() float64
}

// Gauge bounds the backlog of PENDING starts over all replicas. It counts them in
// the database twice a second and adds what this process has admitted since, so
// that a burst cannot slip through between two counts. It may be out by what is in
// flight at the moment of the count, and over by what other replicas admit since.
//
// The server's limit is over all tenants, who share it as Fair says: one alone gets
// to a half of it, so that there is room for others, unless there are none. A tenant's
// and a key's own limits are held against the tenant's backlog.
type Gauge struct {
	cfg GaugeConfig

	mu      sync.Mutex
	counted backlog // by the newest count
	since   backlog // admitted since that began
	at      time.Time
	// drained is how many starts a second were worked off lately.
	drained float64
}

// backlog is of starts by tenant, none of them 0, and of all.
type backlog struct {
	by  map[signalbox.ID]int
	all int
}

func (b *backlog) add(tenant signalbox.ID, starts int) {
	b.all += starts
	if b.by[tenant] += starts; b.by[tenant] == 0 {
		delete(b.by, tenant)
	}
}

// NewGauge refuses a config with a part missing.
func NewGauge(cfg GaugeConfig) (*Gauge, error) {
	if cfg.Count == nil || cfg.Now == nil || cfg.Random == nil {
		return nil, errors.New("limit.NewGauge: a part of the config is missing")
	}
	if cfg.Alone == nil {
		cfg.Alone = never
	}
	cfg.Backlog = cmp.Or(cfg.Backlog, DefaultBacklog)
	return &Gauge{cfg: cfg, counted: backlog{by: make(map[signalbox.ID]int)}, since: backlog{by: make(map[signalbox.ID]int)}}, nil
}

// Admit is nil where that many more starts fit, or OVERLOADED.
func (g *Gauge) Admit(p *signalbox.Principal, starts int) error {
	tenant := p.Tenant.ID
	g.mu.Lock()
	defer g.mu.Unlock()
	held, all := g.counted.by[tenant]+g.since.by[tenant], g.counted.all+g.since.all
	own := p.Least(signalbox.Limits{}, "backlog", func(l signalbox.Limits) int { return l.Backlog })
	total := g.cfg.Backlog
	server := signalbox.LimitReached{Name: "backlog", Value: float64(total), Scope: signalbox.ScopeServer}
	switch {
	case own.Value > 0 && float64(held+starts) > own.Value:
		over := float64(held+starts) - own.Value
		return g.refusal(own, over, fmt.Sprintf("%d of this tenant's starts are waiting for Temporal, and the limit is %g (backlog)", held, own.Value))
	case all+starts > total:
		return g.refusal(server, float64(all+starts-total), fmt.Sprintf("%d starts are waiting for Temporal, and the limit is %d (maxBacklog)", all, total))
	case !g.cfg.Alone() && !Fair(held, starts, all, total):
		over := float64(held+starts-(total-all)) / 2 // each that is worked off is one fewer held and one more left
		return g.refusal(server, over, fmt.Sprintf("%d of this tenant's starts are waiting for Temporal, which is its share of the %d that may (maxBacklog)", held, total))
	}
	g.since.add(tenant, starts)
	return nil
}

func (g *Gauge) refusal(reached signalbox.LimitReached, over float64, why string) error {
	return &signalbox.Error{
		Code:       signalbox.CodeOverloaded,
		Message:    why + "; send again later",
		RetryAfter: jittered(g.retry(over), g.cfg.Random),
		Limit:      &reached,
	}
}

// retry is when, at the pace of late, there is room again: no sooner than the next
// count, which is what finds it.
func (g *Gauge) retry(over float64) time.Duration {
	if g.drained <= 0 {
		return stalledRetry
	}
	return time.Duration(min(max(over/g.drained, countEvery.Seconds()), stalledRetry.Seconds()) * float64(time.Second))
}

// Release takes back what was admitted and then not stored. Where the store's answer
// was lost it may have been stored all the same; the next count knows.
func (g *Gauge) Release(p *signalbox.Principal, starts int) {
	if starts == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since.add(p.Tenant.ID, -starts)
}

// Run counts until ctx ends. While the database is away the newest count stands.
func (g *Gauge) Run(ctx context.Context) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		g.Recount(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Recount counts once.
func (g *Gauge) Recount(ctx context.Context) {
	g.mu.Lock()
	// What is committed while the count runs may be counted twice for one turn.
	before := backlog{by: maps.Clone(g.since.by), all: g.since.all}
	g.mu.Unlock()
	// A tenant that has more than all may is at its limit whatever the number.
	by, err := g.cfg.Count(ctx, g.cfg.Backlog+1)
	if err != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	newest := backlog{by: make(map[signalbox.ID]int, len(by))}
	for tenant, n := range by {
		if n > 0 {
			newest.add(tenant, n)
		}
	}
	g.pace(g.counted.all + before.all - newest.all)
	g.counted = newest
	for tenant, n := range before.by {
		g.since.add(tenant, -n)
	}
}

// pace takes in how many starts were worked off since the count before: half of the
// pace is of that count, a quarter of the one before it, and so on.
func (g *Gauge) pace(drained int) {
	now := g.cfg.Now()
	if past := now.Sub(g.at).Seconds(); !g.at.IsZero() && past > 0 {
		g.drained = (g.drained + math.Max(0, float64(drained))/past) / 2
	}
	if g.drained < 1 {
		g.drained = 0
	}
	g.at = now
}
