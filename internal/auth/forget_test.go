package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestRevocationsOfOthersCostNoLookups: what is learned of a key is kept, however many
// other keys are revoked meanwhile. Else a tenant that revokes without end, one key
// again and again, has everybody's looked up at every request.
func TestRevocationsOfOthersCostNoLookups(t *testing.T) {
	r := newRig(t, newClock().now, nil)
	_, text := r.key(t, signalbox.KeyEdit{})
	spent, _ := r.key(t, signalbox.KeyEdit{})
	r.store.after = func() { r.Forget(spent.ID) }
	for range 10 {
		_, err := r.try(t, text)
		require.NoError(t, err)
	}
	require.Equal(t, 1, r.store.asked())
}
