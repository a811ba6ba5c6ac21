package limit

import (
	"cmp"
	"errors"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// DefaultInFlight is how many sends may be under way at once, over all tenants.
const DefaultInFlight = 4096

// Config is what a Limiter is made of.
type Config struct {
	// Server holds for every tenant, whether it has limits of its own or not. Its Rate
	// is what any one tenant may have and not what all of them may have together: a
	// rate that is shared is one that the first to come takes from the others.
	Server signalbox.Limits
	// InFlight is how many sends may be under way at once; 0 is the default.
	InFlight int
	// Alone tells that there is one tenant only, who then has to leave nothing to
	// others; nil is never.
	Alone func() bool
	// Now is the clock that buckets fill by.
	Now func() time.Time
	// Random is from 0 up to and without 1.
	Random func() float64
}

// Limiter is safe for concurrent use.
type Limiter struct {
	server signalbox.Limits
	rate   rates
	flight flight
}

// New refuses a config with a part missing.
func New(cfg Config) (*Limiter, error) {
	if cfg.Now == nil || cfg.Random == nil {
		return nil, errors.New("limit.New: a part of the config is missing")
	}
	if cfg.InFlight < 0 || len(cfg.Server.Check()) > 0 {
		return nil, errors.New("limit.New: a limit is negative, or there is a burst without a rate")
	}
	if cfg.Alone == nil {
		cfg.Alone = never
	}
	return &Limiter{
		server: cfg.Server,
		rate:   rates{now: cfg.Now, buckets: make(map[owner]*bucket)},
		flight: flight{total: cmp.Or(cfg.InFlight, DefaultInFlight), random: cfg.Random, alone: cfg.Alone, held: make(map[signalbox.ID]int)},
	}, nil
}

// Take takes a token for one event. It is nil, or RATE_LIMITED with the time at
// which there will be one.
func (l *Limiter) Take(p *signalbox.Principal) error { return l.rate.take(l.scoped(p)) }

// Peek is what Take and then Enter would answer now to a principal that may do
// nothing but send; it takes nothing. Such a principal's requests can be refused
// before they are read, which costs a fraction of what it takes to find out that they
// are sends. To others it is nil: they may have come for something else.
func (l *Limiter) Peek(p *signalbox.Principal) error {
	for i := range p.Permissions {
		if p.Permissions[i].Action != signalbox.ActionSend {
			return nil
		}
	}
	if err := l.rate.peek(l.scoped(p)); err != nil {
		return err
	}
	return l.flight.peek(p.Tenant.ID)
}

// Enter takes a place among the sends that are under way, for one with so many events
// in it. It is nil, and then Leave has to follow; or INVALID_INPUT where these are more
// than the principal may send in one request, or OVERLOADED.
func (l *Limiter) Enter(p *signalbox.Principal, events int) error {
	if err := l.batch(p, events); err != nil {
		return err
	}
	return l.flight.enter(p.Tenant.ID)
}

// Leave gives the place back.
func (l *Limiter) Leave(p *signalbox.Principal) { l.flight.leave(p.Tenant.ID) }

// scope is one of the limits that a principal has, and whose it is.
type scope struct {
	of     signalbox.LimitScope
	owner  signalbox.ID
	limits signalbox.Limits
}

// scoped lists whose limits apply to a principal, the server's first.
func (l *Limiter) scoped(p *signalbox.Principal) [3]scope {
	return [3]scope{
		{signalbox.ScopeServer, p.Tenant.ID, l.server},
		{signalbox.ScopeTenant, p.Tenant.ID, p.Tenant.Limits},
		{signalbox.ScopeKey, p.Key, p.KeyLimits()},
	}
}
