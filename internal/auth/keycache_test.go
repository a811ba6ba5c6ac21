package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// In a bubble of synctest, time passes only when everybody waits: hours cost nothing,
// and a sleep is exact.

var errAway = errors.New("connection refused")

func away(context.Context) error { return errAway }

// hang answers nothing until the caller gives up.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCachedKeyAsksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		_, key := r.key(t, signalbox.KeyEdit{})
		_, err := r.try(t, key)
		require.NoError(t, err)
		r.store.fail(func(context.Context) error { time.Sleep(500 * time.Millisecond); return nil })
		for range 100 * 10 { // for 10 s
			began := time.Now()
			_, err := r.try(t, key)
			require.NoError(t, err)
			require.Zero(t, time.Since(began), "nobody waits for a key in use")
			time.Sleep(10 * time.Millisecond)
		}
		require.InDelta(t, 5, r.store.asked(), 1)
		time.Sleep(time.Second) // a lookup ends
	})
}

func TestOneLookupForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		_, key := r.key(t, signalbox.KeyEdit{})
		r.store.fail(func(context.Context) error { time.Sleep(time.Second); return nil })
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				_, err := r.try(t, key)
				require.NoError(t, err)
			})
		}
		group.Wait()
		require.Equal(t, 1, r.store.asked())
	})
}

// A revocation elsewhere is seen within 10 s, whatever the database does meanwhile and
// however often the key is used.
func TestRevokedElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		database func(context.Context) error
		every    time.Duration
		within   time.Duration
	}{
		"well":         {nil, 100 * time.Millisecond, 3100 * time.Millisecond},
		"seldom used":  {nil, 3500 * time.Millisecond, 3500 * time.Millisecond},
		"slow":         {func(context.Context) error { time.Sleep(1900 * time.Millisecond); return nil }, 100 * time.Millisecond, 6 * time.Second},
		"hanging":      {hang, 100 * time.Millisecond, 10 * time.Second},
		"away":         {away, 100 * time.Millisecond, 8100 * time.Millisecond},
		"away, seldom": {away, 7 * time.Second, 10 * time.Second},
		"comes and goes": {func() func(context.Context) error {
			var n atomic.Int64
			return func(ctx context.Context) error {
				if n.Add(1)%3 != 0 {
					return hang(ctx)
				}
				return nil
			}
		}(), 100 * time.Millisecond, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Now, nil)
				elsewhere, err := auth.NewKeys(auth.KeysConfig{Store: r.store, Now: time.Now})
				require.NoError(t, err)
				k, key := r.key(t, signalbox.KeyEdit{})
				_, err = r.try(t, key)
				require.NoError(t, err)
				r.store.fail(c.database)
				// Into the middle of whatever there is of rhythm.
				for range 17 {
					_, _ = r.try(t, key)
					time.Sleep(100 * time.Millisecond)
				}
				_, err = elsewhere.Revoke(t.Context(), admin(acme), acme.ID, k.ID)
				require.NoError(t, err)
				revoked := time.Now()
				var last time.Duration
				for time.Since(revoked) < 15*time.Second {
					if _, err := r.try(t, key); err == nil {
						last = time.Since(revoked)
					}
					time.Sleep(c.every)
				}
				require.LessOrEqual(t, last, c.within)
				time.Sleep(3 * time.Second) // lookups that hang end
			})
		})
	}
}

func TestDatabaseAway(t *testing.T) {
	for name, database := range map[string]func(context.Context) error{"away": away, "hanging": hang} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Now, nil)
				k, key := r.key(t, signalbox.KeyEdit{})
				_, cold := r.key(t, signalbox.KeyEdit{})
				_, err := r.try(t, key)
				require.NoError(t, err)
				began := time.Now()
				r.store.fail(database)

				_, err = r.try(t, cold)
				e := refusal(t, err, signalbox.CodeUnavailable, "the key cannot be checked now")
				require.NotContains(t, e.Message, errAway.Error())

				for time.Since(began) < 7*time.Second {
					asked := time.Now()
					_, err := r.try(t, key)
					require.NoError(t, err)
					require.LessOrEqual(t, time.Since(asked), 300*time.Millisecond)
					time.Sleep(50 * time.Millisecond)
				}
				time.Sleep(time.Second + time.Millisecond)
				_, err = r.try(t, key)
				refused(t, err, signalbox.CodeUnavailable, "the key cannot be checked now")
				require.Contains(t, r.log.String(), "API keys cannot be looked up")
				require.NotContains(t, r.log.String(), key[37:])

				r.store.fail(nil)
				time.Sleep(2 * time.Second) // a lookup that hangs ends
				p, err := r.try(t, key)
				require.NoError(t, err)
				require.Equal(t, k.ID, p.Key)
			})
		})
	}
}

// A request that goes away takes nobody's answer with it.
func TestCallerGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		_, key := r.key(t, signalbox.KeyEdit{})
		r.store.fail(func(ctx context.Context) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		var first, second error
		var group sync.WaitGroup
		group.Go(func() { _, first = r.Authenticate(ctx, "Bearer "+key) })
		synctest.Wait()
		group.Go(func() { _, second = r.try(t, key) })
		synctest.Wait()
		cancel()
		group.Wait()
		refused(t, first, signalbox.CodeUnavailable, "try again")
		require.NoError(t, second)
		require.Equal(t, 1, r.store.asked())
	})
}

func TestUnknownIDsAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		_, key := r.key(t, signalbox.KeyEdit{})
		guess := "sbx_" + "00000000000000000000000000000000" + key[36:]
		for range 100 {
			_, err := r.try(t, guess)
			refused(t, err, signalbox.CodeUnauthenticated, "these credentials")
		}
		require.Equal(t, 1, r.store.asked())
		time.Sleep(3 * time.Second)
		_, err := r.try(t, guess)
		refused(t, err, signalbox.CodeUnauthenticated, "these credentials")
		require.Equal(t, 2, r.store.asked())
	})
}

// Guesses at ids take few connections, and none from a key in use.
func TestGuessesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		_, key := r.key(t, signalbox.KeyEdit{})
		_, err := r.try(t, key)
		require.NoError(t, err)
		var most, now atomic.Int64
		r.store.fail(func(ctx context.Context) error {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		var busy, wrong atomic.Int64
		var group sync.WaitGroup
		for i := range 500 {
			guess := []byte("sbx_00000000000000000000000000000000" + key[36:])
			guess[4], guess[5], guess[6] = "0123456789abcdef"[i>>8], "0123456789abcdef"[i>>4&15], "0123456789abcdef"[i&15]
			group.Go(func() {
				_, err := r.try(t, string(guess))
				switch signalbox.ErrorCode(err) {
				case signalbox.CodeOverloaded:
					if signalbox.AsError(err).RetryAfter > 0 && signalbox.AsError(err).Limit != nil {
						busy.Add(1)
					}
				case signalbox.CodeUnauthenticated:
					wrong.Add(1)
				default:
				}
			})
		}
		synctest.Wait()
		asked := time.Now()
		_, err = r.try(t, key)
		require.NoError(t, err)
		require.Zero(t, time.Since(asked))
		group.Wait()
		require.LessOrEqual(t, most.Load(), int64(9))
		require.Equal(t, int64(8), wrong.Load())
		require.Equal(t, int64(492), busy.Load())
	})
}

// What was read before a key was forgotten does not count after.
func TestForgetDuringLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		k, key := r.key(t, signalbox.KeyEdit{})
		var reads atomic.Int64
		r.store.after = func() {
			if reads.Add(1) == 1 {
				time.Sleep(time.Second) // with the key as it was
			}
		}
		var group sync.WaitGroup
		group.Go(func() { _, _ = r.try(t, key) })
		synctest.Wait()
		_, err := r.keys.Revoke(t.Context(), admin(acme), acme.ID, k.ID)
		require.NoError(t, err)
		_, err = r.try(t, key)
		refused(t, err, signalbox.CodeUnauthenticated, "the key was revoked")
		group.Wait()
		_, err = r.try(t, key)
		refused(t, err, signalbox.CodeUnauthenticated, "the key was revoked")
	})
}

func TestDeletedKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		k, key := r.key(t, signalbox.KeyEdit{})
		_, err := r.try(t, key)
		require.NoError(t, err)
		r.store.mu.Lock()
		delete(r.store.keys, k.ID)
		r.store.mu.Unlock()
		time.Sleep(3 * time.Second)
		for range 2 {
			_, err = r.try(t, key)
			refused(t, err, signalbox.CodeUnauthenticated, "these credentials are not valid here")
		}
	})
}

func TestLastUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Now, nil)
		a, keyA := r.key(t, signalbox.KeyEdit{})
		b, keyB := r.key(t, signalbox.KeyEdit{})
		ctx, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { r.Run(ctx) })

		for range 100 {
			_, err := r.try(t, keyA)
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
		_, err := r.try(t, keyA[:37]+keyB[37:]) // no use of b's, nor of a's
		require.Error(t, err)
		lastA := time.Now().Add(-100 * time.Millisecond).UTC().Truncate(time.Second)
		time.Sleep(21 * time.Second)
		require.Equal(t, []map[signalbox.ID]time.Time{{a.ID: lastA}}, r.store.wrote())

		// What cannot be written waits, and the newest counts.
		_, err = r.try(t, keyA)
		require.NoError(t, err)
		_, err = r.try(t, keyB)
		require.NoError(t, err)
		lastB := time.Now().UTC().Truncate(time.Second)
		r.store.fail(away)
		time.Sleep(30 * time.Second)
		require.Empty(t, r.store.wrote())
		require.Contains(t, r.log.String(), "last uses of API keys were not written")
		r.store.fail(nil)
		_, err = r.try(t, keyA)
		require.NoError(t, err)
		lastA = time.Now().UTC().Truncate(time.Second)

		// Once more at the end.
		stop()
		run.Wait()
		require.Equal(t, []map[signalbox.ID]time.Time{{a.ID: lastA, b.ID: lastB}}, r.store.wrote())

		// Nothing to write is not written.
		ctx, stop = context.WithCancel(t.Context())
		stop()
		r.Run(ctx)
		require.Empty(t, r.store.wrote())
	})
}
