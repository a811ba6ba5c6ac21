package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestKeysAreListedInPages: newest first, each once, and the filter knows which of
// them let somebody in (P-17).
func TestKeysAreListedInPages(t *testing.T) {
	db := pgtest.Open(t)
	want := map[bool][]signalbox.ID{}
	all := []signalbox.ID{}
	for i := range 12 {
		k := apiKey(defaultTenant)
		k.ID = signalbox.FirstID(time.Now().Add(time.Duration(i) * time.Second))
		switch i % 4 {
		case 1:
			k.ExpiresAt = time.Now().Add(time.Hour)
		case 2:
			k.ExpiresAt = time.Now().Add(-time.Hour)
		}
		require.NoError(t, db.CreateKey(t.Context(), k))
		if i%4 == 3 {
			require.NoError(t, revoke(t.Context(), db, &k))
		}
		valid := i%4 < 2
		want[valid], all = slices.Insert(want[valid], 0, k.ID), slices.Insert(all, 0, k.ID)
	}
	for name, c := range map[string]struct {
		filter *bool
		want   []signalbox.ID
	}{"all": {nil, all}, "valid": {new(true), want[true]}, "not": {new(false), want[false]}} {
		for _, length := range []int{1, 5, 6, 12, 13} {
			t.Run(fmt.Sprint(name, " by ", length), func(t *testing.T) {
				require.Equal(t, c.want, idsInPages(t, length, func(page signalbox.Page) ([]signalbox.ID, bool, error) {
					keys, more, err := db.Keys(t.Context(), defaultTenant, signalbox.KeyFilter{Valid: c.filter}, page)
					return idsOf(keys, func(k signalbox.APIKey) signalbox.ID { return k.ID }), more, err
				}))
			})
		}
	}
	keys, more, err := db.Keys(t.Context(), signalbox.ID{7}, signalbox.KeyFilter{}, signalbox.Page{First: 1})
	require.NoError(t, err)
	require.False(t, more)
	require.Empty(t, keys)
}

// TestTenantsAreListedInPages by slug, letter by letter.
func TestTenantsAreListedInPages(t *testing.T) {
	db := pgtest.Open(t)
	var want []signalbox.ID
	for _, slug := range []string{"z", "a-c", "ab", "a", "0", "e", "a-b"} {
		_, err := db.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: slug, Limits: signalbox.Limits{Keys: 9}})
		require.NoError(t, err)
	}
	for _, slug := range []string{"0", "a", "a-b", "a-c", "ab", signalbox.DefaultTenantSlug, "e", "z"} {
		id, err := db.TenantID(t.Context(), slug)
		require.NoError(t, err)
		want = append(want, id)
	}
	for _, length := range []int{1, 3, 4, 8, 9} {
		require.Equal(t, want, idsInPages(t, length, func(page signalbox.Page) ([]signalbox.ID, bool, error) {
			tenants, more, err := db.Tenants(t.Context(), page)
			for _, tenant := range tenants {
				alone, err := db.Tenant(t.Context(), tenant.ID)
				require.NoError(t, err)
				require.Equal(t, alone, tenant)
			}
			return idsOf(tenants, idOfTenant), more, err
		}), "by %d", length)
	}
	// Of configs that are large there are fewer on a page, and all of them on all pages.
	large := json.RawMessage(`{"x":"` + strings.Repeat("x", 3<<20) + `"}`)
	for _, slug := range []string{"0", "a-b", "z"} {
		id, err := db.TenantID(t.Context(), slug)
		require.NoError(t, err)
		_, err = db.ChangeTenant(t.Context(), "test", id, func(t *signalbox.Tenant) error { t.Config = large; return nil })
		require.NoError(t, err)
	}
	var page signalbox.Page
	var got []signalbox.ID
	for more := true; more; {
		page.First = 10
		found, goesOn, err := db.Tenants(t.Context(), page)
		require.NoError(t, err)
		got, more, page.After = append(got, idsOf(found, idOfTenant)...), goesOn, found[len(found)-1].ID
	}
	require.Equal(t, want, got)

	none, more, err := db.Tenants(t.Context(), signalbox.Page{First: 5, After: signalbox.ID{7}})
	require.NoError(t, err)
	require.False(t, more)
	require.Empty(t, none, "nothing comes after what there is not")
}

// idsInPages follows a list to its end; no page is longer than it may be.
func idsInPages(t *testing.T, length int, read func(signalbox.Page) ([]signalbox.ID, bool, error)) []signalbox.ID {
	t.Helper()
	var all []signalbox.ID
	page := signalbox.Page{First: length}
	for more := true; more; {
		found, goesOn, err := read(page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(found), length)
		if goesOn {
			require.Len(t, found, length)
			page.After = found[length-1]
		}
		all, more = append(all, found...), goesOn
	}
	return all
}

func idOfTenant(t signalbox.Tenant) signalbox.ID { return t.ID }

func idsOf[T any](all []T, id func(T) signalbox.ID) []signalbox.ID {
	ids := make([]signalbox.ID, len(all))
	for i := range all {
		ids[i] = id(all[i])
	}
	return ids
}

func revoke(ctx context.Context, db *postgres.DB, k *signalbox.APIKey) error {
	_, err := db.ChangeKey(ctx, "test", k.Tenant, k.ID, signalbox.AuditRevoked, func(k *signalbox.APIKey) error {
		k.RevokedAt = time.Now()
		return nil
	})
	return err
}
