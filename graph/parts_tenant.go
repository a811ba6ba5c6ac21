package graph

import (
	"context"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Keys knows the API keys of tenants. It asks nothing about the caller.
type Keys interface {
	// Key is NOT_FOUND where the tenant has no such key.
	Key(ctx context.Context, tenant, id signalbox.ID) (signalbox.APIKey, error)
	// Keys lists them newest first, and tells whether there are more.
	Keys(ctx context.Context, tenant signalbox.ID, f signalbox.KeyFilter, page signalbox.Page) ([]signalbox.APIKey, bool, error)
}

// KeyEditor makes and ends API keys, having checked what is asked for and by whom. Its
// violations point into the CreateKeyInput.
type KeyEditor interface {
	// Create answers the key's text too, which nobody can ask for again.
	Create(ctx context.Context, by signalbox.Principal, tenant signalbox.ID, e signalbox.KeyEdit) (signalbox.APIKey, string, error)
	Rotate(ctx context.Context, by signalbox.Principal, tenant, id signalbox.ID, overlap time.Duration) (signalbox.APIKey, string, error)
	Revoke(ctx context.Context, by signalbox.Principal, tenant, id signalbox.ID) (signalbox.APIKey, error)
}

// Tenants makes and changes tenants, having checked what is asked for and by whom.
// Its violations point into the input.
type Tenants interface {
	Create(ctx context.Context, by signalbox.Principal, slug string, e signalbox.TenantEdit) (signalbox.Tenant, error)
	Change(ctx context.Context, by signalbox.Principal, tenant signalbox.ID, e signalbox.TenantEdit) (signalbox.Tenant, error)
}

// Directory knows every tenant, as it is now. It asks nothing about the caller.
type Directory interface {
	// TenantBySlug is NOT_FOUND where there is none.
	TenantBySlug(ctx context.Context, slug string) (signalbox.Tenant, error)
	// Tenants lists them by slug, and tells whether there are more.
	Tenants(ctx context.Context, page signalbox.Page) ([]signalbox.Tenant, bool, error)
}

// Audit tells who changed what.
type Audit interface {
	// Audit lists newest first, and tells whether there are more.
	Audit(ctx context.Context, tenant signalbox.ID, f signalbox.AuditFilter, page signalbox.Page) ([]signalbox.AuditEntry, bool, error)
}
