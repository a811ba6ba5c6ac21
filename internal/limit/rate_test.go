package limit_test

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/limit"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func noJitter() float64 { return 0 }

func newLimiter(t require.TestingT, cfg limit.Config) (*limit.Limiter, *clock) {
	c := newClock()
	cfg.Now, cfg.Random = c.now, noJitter
	l, err := limit.New(cfg)
	require.NoError(t, err)
	return l, c
}

// who has the limits of a tenant and of a key.
func who(tenant, key signalbox.Limits) *signalbox.Principal {
	return &signalbox.Principal{
		Tenant: signalbox.Tenant{ID: signalbox.ID{1}, Limits: tenant},
		Key:    signalbox.ID{2}, Limits: key,
	}
}

// taken is how many tokens there are now.
func taken(l *limit.Limiter, p *signalbox.Principal, most int) int {
	for i := range most {
		if l.Take(p) != nil {
			return i
		}
	}
	return most
}

func TestWhatARefusalSays(t *testing.T) { // P-17
	type limits = signalbox.Limits
	for name, c := range map[string]struct {
		server, tenant, key limits
		first               int // are let through
		code                signalbox.Code
		limit               signalbox.LimitReached
		retry               time.Duration
		message             string
	}{
		"tenant": {
			tenant: limits{Rate: 10}, first: 10,
			limit: signalbox.LimitReached{Name: "rate", Value: 10, Scope: "tenant"}, retry: 100 * time.Millisecond,
			message: "this tenant may send 10 events a second, and has: send again later",
		},
		"key": {
			key: limits{Rate: 4, Burst: 2}, first: 2,
			limit: signalbox.LimitReached{Name: "rate", Value: 4, Scope: "key"}, retry: 250 * time.Millisecond,
			message: "this key may send 4 events a second, and has: send again later",
		},
		"server": {
			server: limits{Rate: 3}, first: 3,
			limit: signalbox.LimitReached{Name: "rate", Value: 3, Scope: "server"}, retry: 334 * time.Millisecond,
			message: "one tenant may send 3 events a second, and has: send again later",
		},
		"the key's is the least": {
			server: limits{Rate: 1000}, tenant: limits{Rate: 100}, key: limits{Rate: 1}, first: 1,
			limit: signalbox.LimitReached{Name: "rate", Value: 1, Scope: "key"}, retry: time.Second,
			message: "this key may send 1 events a second, and has: send again later",
		},
		"the tenant's is the least": {
			server: limits{Rate: 1000}, tenant: limits{Rate: 2}, key: limits{Rate: 50}, first: 2,
			limit: signalbox.LimitReached{Name: "rate", Value: 2, Scope: "tenant"}, retry: 500 * time.Millisecond,
			message: "this tenant may send 2 events a second, and has: send again later",
		},
		"less than one a second": {
			tenant: limits{Rate: 0.1}, first: 1,
			limit: signalbox.LimitReached{Name: "rate", Value: 0.1, Scope: "tenant"}, retry: 10 * time.Second,
			message: "this tenant may send 0.1 events a second, and has: send again later",
		},
		"next to nothing": {
			tenant: limits{Rate: 1e-300}, first: 1,
			limit: signalbox.LimitReached{Name: "rate", Value: 1e-300, Scope: "tenant"}, retry: 24 * time.Hour,
			message: "this tenant may send 1e-300 events a second, and has: send again later",
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, clock := newLimiter(t, limit.Config{Server: c.server})
			p := who(c.tenant, c.key)
			require.Equal(t, c.first, taken(l, p, c.first))
			require.Equal(t, l.Peek(p), l.Take(p))
			e := signalbox.AsError(l.Take(p))
			require.Equal(t, &signalbox.Error{
				Code: signalbox.CodeRateLimited, Message: c.message, RetryAfter: c.retry, Limit: &c.limit,
			}, e)
			if c.retry < time.Hour { // the hint is honest
				clock.pass(c.retry - 2*time.Millisecond)
				require.Error(t, l.Take(p))
				clock.pass(2 * time.Millisecond)
				require.NoError(t, l.Peek(p))
				require.NoError(t, l.Take(p))
			}
		})
	}
}

// A request is refused unread only where it cannot be anything but a send.
func TestWhoIsRefusedUnread(t *testing.T) {
	for texts, refused := range map[string]bool{
		"events:send:order/*": true, "events:send": true, "events:send:order/* events:send:a/b": true,
		"events:send:order/* events:read": false, "tenant:admin": false, "operator": false, "dispatches:redrive": false,
	} {
		l, clock := newLimiter(t, limit.Config{})
		p := who(signalbox.Limits{Rate: 1}, signalbox.Limits{})
		var err error
		p.Permissions, err = signalbox.ParsePermissions(strings.Fields(texts))
		require.NoError(t, err)
		require.NoError(t, l.Peek(p), texts)
		require.NoError(t, l.Take(p), "looking takes nothing")
		require.Error(t, l.Take(p))
		require.Equal(t, refused, l.Peek(p) != nil, texts)
		clock.pass(time.Second)
		require.NoError(t, l.Peek(p))
	}
}

func TestNobodyIsHeldToTheLimitsOfAKeyTheyDoNotHave(t *testing.T) {
	l, _ := newLimiter(t, limit.Config{})
	p := who(signalbox.Limits{}, signalbox.Limits{Rate: 1, Batch: 1, PayloadBytes: 1, Page: 1})
	p.Key = signalbox.ID{}
	require.Equal(t, 1000, taken(l, p, 1000))
	require.NoError(t, l.Enter(p, 1000))
	require.Zero(t, l.PayloadBytes(p).Value)
}

// What the tenant's bucket refuses costs the key's nothing, and the other way round.
func TestARefusalTakesNothing(t *testing.T) {
	l, clock := newLimiter(t, limit.Config{})
	greedy := who(signalbox.Limits{Rate: 10}, signalbox.Limits{Rate: 5})
	other := who(greedy.Tenant.Limits, signalbox.Limits{Rate: 10})
	other.Key = signalbox.ID{3}
	require.Equal(t, 5, taken(l, greedy, 100), "the key's")
	require.Equal(t, 5, taken(l, other, 100), "the tenant's, of which the key's refusals took none")
	clock.pass(time.Second)
	require.Equal(t, 10, taken(l, other, 100))
	require.Zero(t, taken(l, greedy, 100), "the tenant's is empty")
	clock.pass(500 * time.Millisecond) // the tenant's has 5, the key's has what it had and no more
	require.Equal(t, 5, taken(l, greedy, 100))
}

func TestALimitThatChangesTakesEffectAtOnce(t *testing.T) {
	l, clock := newLimiter(t, limit.Config{})
	require.Equal(t, 100, taken(l, who(signalbox.Limits{Rate: 100}, signalbox.Limits{}), 200))
	require.Zero(t, taken(l, who(signalbox.Limits{Rate: 1000}, signalbox.Limits{}), 200), "no tokens are given for it")
	clock.pass(100 * time.Millisecond)
	require.Equal(t, 100, taken(l, who(signalbox.Limits{Rate: 1000}, signalbox.Limits{}), 2000))
	clock.pass(10 * time.Second)
	require.Equal(t, 2, taken(l, who(signalbox.Limits{Rate: 2}, signalbox.Limits{}), 200), "nor kept")
	require.Equal(t, 200, taken(l, who(signalbox.Limits{}, signalbox.Limits{}), 200), "no limit")
}

// In whatever order time passes and tokens are asked for, by several keys of a
// tenant, no bucket lets through more than its burst and what its rate has brought,
// and a hint is the time at which there is a token.
func TestNeverMoreThanBurstAndRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := func(name string) signalbox.Limits {
			return signalbox.Limits{Rate: rapid.SampledFrom([]float64{0.5, 1, 3, 7.5, 100}).Draw(t, name+" rate"), Burst: rapid.IntRange(0, 20).Draw(t, name+" burst")}
		}
		l, clock := newLimiter(t, limit.Config{})
		began := clock.now()
		tenant, keys := limits("tenant"), []signalbox.Limits{limits("first key"), limits("second key")}
		let := make([]int, len(keys))
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			clock.pass(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
			i := rapid.IntRange(0, len(keys)-1).Draw(t, "key")
			p := who(tenant, keys[i])
			p.Key = signalbox.ID{byte(10 + i)}
			for range rapid.IntRange(1, 30).Draw(t, "events") {
				err := l.Take(p)
				if err == nil {
					let[i]++
					continue
				}
				if rapid.Bool().Draw(t, "as the hint says") {
					clock.pass(signalbox.AsError(err).RetryAfter)
					require.NoError(t, l.Peek(p))
				}
			}
		}
		passed := clock.now().Sub(began).Seconds()
		all := 0
		for i, n := range let {
			all += n
			require.LessOrEqual(t, float64(n), most(keys[i], passed))
		}
		require.LessOrEqual(t, float64(all), most(tenant, passed))
	})
}

func most(l signalbox.Limits, seconds float64) float64 {
	burst := float64(l.Burst)
	if burst == 0 {
		burst = math.Max(1, math.Ceil(l.Rate))
	}
	return burst + l.Rate*seconds + 1e-6
}

func TestConcurrentSendersGetNoMoreThanThereIs(t *testing.T) {
	l, clock := newLimiter(t, limit.Config{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	all := 0
	for i := range 16 {
		wg.Go(func() {
			p := who(signalbox.Limits{Rate: 1000}, signalbox.Limits{Rate: 100})
			p.Key = signalbox.ID{byte(20 + i)}
			got := 0
			for range 500 {
				if l.Take(p) == nil {
					got++
				}
				clock.pass(100 * time.Microsecond)
			}
			mu.Lock()
			defer mu.Unlock()
			all += got
		})
	}
	wg.Wait()
	require.GreaterOrEqual(t, all, 1000)
	require.LessOrEqual(t, all, 1000+16*500/10) // the burst and 0.8 s
}
