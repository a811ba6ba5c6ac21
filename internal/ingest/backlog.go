package ingest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// overloadedRetry is the hint given with OVERLOADED.
	overloadedRetry = time.Second
	backlogEvery    = 500 * time.Millisecond
)

// DefaultMaxBacklog is how many PENDING starts there may be.
const DefaultMaxBacklog = 100_000

// Gauge bounds the backlog of PENDING starts over all replicas. It counts them in
// the database twice a second and adds what this process has admitted since, so
// that a burst cannot slip through between two counts. It may be out by what is in
// flight at the moment of the count, and over by what other replicas admit since.
type Gauge struct {
	count   func(ctx context.Context, most int) (int, error)
	most    int
	counted atomic.Int64
	since   atomic.Int64
}

// NewGauge makes a gauge that refuses beyond most PENDING starts.
func NewGauge(count func(ctx context.Context, most int) (int, error), most int) *Gauge {
	if most == 0 {
		most = DefaultMaxBacklog
	}
	return &Gauge{count: count, most: most}
}

// Admit is nil where that many more starts fit.
func (g *Gauge) Admit(starts int) error {
	if int(g.counted.Load()+g.since.Add(int64(starts))) <= g.most {
		return nil
	}
	g.since.Add(-int64(starts))
	return &signalbox.Error{
		Code:       signalbox.CodeOverloaded,
		Message:    fmt.Sprintf("%d starts are waiting for Temporal, which is the limit (maxBacklog); send again later", g.most),
		RetryAfter: overloadedRetry,
	}
}

// Release takes back what was admitted and then not stored. Where the store's answer
// was lost it may have been stored all the same; the next count knows.
func (g *Gauge) Release(starts int) { g.since.Add(-int64(starts)) }

// Run counts until ctx ends. While the database is away the newest count stands.
func (g *Gauge) Run(ctx context.Context) {
	tick := time.NewTicker(backlogEvery)
	defer tick.Stop()
	for {
		g.recount(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (g *Gauge) recount(ctx context.Context) {
	// What is committed while the count runs may be counted twice for one turn.
	before := g.since.Load()
	n, err := g.count(ctx, g.most+1)
	if err != nil {
		return
	}
	g.counted.Store(int64(n))
	g.since.Add(-before)
}
