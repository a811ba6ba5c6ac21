package graph

import (
	"context"
	"time"
)

const (
	// brakePause is for how long a refusal by rate is held back.
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

// hold returns after the pause, or when the client has gone.
func (b *brake) hold(ctx context.Context) {
	select {
	case b.places <- struct{}{}:
	default:
		return
	}
	defer func() { <-b.places }()
	timer := time.NewTimer(b.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
