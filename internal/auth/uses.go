package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// flushEvery is how often last uses are written: what is shown of a key may be
	// that old, and is lost for so long where the process dies.
	flushEvery   = 30 * time.Second
	flushTimeout = 5 * time.Second
	// maxUses bounds what waits to be written while the store is away.
	maxUses = cachedKeys
)

// uses collects when keys were last used.
type uses struct {
	store KeyStore
	log   *slog.Logger

	mu      sync.Mutex
	pending map[signalbox.ID]time.Time
}

func newUses(store KeyStore, log *slog.Logger) *uses {
	return &uses{store: store, log: log, pending: make(map[signalbox.ID]time.Time)}
}

// note takes down a use, to the second. Where too many wait, it is let go: the next
// use comes soon, or it was of no great matter.
func (u *uses) note(id signalbox.ID, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.keep(id, at.UTC().Truncate(time.Second))
}

// keep is for who holds the lock.
func (u *uses) keep(id signalbox.ID, at time.Time) {
	last, there := u.pending[id]
	if !there && len(u.pending) >= maxUses || there && !last.Before(at) {
		return
	}
	u.pending[id] = at
}

func (u *uses) run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			u.flush(ctx)
		case <-ctx.Done():
			u.flush(context.WithoutCancel(ctx))
			return
		}
	}
}

// flush writes what has been taken down. What cannot be written waits for the next
// turn.
func (u *uses) flush(ctx context.Context) {
	u.mu.Lock()
	batch := u.pending
	u.pending = make(map[signalbox.ID]time.Time)
	u.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	err := u.store.TouchKeys(ctx, batch)
	if err == nil {
		return
	}
	u.log.WarnContext(ctx, "last uses of API keys were not written; they wait for the next turn", "keys", len(batch), "error", err)
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, at := range batch {
		u.keep(id, at)
	}
}
