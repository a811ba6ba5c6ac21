package app

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// IssuedKey is a key with its text, which nobody can be shown again.
type IssuedKey struct {
	signalbox.APIKey
	Text string
}

// CreateKey makes a key of a tenant.
func (o Operator) CreateKey(ctx context.Context, tenant string, e signalbox.KeyEdit) (IssuedKey, error) {
	return withKeys(ctx, o, tenant, func(keys *auth.Keys, by signalbox.Principal) (IssuedKey, error) {
		k, text, err := keys.Create(ctx, by, by.Tenant.ID, e)
		return IssuedKey{k, text}, err
	})
}

// RotateKey makes a key that takes another's place; the old one goes on for overlap.
func (o Operator) RotateKey(ctx context.Context, tenant string, id signalbox.ID, overlap time.Duration) (IssuedKey, error) {
	return withKeys(ctx, o, tenant, func(keys *auth.Keys, by signalbox.Principal) (IssuedKey, error) {
		k, text, err := keys.Rotate(ctx, by, by.Tenant.ID, id, overlap)
		return IssuedKey{k, text}, err
	})
}

// RevokeKey shuts a key out. Servers may know it for some seconds yet.
func (o Operator) RevokeKey(ctx context.Context, tenant string, id signalbox.ID) (signalbox.APIKey, error) {
	return withKeys(ctx, o, tenant, func(keys *auth.Keys, by signalbox.Principal) (signalbox.APIKey, error) {
		return keys.Revoke(ctx, by, by.Tenant.ID, id)
	})
}

// Keys lists all of a tenant's keys that the filter chooses, newest first.
func (o Operator) Keys(ctx context.Context, tenant string, f signalbox.KeyFilter) ([]signalbox.APIKey, error) {
	return withTenant(ctx, o, tenant, func(db *postgres.DB, by signalbox.Principal) ([]signalbox.APIKey, error) {
		all, _, err := readPages(math.MaxInt, func(k *signalbox.APIKey) signalbox.ID { return k.ID }, func(page signalbox.Page) ([]signalbox.APIKey, bool, error) {
			return db.Keys(ctx, by.Tenant.ID, f, page)
		})
		return all, err
	})
}

func withKeys[T any](ctx context.Context, o Operator, tenant string, do func(*auth.Keys, signalbox.Principal) (T, error)) (T, error) {
	return withTenant(ctx, o, tenant, func(db *postgres.DB, by signalbox.Principal) (T, error) {
		keys, err := auth.NewKeys(auth.KeysConfig{Store: db, Now: time.Now})
		if err != nil {
			var none T
			return none, err
		}
		return do(keys, by)
	})
}

// LetsIn tells whether a key's text lets in whoever has it.
func (o Operator) LetsIn(ctx context.Context, text string) (bool, error) {
	return withStore(ctx, o, func(db *postgres.DB) (bool, error) {
		a, err := auth.New(auth.Config{
			Keys: db,
			// Its tenant's settings are of no interest here.
			Tenant: func(_ context.Context, id signalbox.ID) (signalbox.Tenant, error) {
				return signalbox.Tenant{ID: id}, nil
			},
			TenantBySlug: func(slug string) (signalbox.Tenant, error) { return signalbox.Tenant{Slug: slug}, nil },
			Now:          time.Now,
			Logger:       slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return false, err
		}
		_, err = a.Authenticate(ctx, "Bearer "+text)
		if signalbox.ErrorCode(err) == signalbox.CodeUnauthenticated {
			return false, nil
		}
		return err == nil, err
	})
}
