package main

import (
	"context"
	"fmt"
	"slices"
)

// start measures starts: through a rule, waiting for STARTED, beside Temporal's
// client, at the same concurrency and with the same worker.
func (b *bench) start(ctx context.Context) error {
	for _, connections := range []int{1, startConnections} {
		name := "start, " + plural(connections, "connection")
		pairs, err := b.alternate(ctx, name, b.flags.Rounds, b.flags.Seconds,
			b.settled(job{Do: "start", Connections: connections}), b.settled(job{Do: "send-start", Connections: connections}))
		if err != nil {
			return err
		}
		ratio, over := aim{ratio: 0.9}, aim{}
		if connections == 1 {
			ratio, over = aim{}, aim{over: 2}
		}
		b.report.rate(name, pairs, ratio)
		b.report.latency(name, pairs, over, aim{})
	}
	return nil
}

const startConnections = 32

// settled is a round that ends when the worker has run everything.
func (b *bench) settled(j job) side {
	return func(ctx context.Context, seconds float64) (sample, error) {
		if err := b.settle(ctx); err != nil { // also starts the worker
			return sample{}, err
		}
		s, err := b.round(j)(ctx, seconds)
		if err != nil {
			return sample{}, err
		}
		b.started += s.Count
		return s, b.settle(ctx)
	}
}

func (b *bench) settle(ctx context.Context) (err error) {
	if b.worker == nil {
		if b.worker, err = b.startClient("worker"); err != nil {
			return err
		}
	}
	_, err = b.worker.do(ctx, job{Do: "settle", Queue: startQueue, Count: b.started})
	return err
}

// latencyRounds are longer than others, for there are only five sends a second.
const latencyRounds = 3

func (b *bench) latency(ctx context.Context) error {
	name := fmt.Sprintf("latency to the workflow, %d/s", sendsPerSecond)
	pairs, err := b.alternate(ctx, name, b.flags.Rounds, latencyRounds*b.flags.Seconds,
		b.round(job{Do: "latency"}), b.round(job{Do: "send-latency"}))
	if err != nil {
		return err
	}
	// A round is too short for a 99th percentile: all are taken together.
	var raw, ours []float64
	for _, p := range pairs {
		raw, ours = append(raw, p.Raw.All...), append(ours, p.Ours.All...)
	}
	b.report.latency(name, []pair{{Raw: pooled(raw), Ours: pooled(ours)}}, aim{most: 8}, aim{most: 30})
	return nil
}

func pooled(all []float64) sample {
	slices.Sort(all)
	return sample{Count: len(all), P50: percentile(all, 50), P99: percentile(all, 99), Max: percentile(all, 100)}
}
