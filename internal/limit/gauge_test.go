package limit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/limit"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// waiting is the database's count, which tests set.
type waiting struct {
	by    map[signalbox.ID]int
	fails bool
	*clock
}

func (w *waiting) count(context.Context, int) (map[signalbox.ID]int, error) {
	if w.fails {
		return nil, errors.New("the database is away")
	}
	return w.by, nil
}

func newGauge(t *testing.T, backlog int) (*limit.Gauge, *waiting) {
	t.Helper()
	w := &waiting{by: map[signalbox.ID]int{}, clock: newClock()}
	g, err := limit.NewGauge(limit.GaugeConfig{Count: w.count, Backlog: backlog, Now: w.now, Random: noJitter})
	require.NoError(t, err)
	return g, w
}

func (w *waiting) set(tenant byte, starts int) { w.by[signalbox.ID{tenant}] = starts }

func admitted(g *limit.Gauge, p *signalbox.Principal, most int) int {
	for i := range most {
		if g.Admit(p, 1) != nil {
			return i
		}
	}
	return most
}

func TestTheBacklogIsShared(t *testing.T) { // P-17
	g, w := newGauge(t, 100)
	require.Equal(t, 50, admitted(g, tenant(1), 1000), "one alone gets to a half")
	require.Equal(t, 25, admitted(g, tenant(2), 1000), "and another finds room")
	w.set(1, 50)
	w.set(2, 25)
	g.Recount(t.Context())
	require.Zero(t, admitted(g, tenant(1), 1000), "what is committed counts once")
	w.set(1, 10)
	g.Recount(t.Context())
	require.Equal(t, 28, admitted(g, tenant(1), 1000))
	g.Release(tenant(1), 5)
	require.Equal(t, 5, admitted(g, tenant(1), 1000))
	w.fails = true
	g.Recount(t.Context())
	require.Zero(t, admitted(g, tenant(1), 1000), "without a count the newest stands")
}

func TestWhatABacklogRefusalSays(t *testing.T) { // P-17
	type limits = signalbox.Limits
	for name, c := range map[string]struct {
		tenant, key limits
		held, other int
		starts      int
		limit       signalbox.LimitReached
		message     string
	}{
		"tenant": {
			tenant: limits{Backlog: 20}, held: 20, starts: 1,
			limit:   signalbox.LimitReached{Name: "backlog", Value: 20, Scope: "tenant"},
			message: "20 of this tenant's starts are waiting for Temporal, and the limit is 20 (backlog); send again later",
		},
		"key": {
			tenant: limits{Backlog: 20}, key: limits{Backlog: 5}, held: 4, starts: 2,
			limit:   signalbox.LimitReached{Name: "backlog", Value: 5, Scope: "key"},
			message: "4 of this tenant's starts are waiting for Temporal, and the limit is 5 (backlog); send again later",
		},
		"the tenant's is less than the key's": {
			tenant: limits{Backlog: 3}, key: limits{Backlog: 5}, held: 3, starts: 1,
			limit:   signalbox.LimitReached{Name: "backlog", Value: 3, Scope: "tenant"},
			message: "3 of this tenant's starts are waiting for Temporal, and the limit is 3 (backlog); send again later",
		},
		"share": {
			held: 60, starts: 1,
			limit:   signalbox.LimitReached{Name: "backlog", Value: 100, Scope: "server"},
			message: "60 of this tenant's starts are waiting for Temporal, which is its share of the 100 that may (maxBacklog); send again later",
		},
		"server": {
			other: 100, starts: 1,
			limit:   signalbox.LimitReached{Name: "backlog", Value: 100, Scope: "server"},
			message: "100 starts are waiting for Temporal, and the limit is 100 (maxBacklog); send again later",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, w := newGauge(t, 100)
			w.set(1, c.held)
			w.set(9, c.other)
			g.Recount(t.Context())
			e := signalbox.AsError(g.Admit(who(c.tenant, c.key), c.starts))
			require.Equal(t, &signalbox.Error{
				Code: signalbox.CodeOverloaded, Message: c.message, RetryAfter: 10 * time.Second, Limit: &c.limit,
			}, e)
		})
	}
}

// The hint goes by how fast the backlog shrinks.
func TestTheHintFollowsThePace(t *testing.T) {
	hint := func(drained int, over int) time.Duration {
		g, w := newGauge(t, 1000)
		for i := range 20 {
			w.set(1, 10_000-i*drained/2)
			g.Recount(t.Context())
			w.pass(500 * time.Millisecond)
		}
		w.set(1, 1000)
		p := who(signalbox.Limits{Backlog: 100}, signalbox.Limits{})
		w.set(1, 100)
		return signalbox.AsError(g.Admit(p, over)).RetryAfter
	}
	require.Equal(t, 10*time.Second, hint(0, 1), "nothing is worked off")
	require.Equal(t, 10*time.Second, hint(300, 1), "thousands are in the way")
	g, w := newGauge(t, 1000)
	for i := range 40 {
		w.set(1, 5000-i*100) // 200 a second
		g.Recount(t.Context())
		w.pass(500 * time.Millisecond)
	}
	p := who(signalbox.Limits{Backlog: 800}, signalbox.Limits{}) // 1100 are waiting: 300 too many, and one to come
	require.InDelta(t, (301.0 / 200), signalbox.AsError(g.Admit(p, 1)).RetryAfter.Seconds(), 0.01)
	p = who(signalbox.Limits{Backlog: 1099}, signalbox.Limits{})
	require.Equal(t, 500*time.Millisecond, signalbox.AsError(g.Admit(p, 1)).RetryAfter, "no sooner than the next count")
}
