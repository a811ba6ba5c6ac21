package postgres

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// group lets concurrent callers share one flush. There is no timer: a flush takes
// what has queued while the one before it ran, so a lone caller waits for nothing
// and a crowd shares a commit.
//
// The caller that finds nobody flushing becomes the one that does; when its own
// flush is done and others have queued meanwhile, a goroutine takes over.
type group[T any] struct {
	// flush stores a batch and sets each item's own result before it returns. It
	// may still be at it when the caller of do has given up on the item.
	flush func(batch []T)
	// cost is an item's weight; maxBatch and maxQueue count in it. An item that
	// is heavier than a batch may be is flushed alone.
	cost     func(T) int
	maxBatch int
	maxQueue int
	// lanes is how many flushes may run at once.
	lanes int
	// patience bounds the wait in the queue and for the flush that follows.
	patience time.Duration

	mu      sync.Mutex
	queue   []waiter[T]
	queued  int // the cost of what is in queue
	running int
}

type waiter[T any] struct {
	item T
	done chan struct{}
}

// do returns when the item's batch has been flushed. When the queue is full it
// refuses at once: waiting longer than the queue is deep helps nobody. Behind a
// flush that hangs it gives up when its patience ends: the item is then not
// flushed at all, unless its flush has begun, whose end is left open.
func (g *group[T]) do(item T) error {
	g.mu.Lock()
	if g.queued >= g.maxQueue {
		g.mu.Unlock()
		return &signalbox.Error{
			Code:       signalbox.CodeOverloaded,
			Message:    "too many writes are waiting for the database; send again later",
			RetryAfter: unavailableRetry,
		}
	}
	if g.running < g.lanes {
		g.running++
		g.mu.Unlock()
		defer g.handOver() // even if flush panics: a lane lost is a server that hangs
		g.flush([]T{item})
		return nil
	}
	w := waiter[T]{item: item, done: make(chan struct{})}
	g.queue = append(g.queue, w)
	g.queued += g.cost(item)
	g.mu.Unlock()
	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	select {
	case <-w.done:
		return nil
	case <-timer.C:
		g.leave(w)
		return fmt.Errorf("wait behind other writes: %w", context.DeadlineExceeded)
	}
}

// leave takes a waiter out of the queue, if it is still there.
func (g *group[T]) leave(w waiter[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.queue, func(other waiter[T]) bool { return other.done == w.done })
	if i >= 0 {
		g.queued -= g.cost(w.item)
		g.queue = slices.Delete(g.queue, i, i+1)
	}
}

// handOver ends a caller's turn as the one that flushes.
func (g *group[T]) handOver() {
	g.mu.Lock()
	if len(g.queue) == 0 {
		g.running--
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	go g.drain()
}

// drain flushes until the queue is empty.
func (g *group[T]) drain() {
	for {
		taken := g.take()
		if taken == nil {
			return
		}
		batch := make([]T, len(taken))
		for i, w := range taken {
			batch[i] = w.item
		}
		g.flush(batch)
		for _, w := range taken {
			close(w.done)
		}
	}
}

// take removes the next batch from the queue; nil ends the lane.
func (g *group[T]) take() []waiter[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 {
		g.queue = nil
		g.running--
		return nil
	}
	n, cost := 0, 0
	for n < len(g.queue) {
		weight := g.cost(g.queue[n].item)
		if n > 0 && cost+weight > g.maxBatch {
			break
		}
		cost += weight
		n++
	}
	taken := g.queue[:n:n]
	g.queue = g.queue[n:]
	g.queued -= cost
	return taken
}
