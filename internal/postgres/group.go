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
//
// Tenants take turns: each has a line of its own, and of the queue as much as all the
// others have left free. However much one of them writes, another's next write waits
// for no more than a flush or two.
type group[T any] struct {
	// flush stores a batch and sets each item's own result before it returns. It
	// may still be at it when the caller of do has given up on the item.
	flush func(batch []T)
	// cost is an item's weight; maxBatch and maxQueue count in it. An item that
	// is heavier than a batch may be is flushed alone.
	cost     func(T) int
	tenant   func(T) signalbox.ID
	maxBatch int
	maxQueue int
	// lanes is how many flushes may run at once.
	lanes int
	// patience bounds the wait in the queue and for the flush that follows.
	patience time.Duration

	mu      sync.Mutex
	lines   map[signalbox.ID]*line[T] // none of them empty
	turns   []*line[T]                // the same, the next one first
	queued  int                       // the cost of what is in them
	running int
}

// line is what one tenant has in the queue.
type line[T any] struct {
	tenant  signalbox.ID
	waiting []waiter[T]
	queued  int
}

// turnsPerBatch is into how many turns a full batch is divided, at the least.
const turnsPerBatch = 64

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
	if g.running < g.lanes {
		g.running++
		g.mu.Unlock()
		defer g.handOver() // even if flush panics: a lane lost is a server that hangs
		g.flush([]T{item})
		return nil
	}
	w := waiter[T]{item: item, done: make(chan struct{})}
	full := !g.join(w)
	g.mu.Unlock()
	if full {
		return &signalbox.Error{
			Code:       signalbox.CodeOverloaded,
			Message:    "too many writes are waiting for the database; send again later",
			RetryAfter: unavailableRetry,
			Limit:      &signalbox.LimitReached{Name: "queuedBytes", Value: float64(g.maxQueue), Scope: signalbox.ScopeServer},
		}
	}
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

// join puts a waiter at the end of its tenant's line, unless that is as long as what
// is left of the queue.
func (g *group[T]) join(w waiter[T]) bool {
	tenant := g.tenant(w.item)
	l := g.lines[tenant]
	if l == nil {
		l = &line[T]{tenant: tenant}
	}
	if l.queued >= g.maxQueue-g.queued {
		return false
	}
	if len(l.waiting) == 0 {
		if g.lines == nil {
			g.lines = make(map[signalbox.ID]*line[T])
		}
		g.lines[tenant] = l
		g.turns = append(g.turns, l)
	}
	l.waiting = append(l.waiting, w)
	g.count(l, g.cost(w.item))
	return true
}

func (g *group[T]) count(l *line[T], cost int) {
	l.queued += cost
	g.queued += cost
}

// leave takes a waiter out of the queue, if it is still there.
func (g *group[T]) leave(w waiter[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[g.tenant(w.item)]
	if l == nil {
		return
	}
	i := slices.IndexFunc(l.waiting, func(other waiter[T]) bool { return other.done == w.done })
	if i < 0 {
		return
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	g.count(l, -g.cost(w.item))
	if len(l.waiting) == 0 {
		delete(g.lines, l.tenant)
		g.turns = slices.DeleteFunc(g.turns, func(other *line[T]) bool { return other == l })
	}
}

// handOver ends a caller's turn as the one that flushes.
func (g *group[T]) handOver() {
	g.mu.Lock()
	if len(g.turns) == 0 {
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
	if len(g.turns) == 0 {
		g.running--
		return nil
	}
	var taken []waiter[T]
	left := g.maxBatch
	for len(g.turns) > 0 {
		l := g.turns[0]
		for turn := g.maxBatch / turnsPerBatch; turn > 0 && len(l.waiting) > 0; {
			weight := g.cost(l.waiting[0].item)
			if len(taken) > 0 && weight > left {
				return taken
			}
			taken = append(taken, l.waiting[0])
			l.waiting[0] = waiter[T]{}
			l.waiting = l.waiting[1:]
			left, turn = left-weight, turn-weight
			g.count(l, -weight)
		}
		g.turns = g.turns[1:]
		if len(l.waiting) > 0 {
			g.turns = append(g.turns, l)
		} else {
			delete(g.lines, l.tenant)
		}
	}
	return taken
}
