package auth

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TenantEditor keeps tenants, and the audit log of them.
type TenantEditor interface {
	// CreateTenant gives the tenant its id; INVALID_INPUT at /slug where the slug is
	// taken.
	CreateTenant(ctx context.Context, actor string, t signalbox.Tenant) (signalbox.Tenant, error)
	// ChangeTenant changes a tenant under a lock; change may be called again where the
	// transaction has to be.
	ChangeTenant(ctx context.Context, actor string, tenant signalbox.ID, change func(*signalbox.Tenant) error) (signalbox.Tenant, error)
}

// TenantsConfig is what Tenants are made of.
type TenantsConfig struct {
	Store TenantEditor
}

// Tenants makes and changes tenants.
type Tenants struct{ cfg TenantsConfig }

// NewTenants refuses a config with a part missing.
func NewTenants(cfg TenantsConfig) (*Tenants, error) {
	if cfg.Store == nil {
		return nil, errors.New("auth.NewTenants: a part of the config is missing")
	}
	return &Tenants{cfg: cfg}, nil
}

// Create makes a tenant, which is for operators.
func (t *Tenants) Create(ctx context.Context, by signalbox.Principal, slug string, e signalbox.TenantEdit) (signalbox.Tenant, error) {
	if err := by.Require(signalbox.ActionOperator); err != nil {
		return signalbox.Tenant{}, err
	}
	made := signalbox.Tenant{Slug: slug, Config: json.RawMessage(`{}`), UnknownNames: signalbox.UnknownReject}
	applyTenant(&made, &e)
	if err := checkTenant(&made, &e); err != nil {
		return signalbox.Tenant{}, err
	}
	return t.cfg.Store.CreateTenant(ctx, by.Actor, made)
}

// Change changes a tenant. Its own admin may set its name, its config and what becomes
// of unknown names; the namespace and the limits are the operator's.
func (t *Tenants) Change(ctx context.Context, by signalbox.Principal, tenant signalbox.ID, e signalbox.TenantEdit) (signalbox.Tenant, error) {
	if err := mayManage(&by, tenant); err != nil {
		return signalbox.Tenant{}, err
	}
	if !by.Permissions.Allow(signalbox.ActionOperator) && (e.Namespace != nil || e.Limits != signalbox.LimitsEdit{}) {
		return signalbox.Tenant{}, signalbox.Errorf(signalbox.CodeForbidden, "a tenant's namespace and limits are set by an operator: leave them out, or ask one")
	}
	return t.cfg.Store.ChangeTenant(ctx, by.Actor, tenant, func(t *signalbox.Tenant) error {
		applyTenant(t, &e)
		return checkTenant(t, &e)
	})
}

func applyTenant(t *signalbox.Tenant, e *signalbox.TenantEdit) {
	if e.Name != nil {
		t.Name = *e.Name
	}
	if e.Namespace != nil {
		t.Namespace = *e.Namespace
	}
	if e.Config != nil {
		t.Config = e.Config
	}
	if e.UnknownNames != nil {
		t.UnknownNames = *e.UnknownNames
	}
	t.Limits = t.Limits.With(e.Limits)
}
