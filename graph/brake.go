package graph

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// brakePause is for how long a refusal by rate is held back, half of it more or less:
	// those that are refused at once are not to come back at once.
	brakePause = 100 * time.Millisecond
	// brakePlaces bounds the refusals that are held back at once, some 20 KB each.
	brakePlaces = 1024
)

// brake holds answers back. Who sends ten times what it may, and sends again as soon
// as it is refused, would otherwise take the processors with nothing but refusals;
// with as many connections as a program has, it so comes to a few hundred a second.
// It costs no one who keeps to the rate anything, and who is held back no event of
// those that it may send. Beyond its places it holds nothing: what is to be cheap
// must not pile up.
type brake struct {
	pause  time.Duration
	places chan struct{}
}

func newBrake(pause time.Duration, places int) *brake {
	return &brake{pause: pause, places: make(chan struct{}, places)}
}

// hold returns after about the pause, or when the client has gone.
func (b *brake) hold(ctx context.Context) {
	select {
	case b.places <- struct{}{}:
	default:
		return
	}
	defer func() { <-b.places }()
	timer := time.NewTimer(b.pause/2 + rand.N(b.pause)) //nolint:gosec // jitter.
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
