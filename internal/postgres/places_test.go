package postgres

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestOneTenantGetsToHalfOfThePlaces(t *testing.T) { // P-17
	a, b := signalbox.ID{1}, signalbox.ID{2}
	p := newPlaces("seats", 4)
	enter := func(tenant signalbox.ID, patience time.Duration) (func(), error) {
		return p.enter(t.Context(), tenant, patience, "full")
	}
	var leaves []func()
	for range 2 {
		leave, err := enter(a, time.Minute)
		require.NoError(t, err)
		leaves = append(leaves, leave)
	}
	_, err := enter(a, time.Millisecond)
	require.Equal(t, signalbox.CodeOverloaded, signalbox.ErrorCode(err))
	require.Equal(t, &signalbox.LimitReached{Name: "seats", Value: 2, Scope: signalbox.ScopeTenant}, signalbox.AsError(err).Limit)
	for range 2 {
		leave, err := enter(b, time.Minute)
		require.NoError(t, err, "however much the other asks for")
		leaves = append(leaves, leave)
	}
	_, err = enter(signalbox.ID{3}, time.Millisecond)
	require.Equal(t, signalbox.CodeOverloaded, signalbox.ErrorCode(err), "all are taken")
	require.Equal(t, &signalbox.LimitReached{Name: "seats", Value: 4, Scope: signalbox.ScopeServer}, signalbox.AsError(err).Limit)
	for _, leave := range leaves {
		leave()
	}
	require.Empty(t, p.own, "nothing is kept of who has left")

	// Whoever waits long enough gets in, and in the end nothing is held.
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			leave, err := p.enter(t.Context(), signalbox.ID{byte(i % 5)}, time.Minute, "full")
			if err != nil {
				t.Error(err)
				return
			}
			leave()
		})
	}
	wg.Wait()
	require.Empty(t, p.own)
	require.Empty(t, p.all)
}
