package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// rotate makes a key's successor, as of a moment; the old one goes on for overlap.
func rotate(ctx context.Context, db *postgres.DB, k *signalbox.APIKey, at time.Time, overlap time.Duration) (signalbox.APIKey, error) {
	return db.RotateKey(ctx, "test", k.Tenant, k.ID, func(old *signalbox.APIKey) (signalbox.APIKey, error) {
		next := apiKey(k.Tenant)
		next.CreatedAt, old.ExpiresAt, old.ReplacedBy = at, at.Add(overlap), next.ID
		return next, nil
	})
}

func limitKeys(ctx context.Context, db *postgres.DB, tenant signalbox.ID, n int) error {
	_, err := db.ChangeTenant(ctx, "test", tenant, func(t *signalbox.Tenant) error { t.Limits.Keys = n; return nil })
	return err
}

func requireLimit(t require.TestingT, err error, n float64, of signalbox.LimitScope) {
	e := signalbox.AsError(err)
	require.NotNil(t, e, "there is no room for another key")
	require.Equal(t, signalbox.CodeInvalidInput, e.Code, "%v", err)
	require.Equal(t, &signalbox.LimitReached{Name: "keys", Value: n, Scope: of}, e.Limit)
	require.Contains(t, e.Message, "revoke one")
}

// Of many that make keys at once, on two servers, as many do as the limit has room
// for; and so where some of them rotate (P-17).
func TestNoTenantHasMoreKeysThanItMay(t *testing.T) {
	const limit = 5
	dsn := pgtest.DSN(t)
	servers := []*postgres.DB{pgtest.Connect(t, dsn), pgtest.Connect(t, dsn)}
	db := servers[0]
	require.NoError(t, limitKeys(t.Context(), db, defaultTenant, limit))
	at := time.Now()
	valid := func() []signalbox.APIKey {
		keys, _, err := db.Keys(t.Context(), defaultTenant, signalbox.KeyFilter{Valid: new(true)}, signalbox.Page{First: 100})
		require.NoError(t, err)
		return keys
	}
	race := func(try ...func(db *postgres.DB) error) (made int64) {
		var count atomic.Int64
		var all sync.WaitGroup
		for i := range 24 {
			all.Go(func() {
				err := try[i%len(try)](servers[i/len(try)%2])
				if err == nil {
					count.Add(1)
				} else if reached := signalbox.AsError(err).Limit; reached == nil || reached.Name != "keys" {
					t.Errorf("%v", err)
				}
			})
		}
		all.Wait()
		return count.Load()
	}
	create := func(db *postgres.DB) error { return db.CreateKey(t.Context(), apiKey(defaultTenant)) }
	require.EqualValues(t, limit, race(create))
	keys := valid()
	require.Len(t, keys, limit)
	requireLimit(t, create(db), limit, signalbox.ScopeTenant)

	for _, k := range keys[:2] {
		require.NoError(t, revoke(t.Context(), db, &k))
	}
	overlapping := func(db *postgres.DB) error {
		_, err := rotate(t.Context(), db, &keys[2], at, time.Hour)
		return err
	}
	require.EqualValues(t, 2, race(create, overlapping))
	require.Len(t, valid(), limit)

	// One that ends at once makes room for its successor.
	requireLimit(t, overlapping(db), limit, signalbox.ScopeTenant)
	k := valid()[0]
	_, err := rotate(t.Context(), db, &k, time.Now().Add(-time.Millisecond), 0)
	require.NoError(t, err)
	require.Len(t, valid(), limit)

	// Another tenant has room of its own.
	other, err := db.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "other"})
	require.NoError(t, err)
	require.NoError(t, db.CreateKey(t.Context(), apiKey(other.ID)))
	err = db.CreateKey(t.Context(), apiKey(signalbox.ID{7}))
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
}

// A tenant without a limit of its own has a thousand; its own stands in place of that,
// be it less or more.
func TestTheDefaultLimitOfKeys(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := pgtest.Connect(t, dsn)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), `
INSERT INTO api_keys (tenant_id, id, name, hash, permissions, created_by, expires_at, revoked_at)
SELECT $1, gen_random_uuid(), '', sha256(''), '{}', 'test', CASE WHEN n % 3 = 1 THEN now() - interval '1 day' END, CASE WHEN n % 3 = 2 THEN now() END
FROM generate_series(0, 2999) n`, defaultTenant)
	require.NoError(t, err)
	requireLimit(t, db.CreateKey(t.Context(), apiKey(defaultTenant)), 1000, signalbox.ScopeServer)
	require.NoError(t, limitKeys(t.Context(), db, defaultTenant, 1001))
	k := apiKey(defaultTenant)
	require.NoError(t, db.CreateKey(t.Context(), k))
	requireLimit(t, db.CreateKey(t.Context(), apiKey(defaultTenant)), 1001, signalbox.ScopeTenant)

	// Who has less than before keeps what it has, and may still replace it.
	require.NoError(t, limitKeys(t.Context(), db, defaultTenant, 1))
	_, err = rotate(t.Context(), db, &k, time.Now(), time.Minute)
	requireLimit(t, err, 1, signalbox.ScopeTenant)
	_, err = rotate(t.Context(), db, &k, time.Now(), 0)
	require.NoError(t, err)
}

// Whatever is done to keys as time goes by, a key is made exactly where there is room.
func TestKeysAreMadeWhereThereIsRoom(t *testing.T) {
	db := pgtest.Open(t)
	rapid.Check(t, func(t *rapid.T) {
		tenant, err := db.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: fmt.Sprintf("t-%d", time.Now().UnixNano())})
		require.NoError(t, err)
		limit, now := 2, time.Now().Truncate(time.Second)
		var keys []*signalbox.APIKey // as they have to be
		hasRoom := func() bool {
			n := 0
			for _, k := range keys {
				if k.Valid(now) {
					n++
				}
			}
			return n < limit
		}
		settle := func(err error, hadRoom bool, k *signalbox.APIKey) {
			if hadRoom {
				require.NoError(t, err)
				keys = append(keys, k)
				return
			}
			requireLimit(t, err, float64(limit), signalbox.ScopeTenant)
		}
		minutes := rapid.IntRange(0, 5)
		actions := map[string]func(k *signalbox.APIKey){
			"limit": func(*signalbox.APIKey) {
				limit = rapid.IntRange(1, 4).Draw(t, "limit")
				require.NoError(t, limitKeys(t.Context(), db, tenant.ID, limit))
			},
			"wait": func(*signalbox.APIKey) { now = now.Add(time.Duration(minutes.Draw(t, "minutes")) * time.Minute) },
			"create": func(*signalbox.APIKey) {
				k := apiKey(tenant.ID)
				k.CreatedAt = now
				if expires := minutes.Draw(t, "expires"); expires > 0 {
					k.ExpiresAt = now.Add(time.Duration(expires) * time.Minute)
				}
				settle(db.CreateKey(t.Context(), k), hasRoom(), &k)
			},
			"rotate": func(k *signalbox.APIKey) {
				overlap := time.Duration(minutes.Draw(t, "overlap")) * time.Minute
				ended := *k
				ended.ExpiresAt = now.Add(overlap)
				next, err := rotate(t.Context(), db, k, now, overlap)
				settle(err, !ended.Valid(now) || hasRoom(), &next)
				if err == nil {
					*k = ended
				}
			},
			"revoke": func(k *signalbox.APIKey) {
				k.RevokedAt = now
				require.NoError(t, revoke(t.Context(), db, k))
			},
		}
		require.NoError(t, limitKeys(t.Context(), db, tenant.ID, limit))
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			name := rapid.SampledFrom([]string{"create", "create", "create", "limit", "wait", "rotate", "rotate", "revoke"}).Draw(t, "action")
			k := &signalbox.APIKey{}
			if name == "rotate" || name == "revoke" {
				if len(keys) == 0 {
					continue
				}
				k = rapid.SampledFrom(keys).Draw(t, "key")
			}
			actions[name](k)
		}
	})
}
