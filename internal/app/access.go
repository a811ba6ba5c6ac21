package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/catalogue"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// refreshTimeout bounds the look for a tenant that is not known yet.
const refreshTimeout = 2 * time.Second

// access is the part that knows callers, and makes what they call with.
type access struct {
	authenticate func(r *http.Request) (signalbox.Principal, error)
	keys         *auth.Keys
	tenants      *auth.Tenants
}

// buildAccess makes the part that says who is calling, and what changes that.
func (a *App) buildAccess() (access, error) {
	o := a.opts
	authenticator, err := auth.New(auth.Config{
		Keys: a.db, Tenant: a.tenantOfKey, TenantBySlug: a.live.Tenant, OIDC: o.OIDC, Now: time.Now, Logger: o.Logger,
	})
	if err != nil {
		return access{}, err
	}
	a.down.background("last uses of keys", authenticator.Run)
	keys, err := auth.NewKeys(auth.KeysConfig{Store: a.db, Now: time.Now, Forget: authenticator.Forget})
	if err != nil {
		return access{}, err
	}
	tenants, err := auth.NewTenants(auth.TenantsConfig{Store: liveTenants{a.db, a.live, o.Logger}})
	if err != nil {
		return access{}, err
	}
	made := access{keys: keys, tenants: tenants, authenticate: a.nobodyInParticular}
	if !o.NoAuth {
		made.authenticate = func(r *http.Request) (signalbox.Principal, error) {
			p, err := authenticator.Authenticate(r.Context(), r.Header.Get("Authorization"))
			if err == nil {
				err = a.limiter.Peek(&p) // what is refused need not be read
			}
			return p, err
		}
	}
	return made, nil
}

// tenantOfKey is the tenant of a key that is good. One that was made a moment ago,
// by another process, is looked for at once, so that a first key works from the start.
func (a *App) tenantOfKey(ctx context.Context, id signalbox.ID) (signalbox.Tenant, error) {
	t, err := a.live.TenantByID(id)
	if signalbox.ErrorCode(err) != signalbox.CodeNotFound {
		return t, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout) // it serves others too
	defer cancel()
	if err := a.live.Refresh(ctx); err != nil {
		return signalbox.Tenant{}, err
	}
	return a.live.TenantByID(id)
}

// nobodyInParticular is every caller of a server without authentication.
func (a *App) nobodyInParticular(*http.Request) (signalbox.Principal, error) {
	tenant, err := a.live.Tenant(signalbox.DefaultTenantSlug)
	return signalbox.Principal{
		Tenant: tenant, Actor: "nobody (no authentication)", Permissions: signalbox.Permissions{{Action: signalbox.ActionAdmin}},
	}, err
}

// liveTenants has a changed tenant in force here before the caller hears of it; the
// other replicas find it themselves.
type liveTenants struct {
	*postgres.DB
	live *catalogue.Live
	log  *slog.Logger
}

func (l liveTenants) CreateTenant(ctx context.Context, actor string, t signalbox.Tenant) (signalbox.Tenant, error) {
	t, err := l.DB.CreateTenant(ctx, actor, t)
	if err == nil {
		l.refresh(ctx)
	}
	return t, err
}

func (l liveTenants) ChangeTenant(ctx context.Context, actor string, tenant signalbox.ID, change func(*signalbox.Tenant) error) (signalbox.Tenant, error) {
	t, err := l.DB.ChangeTenant(ctx, actor, tenant, change)
	if err == nil {
		l.refresh(ctx)
	}
	return t, err
}

func (l liveTenants) refresh(ctx context.Context) {
	if err := l.live.Refresh(context.WithoutCancel(ctx)); err != nil {
		// It is saved; every replica, this one too, looks again within the second.
		l.log.Warn("a tenant's change is not in force here yet", "error", err)
	}
}
