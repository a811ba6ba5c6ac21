package limit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Buckets that are full again are forgotten, and forgetting one gives nobody a token.
func TestIdleBucketsAreForgotten(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l, err := New(Config{Now: func() time.Time { return at }, Random: func() float64 { return 0 }})
	require.NoError(t, err)
	who := func(tenant int, rate float64) *signalbox.Principal {
		return &signalbox.Principal{Tenant: signalbox.Tenant{ID: signalbox.ID{byte(tenant), byte(tenant >> 8)}, Limits: signalbox.Limits{Rate: rate}}}
	}
	for tenant := range 10_000 {
		require.NoError(t, l.Take(who(tenant, 5)))
	}
	slow := who(20_000, 0.001) // takes longer to fill than a sweep is away
	require.NoError(t, l.Take(slow))
	require.Len(t, l.rate.buckets, 10_001)
	at = at.Add(sweepEvery)
	require.Error(t, l.Take(slow))
	require.Len(t, l.rate.buckets, 1)
	at = at.Add(1000 * time.Second)
	require.NoError(t, l.Take(who(1, 5)))
	require.Len(t, l.rate.buckets, 1)
	require.Contains(t, l.rate.buckets, owner{signalbox.ScopeTenant, who(1, 5).Tenant.ID})
}
