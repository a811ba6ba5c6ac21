package main

import (
	"context"
	"fmt"
)

// pair is a round: the raw side, then ours.
type pair struct {
	Raw  sample `json:"raw"`
	Ours sample `json:"ours"`
	// What a round took of the processors says what a noisy machine's rates do not.
	RawCost  cost `json:"rawCost"`
	OursCost cost `json:"oursCost"`
}

// side is one round of one side.
type side func(ctx context.Context, seconds float64) (sample, error)

// alternate runs the two sides in turns, a warm-up of each first, and profiles the
// server during ours of the last round.
func (b *bench) alternate(ctx context.Context, name string, rounds int, length float64, raw, ours side) ([]pair, error) {
	pairs := make([]pair, 0, rounds)
	for i := range rounds + 1 {
		var p pair
		var err error
		long := length
		if i == 0 {
			long = min(length, 1)
		}
		if p.Raw, p.RawCost, err = b.costed(ctx, long, raw); err != nil {
			return nil, err
		}
		profiled := func() error { return nil }
		if i == rounds {
			profiled = b.profile(ctx, name, long)
		}
		if p.Ours, p.OursCost, err = b.costed(ctx, long, ours); err != nil {
			return nil, err
		}
		if err := profiled(); err != nil {
			return nil, err
		}
		if i == 0 {
			continue
		}
		b.say("%s %d/%d: raw %s (p50 %s, p99 %s), ours %s (p50 %s, p99 %s, server CPU %s), ratio %.2f", name, i, rounds,
			perSecond(p.Raw.rate()), ms(p.Raw.P50), ms(p.Raw.P99), perSecond(p.Ours.rate()), ms(p.Ours.P50), ms(p.Ours.P99), micros(p.OursCost.Server), p.Ours.rate()/p.Raw.rate())
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// round makes a job of the load client into a side.
func (b *bench) round(j job) side {
	return func(ctx context.Context, seconds float64) (sample, error) {
		j.Server, j.Seconds = b.server.address, seconds
		return b.load.do(ctx, j)
	}
}

func (b *bench) accept(ctx context.Context) error {
	for _, connections := range []int{1, 64} {
		name := fmt.Sprintf("accept, %s", plural(connections, "connection"))
		resident := b.watchMemory()
		pairs, err := b.alternate(ctx, name, b.flags.Rounds, b.flags.Seconds,
			b.round(job{Do: "insert", Connections: connections}), b.round(job{Do: "send", Connections: connections}))
		most := resident()
		if err != nil {
			return err
		}
		if connections == 1 {
			b.report.rate(name, pairs, aim{})
			b.report.latency(name, pairs, aim{over: 0.5}, aim{})
			continue
		}
		b.report.rate(name, pairs, aim{ratio: 0.5, least: 10_000})
		b.report.latency(name, pairs, aim{}, aim{most: 15})
		b.report.memory("memory, 64 connections", most, 150)
	}
	return nil
}

// bulkConnections is a little more than two cores need to be busy.
const bulkConnections = 8

func (b *bench) bulk(ctx context.Context) error {
	name := fmt.Sprintf("bulk of %d, %d connections", bulkSize, bulkConnections)
	pairs, err := b.alternate(ctx, name, b.flags.Rounds, b.flags.Seconds,
		b.round(job{Do: "insert-bulk", Connections: bulkConnections}), b.round(job{Do: "send-bulk", Connections: bulkConnections}))
	if err != nil {
		return err
	}
	b.report.rate(name, pairs, aim{ratio: 0.3})
	b.report.latency(name, pairs, aim{}, aim{})
	return nil
}
