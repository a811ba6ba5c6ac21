package postgres

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

type write struct {
	tenant signalbox.ID
	cost   int
}

// However much one tenant writes, another finds room in the queue, and its turn comes
// with the next flush (P-17).
func TestTenantsTakeTurnsAtWriting(t *testing.T) {
	a, b := signalbox.ID{1}, signalbox.ID{2}
	flushed, next := make(chan []write), make(chan struct{})
	g := group[write]{
		flush:    func(batch []write) { flushed <- batch; <-next },
		cost:     func(w write) int { return w.cost },
		tenant:   func(w write) signalbox.ID { return w.tenant },
		maxBatch: 640, maxQueue: 8000, lanes: 1, patience: time.Minute,
	}
	queued := func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.queued
	}
	var wg sync.WaitGroup
	do := func(w write) { wg.Go(func() { _ = g.do(w) }) }

	do(write{a, 100})
	require.Len(t, <-flushed, 1) // and stays at it
	for range 40 {
		before := queued()
		do(write{a, 100})
		require.Eventually(t, func() bool { return queued() == before+100 }, time.Minute, time.Millisecond)
	}
	require.Equal(t, signalbox.CodeOverloaded, signalbox.ErrorCode(g.do(write{a, 100})), "it has half of the queue, and as much is left")
	for range 5 {
		before := queued()
		do(write{b, 10})
		require.Eventually(t, func() bool { return queued() == before+10 }, time.Minute, time.Millisecond)
	}

	next <- struct{}{}
	batch := <-flushed
	of := make(map[signalbox.ID]int)
	for _, w := range batch {
		of[w.tenant]++
	}
	require.Equal(t, map[signalbox.ID]int{a: 5, b: 5}, of)
	go func() {
		for range flushed {
			next <- struct{}{}
		}
	}()
	next <- struct{}{}
	wg.Wait()
	require.Zero(t, queued())
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Empty(t, g.lines)
	require.Empty(t, g.turns)
}

func TestWhoHasNoPatienceLeavesTheLine(t *testing.T) {
	release := make(chan struct{})
	g := group[write]{
		flush:    func([]write) { <-release },
		cost:     func(w write) int { return w.cost },
		tenant:   func(w write) signalbox.ID { return w.tenant },
		maxBatch: 100, maxQueue: 100, lanes: 1, patience: 10 * time.Millisecond,
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.do(write{cost: 1}) })
	require.Eventually(t, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.running == 1 }, time.Minute, time.Millisecond)
	require.Error(t, g.do(write{tenant: signalbox.ID{1}, cost: 7}))
	require.Zero(t, g.queued)
	require.Empty(t, g.lines)
	require.Empty(t, g.turns)
	close(release)
	wg.Wait()
}
