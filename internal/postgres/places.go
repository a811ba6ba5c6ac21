package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// places bound what is under way at once, of work that keeps a connection or a core
// busy for long. One tenant gets to half of them, and to one at least, so that
// however much it asks for, others find a place.
type places struct {
	name string // of the limit
	all  chan struct{}

	mu  sync.Mutex
	own map[signalbox.ID]*share
}

// share is one tenant's; it is forgotten when nobody of the tenant holds or wants a place.
type share struct {
	places chan struct{}
	users  int
}

func newPlaces(name string, n int) *places {
	return &places{name: name, all: make(chan struct{}, n), own: make(map[signalbox.ID]*share)}
}

// enter takes a place, and answers how to give it back. Who finds none within
// patience is told so, as OVERLOADED.
func (p *places) enter(ctx context.Context, tenant signalbox.ID, patience time.Duration, full string) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	own := p.shareOf(tenant)
	select {
	case own.places <- struct{}{}:
	case <-ctx.Done():
		p.release(tenant)
		return nil, p.overloaded(cap(own.places), signalbox.ScopeTenant, full)
	}
	select {
	case p.all <- struct{}{}:
		return func() { <-p.all; <-own.places; p.release(tenant) }, nil
	case <-ctx.Done():
		<-own.places
		p.release(tenant)
		return nil, p.overloaded(cap(p.all), signalbox.ScopeServer, full)
	}
}

func (p *places) shareOf(tenant signalbox.ID) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.own[tenant]
	if s == nil {
		s = &share{places: make(chan struct{}, max(1, cap(p.all)/2))}
		p.own[tenant] = s
	}
	s.users++
	return s
}

func (p *places) release(tenant signalbox.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.own[tenant]
	if s.users--; s.users == 0 {
		delete(p.own, tenant)
	}
}

func (p *places) overloaded(places int, of signalbox.LimitScope, why string) error {
	return &signalbox.Error{
		Code: signalbox.CodeOverloaded, Message: why, RetryAfter: unavailableRetry,
		Limit: &signalbox.LimitReached{Name: p.name, Value: float64(places), Scope: of},
	}
}
