package limit_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/limit"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func tenant(n byte) *signalbox.Principal {
	return &signalbox.Principal{Tenant: signalbox.Tenant{ID: signalbox.ID{n}}}
}

func entered(l *limit.Limiter, p *signalbox.Principal, most int) int {
	for i := range most {
		if l.Enter(p, 1) != nil {
			return i
		}
	}
	return most
}

func TestWhatIsUnderWayIsShared(t *testing.T) { // P-17
	l, _ := newLimiter(t, limit.Config{InFlight: 100})
	require.Equal(t, 50, entered(l, tenant(1), 1000), "one alone gets to a half")
	e := signalbox.AsError(l.Enter(tenant(1), 1))
	require.Equal(t, signalbox.CodeOverloaded, e.Code)
	require.Equal(t, &signalbox.LimitReached{Name: "inFlight", Value: 100, Scope: signalbox.ScopeServer}, e.Limit)
	require.Equal(t, time.Second, e.RetryAfter)
	require.Contains(t, e.Message, "share")

	require.Equal(t, 25, entered(l, tenant(2), 1000), "and never leaves another with nothing")
	held := map[byte]int{1: 50, 2: 25, 3: entered(l, tenant(3), 1000)}
	require.Equal(t, 13, held[3])
	for range 100 { // as they give back and take anew, all come to total/(n+1)
		for i := range held {
			l.Leave(tenant(i))
			held[i]--
		}
		for i := range held {
			held[i] += entered(l, tenant(i), 3)
		}
	}
	for _, n := range held {
		require.InDelta(t, 25, n, 2)
	}
}

// Where there is one tenant, nothing is kept for others, until there are some.
func TestTheOnlyTenantSharesWithNobody(t *testing.T) { // P-17
	alone := true
	is := func() bool { return alone }
	l, _ := newLimiter(t, limit.Config{InFlight: 100, Alone: is})
	w := &waiting{by: map[signalbox.ID]int{}, clock: newClock()}
	g, err := limit.NewGauge(limit.GaugeConfig{Count: w.count, Backlog: 100, Alone: is, Now: w.now, Random: noJitter})
	require.NoError(t, err)
	require.Equal(t, 100, entered(l, tenant(1), 1000))
	require.NotContains(t, signalbox.AsError(l.Enter(tenant(1), 1)).Message, "share")
	require.Equal(t, 100, admitted(g, tenant(1), 1000))
	alone = false
	for range 60 {
		l.Leave(tenant(1))
	}
	g.Release(tenant(1), 60)
	require.Equal(t, 10, entered(l, tenant(1), 1000))
	require.Equal(t, 10, admitted(g, tenant(1), 1000))
}

// A send that would find no place can be refused unread.
func TestLookingForAPlaceTakesNone(t *testing.T) {
	l, _ := newLimiter(t, limit.Config{InFlight: 4})
	for range 10 {
		require.NoError(t, l.Peek(tenant(1)))
	}
	require.Equal(t, 2, entered(l, tenant(1), 10))
	require.Equal(t, l.Enter(tenant(1), 1), l.Peek(tenant(1)))
	require.Equal(t, signalbox.CodeOverloaded, signalbox.ErrorCode(l.Peek(tenant(1))))
	require.NoError(t, l.Peek(tenant(2)))
}

func TestThereIsRoomForOneAtLeast(t *testing.T) {
	l, _ := newLimiter(t, limit.Config{InFlight: 1})
	require.NoError(t, l.Enter(tenant(1), 1))
	e := signalbox.AsError(l.Enter(tenant(2), 1))
	require.Equal(t, signalbox.CodeOverloaded, e.Code)
	require.NotContains(t, e.Message, "share")
	l.Leave(tenant(1))
	require.NoError(t, l.Enter(tenant(2), 1))
}

// However tenants come and go: never more than the total, a newcomer finds a place
// while one is left, and nobody gets one with more than are left.
func TestFairness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(1, 60).Draw(t, "total")
		l, _ := newLimiter(t, limit.Config{InFlight: total})
		held := make([]int, 5)
		used := 0
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			i := rapid.IntRange(0, len(held)-1).Draw(t, "tenant")
			if rapid.IntRange(0, 2).Draw(t, "leave") == 0 {
				if held[i] > 0 {
					l.Leave(tenant(byte(i)))
					held[i]--
					used--
				}
				continue
			}
			err := l.Enter(tenant(byte(i)), 1)
			require.Equal(t, held[i] < total-used, err == nil)
			if err == nil {
				held[i]++
				used++
			}
			require.LessOrEqual(t, used, total)
			require.LessOrEqual(t, held[i], (total+1)/2)
		}
	})
}

func TestPlacesAreNotLost(t *testing.T) {
	l, _ := newLimiter(t, limit.Config{InFlight: 8})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 1000 {
				if l.Enter(tenant(byte(i%3)), 1) == nil {
					l.Leave(tenant(byte(i % 3)))
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, 4, entered(l, tenant(9), 100))
}
