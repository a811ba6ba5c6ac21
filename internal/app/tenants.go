package app

import (
	"context"
	"encoding/json"
	"math"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// TenantChange is what to make of a tenant's settings. What is nil stays as it is.
type TenantChange struct {
	Namespace    *string
	Config       json.RawMessage
	UnknownNames *signalbox.UnknownNames
	Name         *string
	// Limits makes new limits of those that stand, or answers false.
	Limits func(signalbox.Limits) (signalbox.Limits, bool)
}

func (c TenantChange) edit(now signalbox.Limits) signalbox.TenantEdit {
	e := signalbox.TenantEdit{Name: c.Name, Namespace: c.Namespace, Config: c.Config, UnknownNames: c.UnknownNames}
	if c.Limits == nil {
		return e
	}
	if limits, changed := c.Limits(now); changed {
		e.Limits = &limits
	}
	return e
}

// CreateTenant makes a tenant.
func (o Operator) CreateTenant(ctx context.Context, slug string, c TenantChange) (signalbox.Tenant, error) {
	return withStore(ctx, o, func(db *postgres.DB) (signalbox.Tenant, error) {
		tenants, err := auth.NewTenants(auth.TenantsConfig{Store: db})
		if err != nil {
			return signalbox.Tenant{}, err
		}
		return tenants.Create(ctx, o.principal(signalbox.Tenant{}), slug, c.edit(signalbox.Limits{}))
	})
}

// ChangeTenant changes a tenant's settings. Of two changes of its limits at the same
// moment all of the later one's stand.
func (o Operator) ChangeTenant(ctx context.Context, slug string, c TenantChange) (signalbox.Tenant, error) {
	return withTenant(ctx, o, slug, func(db *postgres.DB, by signalbox.Principal) (signalbox.Tenant, error) {
		tenants, err := auth.NewTenants(auth.TenantsConfig{Store: db})
		if err != nil {
			return signalbox.Tenant{}, err
		}
		now, err := db.Tenant(ctx, by.Tenant.ID)
		if err != nil {
			return signalbox.Tenant{}, err
		}
		return tenants.Change(ctx, by, now.ID, c.edit(now.Limits))
	})
}

// Tenants lists every tenant, by slug.
func (o Operator) Tenants(ctx context.Context) ([]signalbox.Tenant, error) {
	return withStore(ctx, o, func(db *postgres.DB) ([]signalbox.Tenant, error) {
		all, _, err := readPages(math.MaxInt, func(t *signalbox.Tenant) signalbox.ID { return t.ID }, func(page signalbox.Page) ([]signalbox.Tenant, bool, error) {
			return db.Tenants(ctx, page)
		})
		return all, err
	})
}
