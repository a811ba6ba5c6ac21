package limit

import (
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// sweepEvery is how often full buckets are forgotten.
	sweepEvery = time.Minute
	// longestWait bounds a hint, and the arithmetic of limits that are next to nothing.
	longestWait = 24 * time.Hour
	// whole is what counts as one token: filling rounds, and at the time that a hint
	// has named there has to be one. What is lacking is owed by the next.
	whole = 1 - 1e-6
)

// owner is whose a bucket is. Tenants and keys are real ones: nobody can have a
// bucket made who has not been let in.
type owner struct {
	scope signalbox.LimitScope
	id    signalbox.ID
}

// bucket holds up to burst tokens and gets limit of them a second.
type bucket struct {
	*rate.Limiter

	limits signalbox.Limits // that it was last set to
}

// rates are the token buckets. One lock is over all of them, so that a token is
// taken from each bucket that applies or from none: what the tenant's refuses costs
// the key nothing.
type rates struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[owner]*bucket
	swept   time.Time
}

func (r *rates) take(scopes [3]scope) error { return r.ask(scopes, true) }
func (r *rates) peek(scopes [3]scope) error { return r.ask(scopes, false) }

func (r *rates) ask(scopes [3]scope, take bool) error {
	if scopes[0].limits.Rate == 0 && scopes[1].limits.Rate == 0 && scopes[2].limits.Rate == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.sweep(now)
	var (
		asked  [3]*bucket
		longer time.Duration
		least  signalbox.LimitReached
	)
	for i, s := range scopes {
		if s.limits.Rate == 0 {
			continue
		}
		asked[i] = r.bucket(now, s)
		// Of several that are empty, the one that fills last says when to come again.
		if wait := wait(asked[i].TokensAt(now), s.limits.Rate); wait > longer {
			longer, least = wait, signalbox.LimitReached{Name: "rate", Value: s.limits.Rate, Scope: s.of}
		}
	}
	if longer > 0 {
		return &signalbox.Error{
			Code:       signalbox.CodeRateLimited,
			Message:    fmt.Sprintf("%s may send %g events a second, and has: send again later", whose(least.Scope), least.Value),
			RetryAfter: longer,
			Limit:      &least,
		}
	}
	for _, b := range asked {
		if take && b != nil {
			b.ReserveN(now, 1) // there is one, and nobody else has the lock
		}
	}
	return nil
}

// wait is for how long a bucket has no whole token, rounded up so that there is one then.
func wait(tokens, perSecond float64) time.Duration {
	if tokens >= whole {
		return 0
	}
	milliseconds := math.Ceil((whole - tokens) / perSecond * 1000)
	if milliseconds >= float64(longestWait.Milliseconds()) {
		return longestWait
	}
	return max(1, time.Duration(milliseconds)) * time.Millisecond
}

func whose(s signalbox.LimitScope) string {
	switch s {
	case signalbox.ScopeKey:
		return "this key"
	case signalbox.ScopeTenant:
		return "this tenant"
	default:
		return "one tenant"
	}
}

// bucket finds a bucket or makes it, full, and sets it to its owner's limits, which
// may have changed.
func (r *rates) bucket(now time.Time, s scope) *bucket {
	of := owner{s.of, s.owner}
	b := r.buckets[of]
	if b == nil {
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(s.limits.Rate), burst(s.limits)), limits: s.limits}
		r.buckets[of] = b
	}
	if b.limits.Rate != s.limits.Rate || b.limits.Burst != s.limits.Burst {
		b.SetLimitAt(now, rate.Limit(s.limits.Rate))
		b.SetBurstAt(now, burst(s.limits))
		b.limits = s.limits
	}
	return b
}

// burst is one second's worth where none is given, and one event at the least.
func burst(l signalbox.Limits) int {
	if l.Burst > 0 {
		return l.Burst
	}
	return int(max(1, min(math.Ceil(l.Rate), math.MaxInt32)))
}

// sweep forgets the buckets that are full: one that is made anew is full too. So
// there are never more than those whose owners sent anything within the last minute
// or within the time that theirs takes to fill.
func (r *rates) sweep(now time.Time) {
	if since := now.Sub(r.swept); since >= 0 && since < sweepEvery {
		return
	}
	r.swept = now
	for of, b := range r.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(r.buckets, of)
		}
	}
}
