package app

import (
	"context"
	"math"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// CreateTenant makes a tenant.
func (o Operator) CreateTenant(ctx context.Context, slug string, e signalbox.TenantEdit) (signalbox.Tenant, error) {
	return withStore(ctx, o, func(db *postgres.DB) (signalbox.Tenant, error) {
		tenants, err := auth.NewTenants(auth.TenantsConfig{Store: db})
		if err != nil {
			return signalbox.Tenant{}, err
		}
		return tenants.Create(ctx, o.principal(signalbox.Tenant{}), slug, e)
	})
}

// ChangeTenant changes a tenant's settings.
func (o Operator) ChangeTenant(ctx context.Context, slug string, e signalbox.TenantEdit) (signalbox.Tenant, error) {
	return withTenant(ctx, o, slug, func(db *postgres.DB, by signalbox.Principal) (signalbox.Tenant, error) {
		tenants, err := auth.NewTenants(auth.TenantsConfig{Store: db})
		if err != nil {
			return signalbox.Tenant{}, err
		}
		return tenants.Change(ctx, by, by.Tenant.ID, e)
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
