package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestTenantsAreMadeAndChanged(t *testing.T) { // P-13
	db := pgtest.Open(t)
	made, err := db.CreateTenant(t.Context(), "cli ann", signalbox.Tenant{
		Slug: "acme", Name: "Acme Corp", Namespace: "ns", Config: json.RawMessage(`{ "n": 1.10 }`), UnknownNames: signalbox.UnknownAccept, Limits: signalbox.Limits{Rate: 2.5, Burst: 4},
	})
	require.NoError(t, err)
	require.Equal(t, `{ "n": 1.10 }`, string(made.Config), "as it was written")
	require.WithinDuration(t, time.Now(), made.CreatedAt, time.Minute)
	got, err := db.TenantBySlug(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, made, got)

	_, err = db.CreateTenant(t.Context(), "cli ann", signalbox.Tenant{Slug: "acme"})
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	require.Equal(t, "/slug", signalbox.AsError(err).Path)

	_, err = db.CreateTenant(t.Context(), "cli ann", signalbox.Tenant{Slug: "other", Namespace: "ns"})
	require.Equal(t, "/namespace", signalbox.AsError(err).Path, "a namespace of its own is nobody else's (I7)")
	_, err = db.ChangeTenant(t.Context(), "cli ann", defaultTenant, func(t *signalbox.Tenant) error { t.Namespace = "ns"; return nil })
	require.Equal(t, "/namespace", signalbox.AsError(err).Path)

	move := func(to string) error {
		_, err := db.ChangeTenant(t.Context(), "cli ann", made.ID, func(t *signalbox.Tenant) error { t.Namespace = to; return nil })
		return err
	}
	require.NoError(t, move("mistyped"))
	require.NoError(t, move("ns"), "nothing has been started there")
	r := record("", "a")
	r.Event.Tenant, r.Dispatches[0].Tenant = made.ID, made.ID
	stored(t, db, r) // in the server's namespace, before it had its own
	require.NoError(t, move("mistyped"))
	require.NoError(t, move("ns"))
	r = record("", "a")
	r.Event.Tenant, r.Dispatches[0].Tenant, r.Dispatches[0].Namespace = made.ID, made.ID, "ns"
	stored(t, db, r)
	for _, to := range []string{"", "elsewhere"} {
		err := move(to)
		require.Equal(t, "/namespace", signalbox.AsError(err).Path)
		require.ErrorContains(t, err, "for good")
	}
	made, err = db.Tenant(t.Context(), made.ID)
	require.NoError(t, err)

	changed, err := db.ChangeTenant(t.Context(), "key 1", made.ID, func(t *signalbox.Tenant) error {
		t.Limits, t.Config, t.Slug = signalbox.Limits{}, json.RawMessage(`{"m":2}`), "other"
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, changed.Revision, made.Revision, "replicas notice")
	require.Equal(t, "acme", changed.Slug)
	require.Zero(t, changed.Limits)

	same, err := db.ChangeTenant(t.Context(), "key 1", made.ID, func(*signalbox.Tenant) error { return nil })
	require.NoError(t, err)
	require.Equal(t, changed, same, "nothing differs, nothing is written")
	own := errors.New("no")
	_, err = db.ChangeTenant(t.Context(), "key 1", made.ID, func(*signalbox.Tenant) error { return own })
	require.ErrorIs(t, err, own)
	_, err = db.ChangeTenant(t.Context(), "key 1", signalbox.ID{9}, func(*signalbox.Tenant) error { return nil })
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
	_, err = db.TenantBySlug(t.Context(), "nobody")
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))

	entries, more, err := db.Audit(t.Context(), made.ID, signalbox.AuditFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, entries, 6)
	require.Equal(t, "key 1", entries[0].Actor, "newest first")
	require.Equal(t, signalbox.AuditChanged, entries[0].Action)
	require.JSONEq(t, `{"slug":"acme","name":"Acme Corp","namespace":"ns","unknownNames":"ACCEPT","limits":{"rate":2.5,"burst":4},"configMembers":["n"]}`, string(entries[0].Before))
	require.JSONEq(t, `{"slug":"acme","name":"Acme Corp","namespace":"ns","unknownNames":"ACCEPT","limits":{},"configMembers":["m"],"configChanged":["m","n"]}`, string(entries[0].After))
	require.Equal(t, signalbox.AuditCreated, entries[5].Action)
	require.Nil(t, entries[5].Before)

	all, more, err := db.Tenants(t.Context(), signalbox.Page{First: 2})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, all, 2)
	require.Equal(t, changed, all[0], "whole, by slug")
	require.Equal(t, signalbox.DefaultTenantSlug, all[1].Slug)
}

func TestEditsAreInTheAuditLog(t *testing.T) {
	db := pgtest.Open(t)
	by := signalbox.Principal{Tenant: signalbox.Tenant{ID: defaultTenant}, Actor: "key ann"}
	edit := func(dryRun bool, change func(*catalogue)) {
		_, err := db.Edit(t.Context(), by, dryRun, func(_ signalbox.Tenant, now catalogue) (catalogue, error) { change(&now); return now, nil })
		require.NoError(t, err)
	}
	edit(false, func(c *catalogue) {
		c.Types = append(c.Types, signalbox.EventType{Type: "a", Operation: "b", Schemas: []signalbox.Schema{{Text: json.RawMessage(`{"type":"object"}`)}}})
		c.Rules = append(c.Rules, rule("r", "W"), rule("s", "W"))
	})
	edit(true, func(c *catalogue) { c.Rules[0].State = signalbox.RuleDisabled })
	edit(false, func(*catalogue) {})
	edit(false, func(c *catalogue) {
		c.Rules[0].Start.Workflow = "W2"
		c.Rules = c.Rules[:1]
		c.Settings.Config = json.RawMessage(`{"apiToken":"hunter2"}`)
	})
	entries, _, err := db.Audit(t.Context(), defaultTenant, signalbox.AuditFilter{}, signalbox.Page{First: 100})
	require.NoError(t, err)
	var got []string
	for _, e := range entries {
		require.Equal(t, "key ann", e.Actor)
		require.NotContains(t, string(e.Before)+string(e.After), "hunter2", "no value of the config")
		got = append([]string{fmt.Sprint(e.Action, " ", e.Kind, " ", e.Name, " ", e.Before != nil, " ", e.After != nil)}, got...)
	}
	require.Equal(t, []string{
		"CREATED EVENT_TYPE a:b false true", "CREATED RULE r false true", "CREATED RULE s false true",
		"CHANGED TENANT default true true", "CHANGED RULE r true true", "DELETED RULE s true false",
	}, got)
	of, _, err := db.Audit(t.Context(), defaultTenant, signalbox.AuditFilter{Kind: signalbox.AuditRule, Name: "r", Actor: "key ann", From: time.Now().Add(-time.Minute), Before: time.Now().Add(time.Minute)}, signalbox.Page{First: 1})
	require.NoError(t, err)
	require.Len(t, of, 1)
	require.Contains(t, string(of[0].Before), `"W"`)
	require.Contains(t, string(of[0].After), `"W2"`)
	rest, more, err := db.Audit(t.Context(), defaultTenant, signalbox.AuditFilter{Name: "r"}, signalbox.Page{First: 1, After: of[0].ID})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, rest, 1)
	none, _, err := db.Audit(t.Context(), signalbox.ID{7}, signalbox.AuditFilter{}, signalbox.Page{First: 1})
	require.NoError(t, err)
	require.Empty(t, none)

	_, err = db.Edit(t.Context(), signalbox.Principal{Tenant: by.Tenant}, false, func(_ signalbox.Tenant, now catalogue) (catalogue, error) { return now, nil })
	require.Error(t, err, "nobody edits namelessly")
}

func TestKeysAreKept(t *testing.T) {
	db := pgtest.Open(t)
	k := apiKey(defaultTenant)
	k.Limits, k.ExpiresAt = signalbox.Limits{Rate: 3}, time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	require.NoError(t, db.CreateKey(t.Context(), k))
	got, err := db.KeyByID(t.Context(), k.ID)
	require.NoError(t, err)
	k.CreatedAt = got.CreatedAt
	require.Equal(t, k, got)
	_, err = db.KeyByID(t.Context(), signalbox.ID{1})
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
	same, err := db.Key(t.Context(), defaultTenant, k.ID)
	require.NoError(t, err)
	require.Equal(t, k, same)
	_, err = db.Key(t.Context(), signalbox.ID{9}, k.ID)
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err), "it is another tenant's")

	used := time.Now().UTC().Truncate(time.Second)
	require.NoError(t, db.TouchKeys(t.Context(), map[signalbox.ID]time.Time{k.ID: used, {1}: used}))
	require.NoError(t, db.TouchKeys(t.Context(), map[signalbox.ID]time.Time{k.ID: used.Add(-time.Hour)}))
	require.NoError(t, db.TouchKeys(t.Context(), nil))
	listed, more, err := db.Keys(t.Context(), defaultTenant, signalbox.KeyFilter{}, signalbox.Page{First: 1})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, listed, 1)
	require.Equal(t, used, listed[0].LastUsedAt, "never back in time")

	next, err := db.RotateKey(t.Context(), "cli", defaultTenant, k.ID, func(old *signalbox.APIKey) (signalbox.APIKey, error) {
		n := apiKey(signalbox.ID{9}) // a tenant of its own choice is not heeded
		old.ReplacedBy, old.ExpiresAt = n.ID, used.Add(time.Minute)
		return n, nil
	})
	require.NoError(t, err)
	require.Equal(t, defaultTenant, next.Tenant)
	old, err := db.KeyByID(t.Context(), k.ID)
	require.NoError(t, err)
	require.Equal(t, next.ID, old.ReplacedBy)
	require.Equal(t, used.Add(time.Minute), old.ExpiresAt)

	own := errors.New("no")
	_, err = db.RotateKey(t.Context(), "cli", defaultTenant, next.ID, func(*signalbox.APIKey) (signalbox.APIKey, error) { return signalbox.APIKey{}, own })
	require.ErrorIs(t, err, own)
	for range 2 { // the second changes nothing
		revoked, err := db.ChangeKey(t.Context(), "cli", defaultTenant, next.ID, signalbox.AuditRevoked, func(k *signalbox.APIKey) error { k.RevokedAt = used; return nil })
		require.NoError(t, err)
		require.Equal(t, used, revoked.RevokedAt)
	}
	_, err = db.ChangeKey(t.Context(), "cli", signalbox.ID{7}, next.ID, signalbox.AuditRevoked, func(*signalbox.APIKey) error { return nil })
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err), "another tenant's key is none")

	entries, _, err := db.Audit(t.Context(), defaultTenant, signalbox.AuditFilter{Kind: signalbox.AuditKey}, signalbox.Page{First: 10})
	require.NoError(t, err)
	var done []string
	for _, e := range entries {
		require.NotContains(t, strings.ToLower(string(e.Before)+string(e.After)), "hash")
		done = append(done, fmt.Sprint(e.Action, " ", e.Actor))
	}
	require.Equal(t, []string{"REVOKED cli", "ROTATED cli", "CREATED cli", "CREATED test"}, done)
}

// ring seals by turning bytes over, with whatever additional text it is given before
// them: enough to see what was bound to what.
type ring struct{ ids []string }

func (r ring) Current() string { return r.ids[0] }
func (r ring) Has(id string) bool {
	for _, have := range r.ids {
		if have == id {
			return true
		}
	}
	return false
}

func (r ring) Seal(plain []byte, additional string) (string, []byte) {
	return r.ids[0], turned(additional + "|" + string(plain))
}

func (r ring) Open(id string, sealed []byte, additional string) ([]byte, error) {
	if !r.Has(id) {
		return nil, errors.New("no such key")
	}
	plain, found := strings.CutPrefix(string(turned(string(sealed))), additional+"|")
	if !found {
		return nil, errors.New("of another row")
	}
	return []byte(plain), nil
}

// impostorRing has other keys under the same ids.
type impostorRing struct{ ring }

func (impostorRing) Open(string, []byte, string) ([]byte, error) {
	return nil, errors.New("it is not what was sealed")
}

func turned(s string) []byte {
	b := []byte(s)
	for i := range b {
		b[i] ^= 0xff
	}
	return b
}

func TestConfigIsSealedAtRest(t *testing.T) {
	dsn := pgtest.DSN(t)
	open := func(ids ...string) *postgres.DB {
		cfg := postgres.Config{DSN: dsn}
		if len(ids) > 0 {
			cfg.Secrets = ring{ids}
		}
		return pgtest.With(t, cfg)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	dump := func() (dump string) {
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT string_agg(t::text, ' ') || coalesce((SELECT string_agg(a::text, ' ') FROM audit_log a), '') FROM tenants t`).Scan(&dump))
		return dump
	}

	plain, first, both := open(), open("k1"), open("k2", "k1")
	clear, err := plain.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "clear", Config: json.RawMessage(`{"a":"hunter2"}`)})
	require.NoError(t, err)
	require.Contains(t, dump(), "hunter2")
	sealed, err := first.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "sealed", Config: json.RawMessage(`{"a":"hunter3"}`)})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":"hunter3"}`, string(sealed.Config))
	require.NotContains(t, dump(), "hunter3")

	require.NoError(t, first.CheckSecrets(t.Context()))
	require.NoError(t, both.CheckSecrets(t.Context()))
	for _, lacking := range []*postgres.DB{plain, open("k2")} {
		require.ErrorContains(t, lacking.CheckSecrets(t.Context()), `"k1"`)
		_, err = lacking.Tenant(t.Context(), sealed.ID)
		require.Error(t, err)
	}
	_, err = plain.RotateSecrets(t.Context(), "cli")
	require.ErrorContains(t, err, "keygen")

	n, err := both.RotateSecrets(t.Context(), "cli")
	require.NoError(t, err)
	require.Equal(t, 3, n, "what was in the clear is sealed too")
	n, err = both.RotateSecrets(t.Context(), "cli")
	require.NoError(t, err)
	require.Zero(t, n)
	require.NotContains(t, dump(), "hunter")
	second := open("k2")
	require.NoError(t, second.CheckSecrets(t.Context()), "the first key can be taken away")
	for _, tenant := range []signalbox.Tenant{clear, sealed} {
		got, err := second.Tenant(t.Context(), tenant.ID)
		require.NoError(t, err)
		require.Equal(t, tenant, got, "nothing has changed for the tenant, its revision neither")
	}

	// A key of the right name that is another key is found when a server starts, and
	// not by its tenants.
	impostor := pgtest.With(t, postgres.Config{DSN: dsn, Secrets: impostorRing{ring{[]string{"k2"}}}})
	require.ErrorContains(t, impostor.CheckSecrets(t.Context()), "does not open")

	// An edit of the catalogue seals too.
	_, err = second.Edit(t.Context(), signalbox.Principal{Tenant: clear, Actor: "test"}, false, func(_ signalbox.Tenant, now catalogue) (catalogue, error) {
		require.JSONEq(t, `{"a":"hunter2"}`, string(now.Settings.Config))
		now.Settings.Config = json.RawMessage(`{"a":"hunter4"}`)
		return now, nil
	})
	require.NoError(t, err)
	require.NotContains(t, dump(), "hunter")

	// What is moved to another row does not open there.
	_, err = conn.Exec(t.Context(), `UPDATE tenants SET config_sealed = (SELECT config_sealed FROM tenants WHERE slug = 'sealed') WHERE slug = 'clear'`)
	require.NoError(t, err)
	_, err = second.Tenant(t.Context(), clear.ID)
	require.ErrorContains(t, err, "does not open")
}
