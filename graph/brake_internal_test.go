package graph

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// holdAtOnce holds n refusals at once and answers for how long each was held.
func holdAtOnce(b *brake, tenant byte, n int) []time.Duration {
	var wg sync.WaitGroup
	took := make([]time.Duration, n)
	for i := range n {
		wg.Go(func() {
			began := time.Now()
			b.hold(context.Background(), signalbox.ID{tenant})
			took[i] = time.Since(began)
		})
	}
	wg.Wait()
	return slices.DeleteFunc(took, func(d time.Duration) bool { return d == 0 })
}

func TestTheBrakeHoldsSoManyAndNoMore(t *testing.T) { // P-17
	synctest.Test(t, func(t *testing.T) {
		b := newBrake()
		b.places = 3
		require.Len(t, holdAtOnce(b, 1, 5), 3, "the others are answered at once")
		held := holdAtOnce(b, 1, 3)
		require.Len(t, held, 3, "places are given back")
		require.GreaterOrEqual(t, slices.Min(held), 50*time.Millisecond)
		require.Less(t, slices.Max(held), 150*time.Millisecond)
		slices.Sort(held)
		require.Greater(t, len(slices.Compact(held)), 1, "and not all come back at once")

		began := time.Now()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		b.hold(gone, signalbox.ID{1})
		require.Zero(t, time.Since(began), "nobody is held who has gone")
		require.Zero(t, b.all)
		require.Empty(t, b.held)
	})
}

// However many connections a tenant has, its refusals come at about the same pace;
// another tenant's are held no longer for that.
func TestTheBrakePacesATenant(t *testing.T) { // P-17
	for _, connections := range []int{100, 300, 1000, 2000} {
		synctest.Test(t, func(t *testing.T) {
			b := newBrake()
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			var mu sync.Mutex
			refused := 0
			for range connections {
				wg.Go(func() {
					for ctx.Err() == nil {
						b.hold(ctx, signalbox.ID{1})
						mu.Lock()
						refused++
						mu.Unlock()
					}
				})
			}
			const seconds = 30
			time.Sleep(seconds * time.Second / 2)
			for _, took := range holdAtOnce(b, 2, 10) {
				require.Less(t, took, 150*time.Millisecond)
			}
			time.Sleep(seconds * time.Second / 2)
			mu.Lock()
			perSecond := refused / seconds
			mu.Unlock()
			stop()
			wg.Wait()
			require.LessOrEqual(t, perSecond, 1100)
			require.Greater(t, perSecond, 400)
			require.Empty(t, b.held)
		})
	}
}
