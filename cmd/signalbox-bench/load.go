package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// operation is one request on a connection of its own; it is not shared.
type operation struct {
	do    func(ctx context.Context) error
	close func()
}

// load has each connection repeat its operation, one after another, for as long
// or as often as the job says. Connections are made before the clock starts. An
// operation that fails ends the round: figures with errors in them mean nothing.
func load(ctx context.Context, j job, weight int, connect func(ctx context.Context, j job) (operation, error)) (sample, error) {
	operations := make([]operation, j.Connections)
	for i := range operations {
		var err error
		if operations[i], err = connect(ctx, j); err != nil {
			return sample{}, err
		}
		defer operations[i].close()
	}
	var (
		wg     sync.WaitGroup
		left   atomic.Int64
		took   = make([][]time.Duration, j.Connections)
		faults = make([]error, j.Connections)
		failed atomic.Bool
	)
	left.Store(int64(j.Count))
	began := time.Now()
	deadline := began.Add(seconds(j.Seconds))
	for i := range operations {
		wg.Go(func() {
			took[i] = make([]time.Duration, 0, 1<<12)
			from := time.Now()
			for ctx.Err() == nil && !failed.Load() {
				if j.Count > 0 && left.Add(-1) < 0 || j.Count == 0 && from.After(deadline) {
					return
				}
				if faults[i] = operations[i].do(ctx); faults[i] != nil {
					failed.Store(true)
					return
				}
				now := time.Now()
				took[i] = append(took[i], now.Sub(from))
				from = now
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(began)
	if err := errors.Join(append(faults, ctx.Err())...); err != nil {
		return sample{}, err
	}
	return newSample(slices.Concat(took...), weight, elapsed), nil
}

func newSample(took []time.Duration, weight int, elapsed time.Duration) sample {
	all := make([]float64, len(took))
	for i, d := range took {
		all[i] = float64(d) / float64(time.Millisecond)
	}
	slices.Sort(all)
	return sample{
		Count: len(all) * weight, Seconds: elapsed.Seconds(),
		P50: percentile(all, 50), P99: percentile(all, 99), Max: percentile(all, 100),
	}
}

// percentile of sorted values, by the nearest rank; 0 where there are none.
func percentile(sorted []float64, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}

// median of values in any order.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
