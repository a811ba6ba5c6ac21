package auth_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/signalbox"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 123_456_789, time.UTC)

// sender may send, and nothing of keys.
func sender(tenant signalbox.Tenant) signalbox.Principal {
	return signalbox.Principal{Tenant: tenant, Actor: "key 1", Permissions: signalbox.Permissions{{Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: "*", Operation: "*"}}}}
}

func TestCreateKey(t *testing.T) {
	now := noon
	r := newRig(t, func() time.Time { return now }, nil)
	edit := signalbox.KeyEdit{
		Name: "shop", Permissions: can(t, "events:send:order/*", "events:read"),
		Limits: signalbox.Limits{Rate: 5, Burst: 10}, ExpiresAt: now.Add(time.Hour),
	}
	k, text, err := r.keys.Create(t.Context(), admin(acme), acme.ID, edit)
	require.NoError(t, err)
	_, secret, ok := auth.ParseKey(text)
	require.True(t, ok)
	stored := now.Truncate(time.Microsecond)
	require.Equal(t, signalbox.APIKey{
		ID: k.ID, Tenant: acme.ID, Name: "shop", Permissions: edit.Permissions, Limits: edit.Limits,
		Hash: secret.Hash(), CreatedBy: "oidc admin", CreatedAt: stored, ExpiresAt: stored.Add(time.Hour),
	}, k)
	require.Equal(t, k, r.store.keys[k.ID])
	require.Equal(t, now.Truncate(time.Millisecond), k.ID.Time())
	require.Equal(t, byte(7), k.ID[6]>>4)
	require.Equal(t, byte(2), k.ID[8]>>6)

	again, second, err := r.keys.Create(t.Context(), admin(acme), acme.ID, edit)
	require.NoError(t, err)
	require.NotEqual(t, k.ID, again.ID)
	require.NotEqual(t, text[37:], second[37:])
}

func TestWhoMayManageKeys(t *testing.T) {
	keyAdmin := admin(acme)
	keyAdmin.Key = signalbox.ID{1}
	for name, c := range map[string]struct {
		by     signalbox.Principal
		tenant signalbox.Tenant
		hands  []string
		code   signalbox.Code
		says   string
	}{
		"an admin in its tenant":           {admin(acme), acme, []string{"events:read", "tenant:admin"}, "", ""},
		"an admin's key":                   {keyAdmin, acme, []string{"tenant:admin"}, "", ""},
		"an admin in another":              {admin(acme), other, []string{"events:read"}, signalbox.CodeNotFound, "there is no such tenant"},
		"an admin in none":                 {admin(acme), signalbox.Tenant{ID: signalbox.ID{9}}, []string{"events:read"}, signalbox.CodeNotFound, "there is no such tenant"},
		"an admin that makes an operator":  {admin(acme), acme, []string{"events:read", "operator"}, signalbox.CodeForbidden, "you may not hand on the permission operator"},
		"an operator anywhere":             {operator(), acme, []string{"events:read", "tenant:admin", "operator"}, "", ""},
		"a sender in its tenant":           {sender(acme), acme, []string{"events:send"}, signalbox.CodeForbidden, "this needs the permission tenant:admin"},
		"a sender in another":              {sender(acme), other, []string{"events:send"}, signalbox.CodeForbidden, "this needs the permission tenant:admin"},
		"nobody":                           {signalbox.Principal{Tenant: acme}, acme, []string{"events:read"}, signalbox.CodeForbidden, "this needs the permission tenant:admin"},
		"nobody of no tenant":              {signalbox.Principal{}, signalbox.Tenant{}, []string{"events:read"}, signalbox.CodeForbidden, "this needs the permission tenant:admin"},
		"all but admin":                    {signalbox.Principal{Tenant: acme, Permissions: can(t, "events:send", "events:read", "types:write", "rules:write", "dispatches:redrive")}, acme, []string{"events:read"}, signalbox.CodeForbidden, "this needs the permission tenant:admin"},
		"an admin of it and not of others": {admin(other), acme, []string{"events:read"}, signalbox.CodeNotFound, "there is no such tenant"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, time.Now, nil)
			rotated, _ := r.key(t, signalbox.KeyEdit{Permissions: can(t, "events:read")})
			revoked, _ := r.key(t, signalbox.KeyEdit{Permissions: can(t, "events:read")})
			before := len(r.store.keys)

			_, text, err := r.keys.Create(t.Context(), c.by, c.tenant.ID, signalbox.KeyEdit{Permissions: can(t, c.hands...)})
			if c.code != "" {
				refused(t, err, c.code, c.says)
				require.Empty(t, text)
				require.Len(t, r.store.keys, before)
			} else {
				require.NoError(t, err)
			}
			if c.code != "" && strings.Contains(c.says, "hand on") {
				return // it may manage keys, though it may not hand that on
			}
			_, text, err = r.keys.Rotate(t.Context(), c.by, c.tenant.ID, rotated.ID, 0)
			_, revokeErr := r.keys.Revoke(t.Context(), c.by, c.tenant.ID, revoked.ID)
			if c.code != "" {
				refused(t, err, c.code, c.says)
				refused(t, revokeErr, c.code, c.says)
				require.Empty(t, text)
				require.Equal(t, rotated, r.store.keys[rotated.ID])
				require.Equal(t, revoked, r.store.keys[revoked.ID])
				return
			}
			require.NoError(t, err)
			require.NoError(t, revokeErr)
		})
	}
}

func TestAnotherTenantsKey(t *testing.T) {
	r := newRig(t, time.Now, nil)
	k, _ := r.key(t, signalbox.KeyEdit{})
	_, err := r.keys.Revoke(t.Context(), admin(other), other.ID, k.ID)
	refused(t, err, signalbox.CodeNotFound, "no such key")
	_, _, err = r.keys.Rotate(t.Context(), admin(other), other.ID, k.ID, 0)
	refused(t, err, signalbox.CodeNotFound, "no such key")
	require.Equal(t, k, r.store.keys[k.ID])
}

func TestOperatorsKeyIsOperators(t *testing.T) {
	r := newRig(t, time.Now, nil)
	k, _, err := r.keys.Create(t.Context(), operator(), acme.ID, signalbox.KeyEdit{Permissions: can(t, "operator")})
	require.NoError(t, err)
	_, _, err = r.keys.Rotate(t.Context(), admin(acme), acme.ID, k.ID, 0)
	refused(t, err, signalbox.CodeForbidden, "you may not hand on the permission operator")
	_, err = r.keys.Revoke(t.Context(), admin(acme), acme.ID, k.ID)
	refused(t, err, signalbox.CodeForbidden, "only an operator may revoke")
	require.Equal(t, k, r.store.keys[k.ID])
	k, _, err = r.keys.Rotate(t.Context(), operator(), acme.ID, k.ID, 0)
	require.NoError(t, err)
	_, err = r.keys.Revoke(t.Context(), operator(), acme.ID, k.ID)
	require.NoError(t, err)
}

func TestCreateKeyFaults(t *testing.T) {
	r := newRig(t, func() time.Time { return noon }, nil)
	for name, c := range map[string]struct {
		edit signalbox.KeyEdit
		want []signalbox.Violation
	}{
		"everything at once": {
			signalbox.KeyEdit{
				Name: strings.Repeat("é", 129), ExpiresAt: noon,
				Limits: signalbox.Limits{Rate: -1, Burst: -1, Backlog: -1, PayloadBytes: -1, Batch: -1, Page: -1, Keys: -1},
			},
			[]signalbox.Violation{
				{Pointer: "/name", Message: "is longer than 128 characters"},
				{Pointer: "/permissions", Message: "is empty: name at least one, as events:send:order/*"},
				{Pointer: "/limits/rate", Message: "is negative: leave it out where there is to be no limit"},
				{Pointer: "/limits/burst", Message: "is negative: leave it out where there is to be no limit"},
				{Pointer: "/limits/backlog", Message: "is negative: leave it out where there is to be no limit"},
				{Pointer: "/limits/payloadBytes", Message: "is negative: leave it out where there is to be no limit"},
				{Pointer: "/limits/batch", Message: "is negative: leave it out where there is to be no limit"},
				{Pointer: "/limits/page", Message: "is negative: leave it out where there is to be no limit"},
				{Pointer: "/limits/keys", Message: "is negative: leave it out where there is to be no limit"},
				{Pointer: "/expiresAt", Message: "is in the past: leave it out for a key that does not expire"},
			},
		},
		"line break": {
			signalbox.KeyEdit{Name: "a\nb", Permissions: can(t, "events:read")},
			[]signalbox.Violation{{Pointer: "/name", Message: "has a control character in it"}},
		},
		"white space": {
			signalbox.KeyEdit{Name: " ", Permissions: can(t, "events:read")},
			[]signalbox.Violation{{Pointer: "/name", Message: "has white space at its beginning or end"}},
		},
		"not UTF-8": {
			signalbox.KeyEdit{Name: "\xff", Permissions: can(t, "events:read")},
			[]signalbox.Violation{{Pointer: "/name", Message: "is not valid UTF-8"}},
		},
		"infinite": {
			signalbox.KeyEdit{Permissions: can(t, "events:read"), Limits: signalbox.Limits{Rate: math.Inf(1)}},
			[]signalbox.Violation{{Pointer: "/limits/rate", Message: "is not a finite number: leave it out where there is to be no limit"}},
		},
		"a tenant's limit": {
			signalbox.KeyEdit{Permissions: can(t, "events:read"), Limits: signalbox.Limits{Keys: 1}},
			[]signalbox.Violation{{Pointer: "/limits/keys", Message: "is a tenant's limit, and no key's: leave it out"}},
		},
		"many": {
			signalbox.KeyEdit{Permissions: make(signalbox.Permissions, 101)},
			[]signalbox.Violation{{Pointer: "/permissions", Message: "has 101 elements; the limit is 100: use * in names"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, text, err := r.keys.Create(t.Context(), admin(acme), acme.ID, c.edit)
			e := refusal(t, err, signalbox.CodeInvalidInput, c.want[0].Pointer+" "+c.want[0].Message)
			require.Equal(t, c.want, e.Violations)
			require.Empty(t, text)
			require.Empty(t, r.store.keys)
		})
	}
	for name, p := range map[string]signalbox.Permission{
		"zero": {}, "unknown": {Action: "events:delete"}, "pattern without a send": {Action: signalbox.ActionReadEvents, Send: signalbox.Pattern{Type: "a"}},
		"send of nothing": {Action: signalbox.ActionSend},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := r.keys.Create(t.Context(), admin(acme), acme.ID, signalbox.KeyEdit{Permissions: signalbox.Permissions{p}})
			require.Equal(t, "/permissions/0", refusal(t, err, signalbox.CodeInvalidInput, "/permissions/0").Path)
		})
	}
}

func TestRotateKey(t *testing.T) {
	now := noon.Truncate(time.Microsecond)
	r := newRig(t, func() time.Time { return now }, nil)
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		lifetime, age, overlap time.Duration // a lifetime of 0 is for ever
		oldFor, newFor         time.Duration // from the rotation; newFor 0 is for ever
	}{
		"for ever":              {0, 5 * day, day, day, 0},
		"at once":               {0, 5 * day, 0, 0, 0},
		"with a lifetime":       {90 * day, 80 * day, day, day, 90 * day},
		"late":                  {90 * day, 90*day - time.Hour, day, time.Hour, 90 * day},
		"with the most overlap": {0, 0, 30 * day, 30 * day, 0},
	} {
		t.Run(name, func(t *testing.T) {
			edit := signalbox.KeyEdit{Name: "shop", Limits: signalbox.Limits{Rate: 1}}
			if c.lifetime > 0 {
				edit.ExpiresAt = now.Add(c.lifetime)
			}
			old, oldText := r.key(t, edit)
			now = now.Add(c.age)
			made, text, err := r.keys.Rotate(t.Context(), operator(), acme.ID, old.ID, c.overlap)
			require.NoError(t, err)
			_, secret, ok := auth.ParseKey(text)
			require.True(t, ok)
			want := signalbox.APIKey{
				ID: made.ID, Tenant: acme.ID, Name: "shop", Permissions: old.Permissions, Limits: old.Limits,
				Hash: secret.Hash(), CreatedBy: "cli root", CreatedAt: now,
			}
			if c.newFor > 0 {
				want.ExpiresAt = now.Add(c.newFor)
			}
			require.Equal(t, want, made)
			require.NotEqual(t, oldText, text)
			old = r.store.keys[old.ID]
			require.Equal(t, now.Add(c.oldFor), old.ExpiresAt)
			require.Equal(t, made.ID, old.ReplacedBy)

			_, _, err = r.keys.Rotate(t.Context(), admin(acme), acme.ID, old.ID, 0)
			refused(t, err, signalbox.CodeInvalidInput, "the key was rotated already: rotate the key "+made.ID.String()+", which replaces it")
		})
	}
	for _, overlap := range []time.Duration{-1, 30*day + 1} {
		_, _, err := r.keys.Rotate(t.Context(), admin(acme), acme.ID, signalbox.ID{1}, overlap)
		require.Equal(t, "/overlap", refusal(t, err, signalbox.CodeInvalidInput, "is from 0 to 30 days").Path)
	}
	expired, _ := r.key(t, signalbox.KeyEdit{ExpiresAt: now.Add(time.Second)})
	revoked, _ := r.key(t, signalbox.KeyEdit{})
	_, err := r.keys.Revoke(t.Context(), admin(acme), acme.ID, revoked.ID)
	require.NoError(t, err)
	now = now.Add(time.Second)
	_, _, err = r.keys.Rotate(t.Context(), admin(acme), acme.ID, expired.ID, 0)
	refused(t, err, signalbox.CodeInvalidInput, "the key expired on ")
	_, _, err = r.keys.Rotate(t.Context(), admin(acme), acme.ID, revoked.ID, 0)
	refused(t, err, signalbox.CodeInvalidInput, "the key was revoked on ")
}

func TestRevokeKey(t *testing.T) {
	now := noon
	r := newRig(t, func() time.Time { return now }, nil)
	k, text := r.key(t, signalbox.KeyEdit{})
	_, err := r.try(t, text)
	require.NoError(t, err)
	first, err := r.keys.Revoke(t.Context(), admin(acme), acme.ID, k.ID)
	require.NoError(t, err)
	require.Equal(t, noon.Truncate(time.Microsecond), first.RevokedAt)
	_, err = r.try(t, text)
	refused(t, err, signalbox.CodeUnauthenticated, "the key was revoked")

	// A key that a rotation ends at once is out at once, too.
	k, text = r.key(t, signalbox.KeyEdit{})
	_, err = r.try(t, text)
	require.NoError(t, err)
	_, _, err = r.keys.Rotate(t.Context(), admin(acme), acme.ID, k.ID, 0)
	require.NoError(t, err)
	_, err = r.try(t, text)
	refused(t, err, signalbox.CodeUnauthenticated, "the key was rotated")
	k = first

	now = now.Add(time.Hour)
	second, err := r.keys.Revoke(t.Context(), admin(acme), acme.ID, k.ID)
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, first, r.store.keys[k.ID])
}

func TestNoRandomness(t *testing.T) {
	store := &memory{keys: make(map[signalbox.ID]signalbox.APIKey)}
	keys, err := auth.NewKeys(auth.KeysConfig{Store: store, Now: time.Now, Random: bytes.NewReader(make([]byte, 20))})
	require.NoError(t, err)
	_, text, err := keys.Create(t.Context(), admin(acme), acme.ID, signalbox.KeyEdit{Permissions: can(t, "events:read")})
	require.Error(t, err)
	require.Empty(t, text)
	require.Empty(t, store.keys)
}
