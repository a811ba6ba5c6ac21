package graph

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestATenantTakesTurnsAndWaitsForNoOther(t *testing.T) { // P-17
	a, b := signalbox.ID{1}, signalbox.ID{2}
	turns := newTurns("seats", 2, 0, "full")
	turns.patience = 20 * time.Millisecond
	var leaves []func()
	for range 2 {
		leave, err := turns.enter(t.Context(), a)
		require.NoError(t, err)
		leaves = append(leaves, leave)
	}
	_, err := turns.enter(t.Context(), a)
	require.Equal(t, &signalbox.Error{
		Code: signalbox.CodeOverloaded, Message: "full", RetryAfter: time.Second,
		Limit: &signalbox.LimitReached{Name: "seats", Value: 2, Scope: signalbox.ScopeTenant},
	}, err)
	leave, err := turns.enter(t.Context(), b)
	require.NoError(t, err)
	leaves = append(leaves, leave)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = turns.enter(gone, a)
	require.Error(t, err, "who has gone waits no longer")
	for _, leave := range leaves {
		leave()
	}
	require.Empty(t, turns.own, "nothing is kept of who has left")
}

// However many of a tenant's requests come, as many as may are under way, each of
// them gets its turn, and a turn lasts as long as it should.
func TestACrowdGetsItsTurnsOneAfterTheOther(t *testing.T) { // P-17
	const each, crowd = 4, 200
	turns := newTurns("seats", each, time.Millisecond, "full")
	turns.patience = time.Minute
	var wg sync.WaitGroup
	var now, most atomic.Int32
	began := time.Now()
	for range crowd {
		wg.Go(func() {
			leave, err := turns.enter(t.Context(), signalbox.ID{1})
			if err != nil {
				t.Error(err)
				return
			}
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			now.Add(-1)
			leave()
		})
	}
	wg.Wait()
	require.LessOrEqual(t, most.Load(), int32(each))
	require.GreaterOrEqual(t, time.Since(began), (crowd/each-1)*time.Millisecond)
	require.Eventually(t, func() bool {
		turns.mu.Lock()
		defer turns.mu.Unlock()
		return len(turns.own) == 0
	}, 10*time.Second, time.Millisecond)
}

func TestWhatIsLargeHasItsRoom(t *testing.T) { // P-17
	a, b := signalbox.ID{1}, signalbox.ID{2}
	r := newRoom(100)
	require.NoError(t, r.take(a, 50))
	err := signalbox.AsError(r.take(a, 1))
	require.Equal(t, signalbox.CodeOverloaded, err.Code)
	require.Equal(t, &signalbox.LimitReached{Name: "heldBytes", Value: 100, Scope: signalbox.ScopeServer}, err.Limit)
	require.Positive(t, err.RetryAfter)
	require.NoError(t, r.take(b, 25), "there is always some for another")
	r.force(a, 500)
	require.Error(t, r.take(b, 1))
	r.give(a, 550)
	r.give(b, 25)
	require.Zero(t, r.used)
	require.Empty(t, r.held)
}
