package main

import (
	"context"
	"fmt"
	"time"
)

const (
	drainCount = 5000
	// drainRounds are few, since each takes as long as 10,000 starts.
	drainRounds  = 2
	drainTimeout = 3 * time.Minute
)

// drain measures how fast the relay works off a backlog, beside as many raw
// starts. The backlog is made by a server whose Temporal is an address where
// nothing listens, and worked off by one that has the real one, from its first
// mark to its last.
func (b *bench) drain(ctx context.Context) error {
	name := fmt.Sprintf("drain of %s", thousands(drainCount))
	raw := b.settled(job{Do: "start", Connections: startConnections, Count: drainCount})
	var pairs []pair
	rounds := min(b.flags.Rounds, drainRounds)
	for i := range rounds {
		var p pair
		var err error
		if p.Raw, p.RawCost, err = b.costed(ctx, 0, raw); err != nil {
			return err
		}
		if err := b.fill(ctx); err != nil {
			return err
		}
		var from time.Time
		if err := b.db.QueryRow(ctx, `SELECT now()`).Scan(&from); err != nil {
			return err
		}
		if err := b.startServer(ctx, b.stack.Temporal, false); err != nil {
			return err
		}
		saved := func() error { return nil }
		if i == rounds-1 {
			saved = b.profile(ctx, name, b.flags.Seconds)
		}
		if p.Ours, p.OursCost, err = b.costed(ctx, 0, func(ctx context.Context, _ float64) (sample, error) { return b.drained(ctx, from) }); err != nil {
			return err
		}
		if err := saved(); err != nil {
			return err
		}
		b.say("%s %d/%d: raw %s, ours %s, ratio %.2f", name, i+1, rounds, perSecond(p.Raw.rate()), perSecond(p.Ours.rate()), p.Ours.rate()/p.Raw.rate())
		pairs = append(pairs, p)
	}
	b.report.rate(name, pairs, aim{ratio: 0.9})
	return nil
}

func (b *bench) fill(ctx context.Context) error {
	nowhere, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	if err := b.end(b.server.process); err != nil {
		return err
	}
	if err := b.startServer(ctx, nowhere, false); err != nil {
		return err
	}
	if _, err := b.round(job{Do: "send-bulk-later", Connections: bulkConnections, Count: drainCount / bulkSize})(ctx, 0); err != nil {
		return err
	}
	if err := b.end(b.server.process); err != nil {
		return err
	}
	// The few that were tried are backing off; the measurement is not of that.
	_, err = b.db.Exec(ctx, `UPDATE dispatches SET due_at = now() WHERE status = 'PENDING'`)
	return err
}

// drained waits until nothing is PENDING, and for the workflows, and gives the
// rate at which starts have been settled since a time.
func (b *bench) drained(ctx context.Context, from time.Time) (sample, error) {
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var pending bool
		if err := b.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM dispatches WHERE status = 'PENDING')`).Scan(&pending); err != nil {
			return sample{}, err
		}
		if !pending {
			break
		}
		if time.Since(began) > drainTimeout {
			return sample{}, fmt.Errorf("the backlog is not drained after %s", drainTimeout)
		}
	}
	b.started += drainCount
	if err := b.settle(ctx); err != nil {
		return sample{}, err
	}
	var s sample
	err := b.db.QueryRow(ctx, `
SELECT count(*), extract(epoch FROM max(settled_at) - min(settled_at))::float8
FROM dispatches
WHERE settled_at >= $1 AND status = 'STARTED'`, from).Scan(&s.Count, &s.Seconds)
	if err == nil && s.Count != drainCount {
		err = fmt.Errorf("%d of %d dispatches were started", s.Count, drainCount)
	}
	return s, err
}
