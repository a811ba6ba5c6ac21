package graph

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// brakePause is for how long a refusal by rate is held back at the least.
	brakePause = 100 * time.Millisecond
	// brakeGap is what each that is held back for the same tenant adds: so one tenant
	// gets about 500 refusals a second, whatever the number of its connections.
	brakeGap = 2 * time.Millisecond
	// brakeLongest is below the time-outs that clients have.
	brakeLongest = 2 * time.Second
	// brakePlaces bounds the refusals that are held back at once, some 20 KB each.
	brakePlaces = 4096
)

// brake holds answers back. Who sends ten times what it may, and sends again as soon
// as it is refused, would otherwise take the processors with nothing but refusals.
// It costs no one who keeps to the rate anything, and who is held back no event of
// those that it may send. Beyond its places it holds nothing: what is to be cheap
// must not pile up.
type brake struct {
	pause, gap, longest time.Duration
	places              int

	mu   sync.Mutex
	all  int
	held map[signalbox.ID]int
}

func newBrake() *brake {
	return &brake{
		pause: brakePause, gap: brakeGap, longest: brakeLongest,
		places: brakePlaces, held: make(map[signalbox.ID]int),
	}
}

// hold returns after a while, or when the client has gone. The while is half of it
// more or less: those that are refused at once are not to come back at once.
func (b *brake) hold(ctx context.Context, tenant signalbox.ID) {
	pause := b.enter(tenant)
	if pause == 0 {
		return
	}
	defer b.leave(tenant)
	timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // jitter.
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// enter answers for how long to hold, or 0 where every place is taken.
func (b *brake) enter(tenant signalbox.ID) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.places {
		return 0
	}
	b.all++
	b.held[tenant]++
	return min(max(b.pause, time.Duration(b.held[tenant])*b.gap), b.longest)
}

func (b *brake) leave(tenant signalbox.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.held[tenant]--; b.held[tenant] == 0 {
		delete(b.held, tenant)
	}
}
