package auth_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// What the fakes promise of the store, the real one keeps; two replicas share it.
func TestOnPostgres(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := pgtest.Connect(t, dsn)
	tenants, err := auth.NewTenants(auth.TenantsConfig{Store: db})
	require.NoError(t, err)
	tenant, err := tenants.Create(t.Context(), operator(), "acme", signalbox.TenantEdit{Limits: signalbox.LimitsEdit{Rate: pointer(9.0)}})
	require.NoError(t, err)
	_, err = tenants.Create(t.Context(), operator(), "acme", signalbox.TenantEdit{})
	require.Equal(t, "/slug", refusal(t, err, signalbox.CodeInvalidInput, "").Path)
	tenant, err = tenants.Change(t.Context(), admin(tenant), tenant.ID, signalbox.TenantEdit{Config: json.RawMessage(`{"a":1}`)})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(tenant.Config))
	require.InDelta(t, 9, tenant.Limits.Rate, 0)

	log := &logtest.Log{}
	replica := func() *auth.Authenticator {
		a, err := auth.New(auth.Config{
			Keys: pgtest.Connect(t, dsn), Now: time.Now, Logger: slog.New(slog.NewTextHandler(log, nil)),
			Tenant:       func(context.Context, signalbox.ID) (signalbox.Tenant, error) { return tenant, nil },
			TenantBySlug: func(string) (signalbox.Tenant, error) { return tenant, nil },
		})
		require.NoError(t, err)
		return a
	}
	here, there := replica(), replica()
	keys, err := auth.NewKeys(auth.KeysConfig{Store: db, Now: time.Now, Forget: here.Forget})
	require.NoError(t, err)
	old, oldText, err := keys.Create(t.Context(), admin(tenant), tenant.ID, signalbox.KeyEdit{
		Name: "shop", Permissions: can(t, "events:send:order/*", `events:send:a\/b/*`, "events:read"),
		Limits: signalbox.Limits{Rate: 2.5, Burst: 3}, ExpiresAt: time.Now().Add(time.Hour),
	})
	require.NoError(t, err)
	for _, a := range []*auth.Authenticator{here, there} {
		p, err := a.Authenticate(t.Context(), "Bearer "+oldText)
		require.NoError(t, err)
		require.Equal(t, signalbox.Principal{
			Tenant: tenant, Actor: "key " + old.ID.String() + " (shop)", Permissions: old.Permissions, Key: old.ID, Limits: old.Limits,
		}, p)
	}

	// Of many rotations at once, one is.
	var group sync.WaitGroup
	var mu sync.Mutex
	var texts []string
	for range 8 {
		group.Go(func() {
			_, text, err := keys.Rotate(t.Context(), admin(tenant), tenant.ID, old.ID, 0)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				texts = append(texts, text)
			} else if signalbox.ErrorCode(err) != signalbox.CodeInvalidInput {
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	require.Len(t, texts, 1)
	_, err = here.Authenticate(t.Context(), "Bearer "+oldText)
	refused(t, err, signalbox.CodeUnauthenticated, "the key was rotated and expired on ")

	p, err := there.Authenticate(t.Context(), "Bearer "+texts[0])
	require.NoError(t, err)
	first, err := keys.Revoke(t.Context(), admin(tenant), tenant.ID, p.Key)
	require.NoError(t, err)
	again, err := keys.Revoke(t.Context(), operator(), tenant.ID, p.Key)
	require.NoError(t, err)
	require.Equal(t, first.RevokedAt, again.RevokedAt)
	_, err = keys.Revoke(t.Context(), admin(tenant), tenant.ID, signalbox.ID{1})
	refused(t, err, signalbox.CodeNotFound, "there is no key")

	// The other replica finds both out by itself.
	for _, text := range []string{oldText, texts[0]} {
		require.Eventually(t, func() bool {
			_, err := there.Authenticate(t.Context(), "Bearer "+text)
			return signalbox.ErrorCode(err) == signalbox.CodeUnauthenticated
		}, 10*time.Second, 50*time.Millisecond)
	}

	all, more, err := db.Keys(t.Context(), tenant.ID, signalbox.KeyFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.False(t, more)
	entries, _, err := db.Audit(t.Context(), tenant.ID, signalbox.AuditFilter{Kind: signalbox.AuditKey}, signalbox.Page{First: 10})
	require.NoError(t, err)
	var done []signalbox.AuditAction
	for _, e := range entries {
		done = append(done, e.Action)
	}
	require.ElementsMatch(t, []signalbox.AuditAction{signalbox.AuditCreated, signalbox.AuditCreated, signalbox.AuditRotated, signalbox.AuditRevoked}, done)
	require.NotContains(t, log.String(), oldText[37:])
}
