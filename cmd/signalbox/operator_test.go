package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/secrets"
)

const keyPattern = `^sbx_[0-9a-f]{32}_[A-Za-z0-9_-]{43}\n$`

func TestTenantsAreMadeListedAndChanged(t *testing.T) { // P-13
	t.Setenv("SIGNALBOX_DSN", pgtest.DSN(t))
	ring, err := secrets.Generate("k1")
	require.NoError(t, err)
	t.Setenv("SIGNALBOX_SECRET_KEYS", ring)
	config := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"region": "eu"}`), 0o600))

	out, err := try(t, t.Context(), "tenants", "create", "acme", "--name", "Acme Corp", "--namespace", "acme-ns", "--config", config, "--rate", "2.5", "--max-page", "20")
	require.NoError(t, err)
	require.Equal(t, "tenant acme created\n", out)
	for args, want := range map[string]string{
		"acme":                            "acme",
		"Acme":                            "the slug",
		"b --rate=-1":                     "--rate is negative",
		"b --burst 3":                     "--burst says nothing without a rate",
		"b --config " + os.DevNull:        "the JSON in --config is malformed",
		"b --config /nowhere":             "/nowhere",
		"b --unknown-names maybe":         "--unknown-names must be one of",
		"b --namespace a --max-batch few": "--max-batch",
		"b --max-keys=-1":                 "--max-keys is negative",
	} {
		_, err := try(t, t.Context(), append([]string{"tenants", "create"}, strings.Fields(args)...)...)
		require.Contains(t, strings.Join(lines(err), "\n"), want, args)
	}

	out, err = try(t, t.Context(), "tenants", "set", "acme", "--burst", "10", "--unknown-names", "accept")
	require.NoError(t, err)
	require.Equal(t, "tenant acme: name Acme Corp, namespace acme-ns, unknown names accept, limits {\"rate\":2.5,\"burst\":10,\"page\":20}\n", out, "what is not given stays")
	_, err = try(t, t.Context(), "tenants", "set", "nobody", "--rate", "1")
	require.ErrorContains(t, err, `there is no tenant "nobody"`)
	_, err = try(t, t.Context(), "tenants", "set", "acme", "--max-page=-1", "--max-batch=-1")
	require.Equal(t, []string{
		"--max-batch is negative: leave it out where there is to be no limit",
		"--max-page is negative: leave it out where there is to be no limit",
	}, lines(err), "every fault is a line")
	out, err = try(t, t.Context(), "tenants", "set", "acme", "--max-keys", "7")
	require.NoError(t, err)
	require.Contains(t, out, `"page":20,"keys":7}`)
	out, err = try(t, t.Context(), "tenants", "set", "acme", "--namespace", "acme-ns", "--rate", "0", "--burst", "0", "--max-page", "0", "--max-keys", "0")
	require.NoError(t, err)
	require.Equal(t, "tenant acme: name Acme Corp, namespace acme-ns, unknown names accept, limits -\n", out)

	out, err = try(t, t.Context(), "tenants", "list")
	require.NoError(t, err)
	require.Regexp(t, `^SLUG +NAME +NAMESPACE +UNKNOWN NAMES +LIMITS +CREATED\nacme +Acme Corp +acme-ns +accept +- +20\S+Z\ndefault `, out)
}

func TestKeysArePrintedOnceAndAlone(t *testing.T) { // P-18
	t.Setenv("SIGNALBOX_DSN", pgtest.DSN(t))
	var out, log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{
		"keys", "create", "--name", "shop", "--can", `events:send:a,b/*`, "--can", "events:read", "--expires-in", "720h", "--rate", "3",
	}, &out, &log))
	key := out.String()
	require.Regexp(t, keyPattern, key)
	require.Contains(t, log.String(), "of tenant default may events:send:a,b/*, events:read; it expires 20")
	require.NotContains(t, log.String(), strings.TrimSpace(key)[37:], "the secret is on standard output alone")

	id, err := parseKeyID(strings.TrimSpace(key))
	require.NoError(t, err)
	listed, err := try(t, t.Context(), "keys", "list")
	require.NoError(t, err)
	require.Regexp(t, id.String()+` +shop +until 20\S+Z +never +\{"rate":3\} +events:send:a,b/\* events:read\n`, listed)

	fresh, err := try(t, t.Context(), "keys", "rotate", id.String(), "--overlap", "1h")
	require.NoError(t, err)
	require.Regexp(t, keyPattern, fresh)
	require.NotEqual(t, key, fresh)
	_, err = try(t, t.Context(), "keys", "rotate", id.String())
	require.ErrorContains(t, err, "rotate")

	// Who has found a key somewhere has its text, and no id with dashes.
	for _, how := range []string{strings.TrimSpace(key), strings.TrimSpace(key)[4:36], id.String()} {
		said, err := try(t, t.Context(), "keys", "revoke", how)
		require.NoError(t, err)
		require.Contains(t, said, "key "+id.String()+" is revoked")
	}
	listed, err = try(t, t.Context(), "keys", "list")
	require.NoError(t, err)
	require.Regexp(t, id.String()+` +shop +revoked 20`, listed)
	listed, err = try(t, t.Context(), "keys", "list", "--valid")
	require.NoError(t, err)
	require.NotContains(t, listed, id.String())
	require.Equal(t, 2, strings.Count(listed, "\n"), "its successor lets in")
	_, err = try(t, t.Context(), "tenants", "set", "default", "--max-keys", "1")
	require.NoError(t, err)
	_, err = try(t, t.Context(), "keys", "create", "--can", "events:read")
	require.ErrorContains(t, err, "its limit of keys that let somebody in, which is 1")

	for args, want := range map[string]string{
		"create":                    "missing flags: --can",
		"create --can events:write": `there is no permission "events:write"`,
		"create --can events:read --expires-in=-1h":       "--expires-in",
		"create --can events:read --max-payload-bytes=-1": "--max-payload-bytes is negative",
		"create --can events:read --max-keys 3":           "--max-keys",
		"create --can events:read --tenant nobody":        `there is no tenant "nobody"`,
		"list --tenant nobody":                            `there is no tenant "nobody"`,
		"revoke nonsense":                                 "no key's id",
		"revoke 01890a5d-ac96-774b-bcce-b302099a8057":     "01890a5d-ac96-774b-bcce-b302099a8057",
		"rotate " + id.String() + " --overlap 9000h":      "overlap",
	} {
		_, err := try(t, t.Context(), append([]string{"keys"}, strings.Fields(args)...)...)
		require.Contains(t, strings.Join(lines(err), "\n"), want, args)
	}
}

func TestTheAuditLogIsShown(t *testing.T) { // P-18
	t.Setenv("SIGNALBOX_DSN", pgtest.DSN(t))
	for _, args := range []string{"tenants create acme --rate 1", "tenants set acme --rate 2", "keys create --tenant acme --can events:read"} {
		_, err := try(t, t.Context(), strings.Fields(args)...)
		require.NoError(t, err)
	}
	out, err := try(t, t.Context(), "audit", "--tenant", "acme")
	require.NoError(t, err)
	require.Regexp(t, `^20\S+Z  cli \S+  created key `, out, "newest first")
	require.Regexp(t, `cli \S+  changed tenant acme\n    limits: \{"rate":1\} → \{"rate":2\}\n`, out)

	out, err = try(t, t.Context(), "audit", "--tenant", "acme", "--kind", "tenant", "--limit", "1", "--json", "--since", "1h")
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(out, "\n"))
	var entry struct {
		Action, Kind, Name string
		Before, After      struct{ Limits struct{ Rate float64 } }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &entry))
	require.Equal(t, "CHANGED TENANT acme", entry.Action+" "+entry.Kind+" "+entry.Name)
	require.InDelta(t, 1, entry.Before.Limits.Rate, 0)
	require.InDelta(t, 2, entry.After.Limits.Rate, 0)

	_, err = try(t, t.Context(), "audit", "--limit", "0")
	require.ErrorContains(t, err, "--limit")
}

func TestSecretKeys(t *testing.T) { // P-18
	t.Setenv("SIGNALBOX_DSN", pgtest.DSN(t))
	var out, log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"secrets", "keygen"}, &out, &log))
	require.Regexp(t, `^k20\d{6}-[a-z2-7]{8}:[A-Za-z0-9+/]{43}=\n$`, out.String())
	id, key, _ := strings.Cut(strings.TrimSpace(out.String()), ":")
	require.NotContains(t, log.String(), key)
	another, err := try(t, t.Context(), "secrets", "keygen")
	require.NoError(t, err)
	require.NotContains(t, another, id+":", "two keys of one day are told apart")
	_, err = try(t, t.Context(), "secrets", "keygen", "--id", "No")
	require.ErrorContains(t, err, "id")

	_, err = try(t, t.Context(), "secrets", "rotate", "--secret-keys", "nonsense")
	require.ErrorContains(t, err, "entry 1 of the keyring")
	require.NotContains(t, err.Error(), "nonsense")
	said, err := try(t, t.Context(), "secrets", "rotate", "--secret-keys", strings.TrimSpace(out.String()))
	require.NoError(t, err)
	require.Contains(t, said, "sealed anew")
}

// What a list has is not only what its first page has.
func TestListsAreWhole(t *testing.T) { // P-17
	dsn := pgtest.DSN(t)
	t.Setenv("SIGNALBOX_DSN", dsn)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), `
INSERT INTO tenants (id, slug) SELECT gen_random_uuid(), 'tenant-' || n FROM generate_series(1, 1200) n`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `
INSERT INTO api_keys (tenant_id, id, name, hash, permissions, created_by)
SELECT t.id, gen_random_uuid(), 'name-' || n || '.', sha256(''), '{events:read}', 'test' FROM tenants t, generate_series(1, 1200) n WHERE t.slug = 'default'`)
	require.NoError(t, err)
	for command, want := range map[string]string{"tenants list": "\ntenant-%d ", "keys list": " name-%d. "} {
		out, err := try(t, t.Context(), strings.Fields(command)...)
		require.NoError(t, err)
		for n := 1; n <= 1200; n++ {
			require.Equal(t, 1, strings.Count(out, fmt.Sprintf(want, n)), "%s: %d", command, n)
		}
	}
}
