package graph

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheBrakeHoldsSoManyAndNoMore(t *testing.T) { // P-17
	synctest.Test(t, func(t *testing.T) {
		b := newBrake(100*time.Millisecond, 3)
		began := time.Now()
		var mu sync.Mutex
		took := map[time.Duration]int{}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				b.hold(t.Context())
				mu.Lock()
				defer mu.Unlock()
				took[time.Since(began)]++
			})
		}
		wg.Wait()
		require.Equal(t, map[time.Duration]int{0: 2, 100 * time.Millisecond: 3}, took)
		b.hold(t.Context())
		require.Equal(t, 200*time.Millisecond, time.Since(began), "places are given back")

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		b.hold(gone)
		require.Equal(t, 200*time.Millisecond, time.Since(began), "nobody is held who has gone")
		require.Empty(t, b.places)
	})
}
