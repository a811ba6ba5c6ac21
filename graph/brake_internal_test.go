package graph

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheBrakeHoldsSoManyAndNoMore(t *testing.T) { // P-17
	synctest.Test(t, func(t *testing.T) {
		b := newBrake(100*time.Millisecond, 3)
		var mu sync.Mutex
		var held []time.Duration
		round := func(n int) {
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					began := time.Now()
					b.hold(t.Context())
					mu.Lock()
					defer mu.Unlock()
					if took := time.Since(began); took > 0 {
						held = append(held, took)
					}
				})
			}
			wg.Wait()
		}
		round(5)
		require.Len(t, held, 3, "the others are answered at once")
		round(3)
		require.Len(t, held, 6, "places are given back")
		for _, took := range held {
			require.GreaterOrEqual(t, took, 50*time.Millisecond)
			require.Less(t, took, 150*time.Millisecond)
		}
		slices.Sort(held)
		require.Greater(t, len(slices.Compact(held)), 1, "and not all come back at once")

		began := time.Now()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		b.hold(gone)
		require.Zero(t, time.Since(began), "nobody is held who has gone")
		require.Empty(t, b.places)
	})
}
