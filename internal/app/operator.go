package app

import (
	"context"
	"log/slog"

	"github.com/signalbox/signalbox/internal/catalogue"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Operator does what an operator's commands do, on the database itself: who can
// open that may do everything. The audit log names the user of this machine.
type Operator struct {
	DSN string
	// SecretKeys is the keyring that opens what is sealed at rest; see secrets.Parse.
	SecretKeys string
}

// principal is the operator where a tenant is concerned; zero where none is.
func (Operator) principal(t signalbox.Tenant) signalbox.Principal {
	return signalbox.Principal{Tenant: t, Actor: cliActor(), Permissions: signalbox.Permissions{
		{Action: signalbox.ActionOperator}, {Action: signalbox.ActionAdmin},
	}}
}

// withStore opens the database, whose schema must be this binary's.
func withStore[T any](ctx context.Context, o Operator, do func(*postgres.DB) (T, error)) (none T, _ error) {
	config := postgres.Config{DSN: o.DSN}
	var err error
	if config.Secrets, err = sealer(o.SecretKeys); err != nil {
		return none, err
	}
	return withDB(ctx, config, func(db *postgres.DB, ctx context.Context) (T, error) {
		if err := db.CheckVersion(ctx); err != nil {
			return none, err
		}
		return do(db)
	})
}

// withTenant is withStore, as the operator of one tenant, of which no more than the
// name is looked at: a key must be revoked by who has not the key to the secrets.
func withTenant[T any](ctx context.Context, o Operator, slug string, do func(db *postgres.DB, by signalbox.Principal) (T, error)) (T, error) {
	return withStore(ctx, o, func(db *postgres.DB) (T, error) {
		id, err := db.TenantID(ctx, slug)
		if err != nil {
			var none T
			return none, err
		}
		return do(db, o.principal(signalbox.Tenant{ID: id, Slug: slug}))
	})
}

// Apply registers the types and rules of a file (see catalogue.Parse) for a tenant,
// all or nothing, and says what became of each. With dryRun it says what would.
//
// Where the file has several faults, the error joins them: each is one line.
func (o Operator) Apply(ctx context.Context, tenant string, file []byte, dryRun bool, log *slog.Logger) (Applied, error) {
	content, err := catalogue.Parse(file)
	if err != nil {
		return Applied{}, err
	}
	return withTenant(ctx, o, tenant, func(db *postgres.DB, by signalbox.Principal) (Applied, error) {
		editor, err := catalogue.NewEditor(catalogue.EditorConfig{Store: catalogueStore{db}, Logger: log})
		if err != nil {
			return Applied{}, err
		}
		var a Applied
		a.Changes, a.Warnings, err = editor.Apply(ctx, by, content, dryRun)
		return a, err
	})
}

// AuditLog is a part of a tenant's audit log.
type AuditLog struct {
	Entries []signalbox.AuditEntry // newest first
	More    bool                   // there are older ones
}

// Audit reads a tenant's audit log, up to most entries of it.
func (o Operator) Audit(ctx context.Context, tenant string, f signalbox.AuditFilter, most int) (AuditLog, error) {
	return withTenant(ctx, o, tenant, func(db *postgres.DB, by signalbox.Principal) (AuditLog, error) {
		entries, more, err := readPages(most, func(e *signalbox.AuditEntry) signalbox.ID { return e.ID }, func(page signalbox.Page) ([]signalbox.AuditEntry, bool, error) {
			return db.Audit(ctx, by.Tenant.ID, f, page)
		})
		return AuditLog{entries, more}, err
	})
}
