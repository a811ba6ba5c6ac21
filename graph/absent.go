package graph

import (
	"cmp"
	"context"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// absent stands for the parts that a server may be without; what they serve answers
// CONFIGURATION.
type absent struct{}

func (c Config) withAbsent() Config {
	c.Keys = cmp.Or[Keys](c.Keys, absentKeys{})
	c.Tenants = cmp.Or[Tenants](c.Tenants, absentTenants{})
	c.Directory = cmp.Or[Directory](c.Directory, absent{})
	c.Audit = cmp.Or[Audit](c.Audit, absent{})
	return c
}

func notServed() error {
	return signalbox.Errorf(signalbox.CodeConfiguration, "this server keeps no tenants, keys or audit log")
}

func (absent) TenantBySlug(context.Context, string) (signalbox.Tenant, error) {
	return signalbox.Tenant{}, notServed()
}

func (absent) Tenants(context.Context) ([]signalbox.Tenant, error) { return nil, notServed() }

func (absent) Audit(context.Context, signalbox.ID, signalbox.AuditFilter, signalbox.Page) ([]signalbox.AuditEntry, bool, error) {
	return nil, false, notServed()
}

type absentKeys struct{}

func (absentKeys) Create(context.Context, signalbox.Principal, signalbox.ID, signalbox.KeyEdit) (signalbox.APIKey, string, error) {
	return signalbox.APIKey{}, "", notServed()
}

func (absentKeys) Rotate(context.Context, signalbox.Principal, signalbox.ID, signalbox.ID, time.Duration) (signalbox.APIKey, string, error) {
	return signalbox.APIKey{}, "", notServed()
}

func (absentKeys) Revoke(context.Context, signalbox.Principal, signalbox.ID, signalbox.ID) (signalbox.APIKey, error) {
	return signalbox.APIKey{}, notServed()
}

func (absentKeys) List(context.Context, signalbox.ID) ([]signalbox.APIKey, error) {
	return nil, notServed()
}

type absentTenants struct{}

func (absentTenants) Create(context.Context, signalbox.Principal, string, signalbox.TenantEdit) (signalbox.Tenant, error) {
	return signalbox.Tenant{}, notServed()
}

func (absentTenants) Change(context.Context, signalbox.Principal, signalbox.ID, signalbox.TenantEdit) (signalbox.Tenant, error) {
	return signalbox.Tenant{}, notServed()
}
