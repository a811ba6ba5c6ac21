package graph

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// operationTurn bounds what is quickly done: of four places it makes two thousand
	// operations a second, and what it takes to read and to answer those.
	operationTurn = 2 * time.Millisecond
	// rootsAtOnce is how many root fields of one query are looked for at once.
	rootsAtOnce = 2
	// turnPatience is for how long one waits for its turn.
	turnPatience = 2 * time.Second
	turnRetry    = time.Second
)

// turns let one tenant have so many of something under way at once; the others of its
// requests wait. So whoever else comes waits behind as many of them, and not behind a
// thousand. What one tenant gets is not what another has left.
//
// A turn lasts a while at the least, which only the next one notices. Who has a
// thousand connections, and asks again as soon as it is answered, would otherwise take
// the processors with whatever is cheapest.
type turns struct {
	name     string // of the limit
	full     string // what who finds no place is told
	each     int
	least    time.Duration // how long a turn lasts
	patience time.Duration

	mu  sync.Mutex
	own map[signalbox.ID]*places
}

// places are one tenant's; they are forgotten when nobody holds or wants one.
type places struct {
	taken chan struct{}
	users int // who hold or want one
}

func newTurns(name string, each int, least time.Duration, full string) *turns {
	return &turns{name: name, full: full, each: each, least: least, patience: turnPatience, own: make(map[signalbox.ID]*places)}
}

// enter takes a place, and answers how to give it back; or it is OVERLOADED.
func (t *turns) enter(ctx context.Context, tenant signalbox.ID) (leave func(), err error) {
	p := t.placesOf(tenant)
	select {
	case p.taken <- struct{}{}:
		return t.turn(tenant, p), nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	select {
	case p.taken <- struct{}{}:
		return t.turn(tenant, p), nil
	case <-ctx.Done():
		t.forget(tenant, p)
		return nil, &signalbox.Error{
			Code: signalbox.CodeOverloaded, RetryAfter: turnRetry, Message: t.full,
			Limit: &signalbox.LimitReached{Name: t.name, Value: float64(t.each), Scope: signalbox.ScopeTenant},
		}
	}
}

// turn begins one, and answers how to end it.
func (t *turns) turn(tenant signalbox.ID, p *places) (leave func()) {
	began := time.Now()
	end := func() {
		<-p.taken
		t.forget(tenant, p)
	}
	return func() {
		if left := t.least - time.Since(began); left > 0 {
			time.AfterFunc(left, end)
			return
		}
		end()
	}
}

func (t *turns) placesOf(tenant signalbox.ID) *places {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.own[tenant]
	if p == nil {
		p = &places{taken: make(chan struct{}, t.each)}
		t.own[tenant] = p
	}
	p.users++
	return p
}

func (t *turns) forget(tenant signalbox.ID, p *places) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.users--; p.users == 0 {
		delete(t.own, tenant)
	}
}

// fewAtOnce has the root fields of a query take turns, too: twenty in one document are
// not to be worth twenty documents.
func fewAtOnce() graphql.RootFieldMiddleware {
	places := make(chan struct{}, rootsAtOnce)
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		case <-ctx.Done(): // what is asked for will not begin
		}
		return next(ctx)
	}
}
