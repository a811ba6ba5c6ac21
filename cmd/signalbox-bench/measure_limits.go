package main

import (
	"context"
	"fmt"
	"time"
)

// keyed measures what it costs to know who is calling: a server that asks for keys
// beside one that does not.
func (b *bench) keyed(ctx context.Context) error {
	t, err := b.newTenant(ctx, "bench-keyed")
	if err != nil {
		return err
	}
	open := b.server
	return b.guarded(ctx, func() error {
		guarded := b.server
		defer func() { b.server = guarded }()
		name := fmt.Sprintf("accept with a key, %s", plural(capacityConnections, "connection"))
		on := func(s *server, j job) side {
			return func(ctx context.Context, seconds float64) (sample, error) {
				j.Server, j.Seconds = s.address, seconds
				return b.load.do(ctx, j)
			}
		}
		var pairs []pair
		for i := range b.flags.Rounds + 1 {
			var p pair
			b.server = open
			if p.Raw, p.RawCost, err = b.costed(ctx, b.flags.Seconds, on(open, job{Do: "send", Connections: capacityConnections})); err != nil {
				return err
			}
			b.server = guarded
			if p.Ours, p.OursCost, err = b.costed(ctx, b.flags.Seconds, on(guarded, job{Do: "send", Connections: capacityConnections, Key: t.key})); err != nil {
				return err
			}
			if i == 0 {
				continue
			}
			b.say("%s %d/%d: without %s, with %s, ratio %.2f (server CPU %s → %s)", name, i, b.flags.Rounds, perSecond(p.Raw.rate()), perSecond(p.Ours.rate()),
				p.Ours.rate()/p.Raw.rate(), micros(p.RawCost.Server), micros(p.OursCost.Server))
			pairs = append(pairs, p)
		}
		b.report.rate(name, pairs, aim{ratio: 0.9})
		return nil
	})
}

const (
	// fairTurns are how many short turns make up a round, and fairLong their length as
	// a share of a round's: a machine that stalls for a moment spoils one turn of many.
	fairTurns = 4
	fairLong  = 0.5
	// steadyShare of the capacity is the pace of the tenant whose times are measured,
	// limitShare the limit of the one beside it, which sends excess times as much.
	steadyShare = 0.1
	limitShare  = 0.05
	excess      = 10
	// floodConnections are as many as a flood takes that waits for no answer.
	floodConnections = 1024
	// noiseLead is for how long the noise is there before anything is measured.
	noiseLead = 500 * time.Millisecond
)

// fair measures what one tenant notices of another that sends ten times its rate:
// its own times alone, beside the other at its rate, and at ten times of it, in turns;
// and at ten times of it over more connections than a program has, and beside one that
// reads over as many as fast as it can, too.
func (b *bench) fair(ctx context.Context) error {
	steady, err := b.newTenant(ctx, "bench-steady")
	if err != nil {
		return err
	}
	noisy, err := b.newTenant(ctx, "bench-noisy")
	if err != nil {
		return err
	}
	reading, err := b.newKey(ctx, noisy.slug, "events:read")
	if err != nil {
		return err
	}
	noise, err := b.startClient("noise")
	if err != nil {
		return err
	}
	return b.guarded(ctx, func() error {
		most, err := b.capacity(ctx, steady)
		if err != nil {
			return err
		}
		limit := most * limitShare
		if err := b.limitRate(ctx, noisy.slug, limit); err != nil {
			return err
		}
		time.Sleep(propagation)
		// A new Postgres makes each file of its log as it comes to it, which holds up all
		// commits for some 40 ms. From here on it takes those that it has.
		if _, err := b.db.Exec(ctx, `CHECKPOINT`); err != nil {
			return err
		}
		b.say("fair: capacity %s; one tenant sends %s, the other may send %s", perSecond(most), perSecond(most*steadyShare), perSecond(limit))
		sending := func(times float64, connections int) job {
			return job{Do: "pace", Key: noisy.key, Rate: times * limit, Connections: connections}
		}
		others := [5]job{
			{},
			sending(1, capacityConnections), sending(excess, capacityConnections), sending(excess, floodConnections),
			{Do: "read", Key: reading, Connections: floodConnections},
		}
		var behaved, greedy, moved, flooded, read []pair
		turns := b.flags.Rounds * fairTurns
		for i := range turns + 1 {
			var by [len(others)]sample
			for j, other := range others {
				if by[j], err = b.beside(ctx, steady, noise, most*steadyShare, other); err != nil {
					return err
				}
			}
			if i == 0 {
				continue
			}
			b.say("fair %d/%d: p99 alone %s, beside the other's rate %s, beside ten times of it %s, over %d connections %s, beside readers on as many %s",
				i, turns, ms(by[0].P99), ms(by[1].P99), ms(by[2].P99), floodConnections, ms(by[3].P99), ms(by[4].P99))
			behaved = append(behaved, pair{Raw: by[0], Ours: by[1]})
			greedy = append(greedy, pair{Raw: by[0], Ours: by[2]})
			moved = append(moved, pair{Raw: by[1], Ours: by[2]})
			flooded = append(flooded, pair{Raw: by[1], Ours: by[3]})
			read = append(read, pair{Raw: by[1], Ours: by[4]})
		}
		b.report.latency("alone → beside another at its rate", medians(behaved), aim{}, aim{})
		b.report.latency("alone → beside another at 10× its rate", medians(greedy), aim{}, aim{})
		b.report.latency("beside another at its rate → at 10×", medians(moved), aim{}, aim{ratioMost: 1.25})
		b.report.latency(fmt.Sprintf("the same, over %d connections", floodConnections), medians(flooded), aim{}, aim{})
		b.report.latency(fmt.Sprintf("beside another at its rate → readers on %d", floodConnections), medians(read), aim{}, aim{})
		return nil
	})
}

// medians makes one pair of many, so that the ratio is that of the medians.
func medians(pairs []pair) []pair {
	of := func(figure func(pair) float64) float64 {
		all := make([]float64, len(pairs))
		for i, p := range pairs {
			all[i] = figure(p)
		}
		return median(all)
	}
	return []pair{{
		Raw:  sample{P50: of(func(p pair) float64 { return p.Raw.P50 }), P99: of(func(p pair) float64 { return p.Raw.P99 })},
		Ours: sample{P50: of(func(p pair) float64 { return p.Ours.P50 }), P99: of(func(p pair) float64 { return p.Ours.P99 })},
	}}
}

// beside is the steady tenant's sample while the noisy one does its job, if it has one.
func (b *bench) beside(ctx context.Context, steady *tenantKey, noise *link, pace float64, other job) (sample, error) {
	long := b.flags.Seconds * fairLong
	type result struct {
		sample
		err error
	}
	done := make(chan result, 1)
	if other.Do != "" {
		other.Server, other.Seconds = b.server.address, long+2*noiseLead.Seconds()
		go func() {
			s, err := noise.do(ctx, other)
			done <- result{s, err}
		}()
	} else {
		done <- result{}
	}
	time.Sleep(noiseLead)
	before, noiseBefore := b.used(), processes()[noise.cmd.Process.Pid].own
	s, err := b.load.do(ctx, job{Do: "pace", Server: b.server.address, Key: steady.key, Rate: pace, Connections: capacityConnections, Seconds: long})
	after, noiseAfter := b.used(), processes()[noise.cmd.Process.Pid].own
	share := func(before, after time.Duration) float64 { return (after - before).Seconds() / long }
	b.say("  processors in use: server %.2f, Postgres %.2f, load %.2f, noise %.2f", share(before.server, after.server), share(before.postgres, after.postgres),
		share(before.client, after.client), share(noiseBefore, noiseAfter))
	theirs := <-done
	switch {
	case err != nil:
		return sample{}, err
	case theirs.err != nil:
		return sample{}, theirs.err
	case len(s.Refused) > 0:
		return sample{}, fmt.Errorf("of the steady tenant some were refused: %v", s.Refused)
	}
	if other.Do != "" {
		b.say("  the other: %s done, %v refused, %d not sent; this one: %d not sent", perSecond(theirs.rate()), theirs.Refused, theirs.Unserved, s.Unserved)
	}
	return s, nil
}
