package e2e

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// traffic is clients that ask without a pause to speak of, each with the key of the
// moment, and note every fault.
type traffic struct {
	key    atomic.Value
	done   chan struct{}
	wg     sync.WaitGroup
	count  atomic.Int64
	mu     sync.Mutex
	faults []error
}

// startTraffic has clients call ask with the number of the request.
func startTraffic(t *testing.T, clients int, ask func(n int, key string) error, key string) *traffic {
	t.Helper()
	w := &traffic{done: make(chan struct{})}
	w.use(key)
	for range clients {
		w.wg.Go(func() {
			for {
				select {
				case <-w.done:
					return
				case <-time.After(often / 5):
				}
				if err := ask(int(w.count.Add(1)), w.key.Load().(string)); err != nil {
					w.mu.Lock()
					w.faults = append(w.faults, err)
					w.mu.Unlock()
				}
			}
		})
	}
	t.Cleanup(w.end)
	return w
}

// use has the clients change over to another key.
func (w *traffic) use(key string) { w.key.Store(key) }

func (w *traffic) end() {
	select {
	case <-w.done:
	default:
		close(w.done)
	}
	w.wg.Wait()
}

// stop waits for what is under way, and says how many requests there were, none of
// which has failed.
func (w *traffic) stop(t *testing.T) int {
	t.Helper()
	w.end()
	require.Empty(t, w.faults[:min(len(w.faults), 5)], "%d of %d requests have failed", len(w.faults), w.count.Load())
	return int(w.count.Load())
}
