package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// memory keeps keys as Postgres does, and can be told to fail.
type memory struct {
	mu      sync.Mutex
	keys    map[signalbox.ID]signalbox.APIKey
	lookups int
	touched []map[signalbox.ID]time.Time
	// before is run ahead of each lookup and each touch; its error is the answer.
	before func(ctx context.Context) error
	// after is run when a lookup has read.
	after func()
}

func (m *memory) gate(ctx context.Context) error {
	m.mu.Lock()
	before := m.before
	m.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(ctx)
}

// fail makes lookups and touches fail; nil mends them.
func (m *memory) fail(before func(ctx context.Context) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = before
}

func (m *memory) asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lookups
}

// wrote takes what has been touched.
func (m *memory) wrote() []map[signalbox.ID]time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	touched := m.touched
	m.touched = nil
	return touched
}

func notFound() error { return signalbox.Errorf(signalbox.CodeNotFound, "there is no such key") }

func (m *memory) KeyByID(ctx context.Context, id signalbox.ID) (signalbox.APIKey, error) {
	m.mu.Lock()
	m.lookups++
	m.mu.Unlock()
	if err := m.gate(ctx); err != nil {
		return signalbox.APIKey{}, err
	}
	m.mu.Lock()
	k, ok := m.keys[id]
	after := m.after
	m.mu.Unlock()
	if after != nil {
		after()
	}
	if !ok {
		return signalbox.APIKey{}, notFound()
	}
	return k, nil
}

func (m *memory) TouchKeys(ctx context.Context, used map[signalbox.ID]time.Time) error {
	if err := errors.Join(ctx.Err(), m.gate(ctx)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touched = append(m.touched, maps.Clone(used))
	return nil
}

func (m *memory) CreateKey(_ context.Context, k signalbox.APIKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[k.ID] = k
	return nil
}

func (m *memory) ChangeKey(_ context.Context, _ string, tenant, id signalbox.ID, _ signalbox.AuditAction, change func(*signalbox.APIKey) error) (signalbox.APIKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.keys[id]
	if !ok || k.Tenant != tenant {
		return signalbox.APIKey{}, notFound()
	}
	// Once for nothing, as where the transaction had to be run again.
	again := k
	if err := change(&again); err != nil {
		return signalbox.APIKey{}, err
	}
	if err := change(&k); err != nil {
		return signalbox.APIKey{}, err
	}
	m.keys[id] = k
	return k, nil
}

func (m *memory) RotateKey(_ context.Context, _ string, tenant, id signalbox.ID, rotate func(*signalbox.APIKey) (signalbox.APIKey, error)) (signalbox.APIKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.keys[id]
	if !ok || k.Tenant != tenant {
		return signalbox.APIKey{}, notFound()
	}
	again := k
	if _, err := rotate(&again); err != nil {
		return signalbox.APIKey{}, err
	}
	made, err := rotate(&k)
	if err != nil {
		return signalbox.APIKey{}, err
	}
	m.keys[id], m.keys[made.ID] = k, made
	return made, nil
}

// rig is an authenticator with what it stands on.
type rig struct {
	*auth.Authenticator
	store   *memory
	keys    *auth.Keys
	tenants map[string]signalbox.Tenant
	log     *logtest.Log
	now     func() time.Time
}

var (
	acme  = signalbox.Tenant{ID: signalbox.ID{0xac}, Slug: "acme", Limits: signalbox.Limits{Rate: 100}}
	other = signalbox.Tenant{ID: signalbox.ID{0x07}, Slug: "other"}
)

func newRig(t testing.TB, now func() time.Time, issuer *auth.OIDCConfig) *rig {
	t.Helper()
	r := &rig{
		store: &memory{keys: make(map[signalbox.ID]signalbox.APIKey)},
		log:   &logtest.Log{}, now: now,
		tenants: map[string]signalbox.Tenant{"acme": acme, "other": other},
	}
	var err error
	r.Authenticator, err = auth.New(auth.Config{
		Keys: r.store,
		Tenant: func(_ context.Context, id signalbox.ID) (signalbox.Tenant, error) {
			for _, tenant := range r.tenants {
				if tenant.ID == id {
					return tenant, nil
				}
			}
			return signalbox.Tenant{}, signalbox.Errorf(signalbox.CodeNotFound, "no such tenant")
		},
		TenantBySlug: func(slug string) (signalbox.Tenant, error) {
			if tenant, ok := r.tenants[slug]; ok {
				return tenant, nil
			}
			return signalbox.Tenant{}, signalbox.Errorf(signalbox.CodeNotFound, "no such tenant")
		},
		OIDC: issuer, Now: now, Logger: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	require.NoError(t, err)
	r.keys, err = auth.NewKeys(auth.KeysConfig{Store: r.store, Now: now, Forget: r.Forget})
	require.NoError(t, err)
	return r
}

// key makes a key of acme's.
func (r *rig) key(t testing.TB, e signalbox.KeyEdit) (signalbox.APIKey, string) {
	t.Helper()
	if e.Permissions == nil {
		e.Permissions = can(t, "events:send:order/*", "events:read")
	}
	k, text, err := r.keys.Create(t.Context(), admin(acme), acme.ID, e)
	require.NoError(t, err)
	return k, text
}

func (r *rig) try(t testing.TB, credential string) (signalbox.Principal, error) {
	t.Helper()
	return r.Authenticate(t.Context(), "Bearer "+credential)
}

func admin(tenant signalbox.Tenant) signalbox.Principal {
	return signalbox.Principal{Tenant: tenant, Actor: "oidc admin", Permissions: signalbox.Permissions{{Action: signalbox.ActionAdmin}}}
}

func operator() signalbox.Principal {
	return signalbox.Principal{Tenant: other, Actor: "cli root", Permissions: signalbox.Permissions{{Action: signalbox.ActionOperator}}}
}

func can(t testing.TB, texts ...string) signalbox.Permissions {
	t.Helper()
	ps, err := signalbox.ParsePermissions(texts)
	require.NoError(t, err)
	return ps
}

// refused holds an error to its code and to what its sentence says.
func refused(t testing.TB, err error, code signalbox.Code, says string) {
	t.Helper()
	_ = refusal(t, err, code, says)
}

// refusal does the same, and gives the error for more.
func refusal(t testing.TB, err error, code signalbox.Code, says string) *signalbox.Error {
	t.Helper()
	require.Error(t, err)
	e := signalbox.AsError(err)
	require.Equal(t, code, e.Code, "%v", err)
	require.Contains(t, e.Message, says)
	if code == signalbox.CodeUnavailable || code == signalbox.CodeOverloaded {
		require.Positive(t, e.RetryAfter)
	}
	return e
}
