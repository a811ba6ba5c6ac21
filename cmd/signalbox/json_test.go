package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
)

func TestListsAreThereForPrograms(t *testing.T) {
	t.Setenv("SIGNALBOX_DSN", pgtest.DSN(t))
	run := func(args ...string) string {
		out, err := try(t, t.Context(), args...)
		require.NoError(t, err, args)
		return out
	}
	object := func(line string) map[string]any {
		var o map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &o), line)
		return o
	}
	run("tenants", "create", "acme", "--name", "A & B", "--rate", "5")
	tenants := strings.Split(strings.TrimSpace(run("tenants", "list", "--json")), "\n")
	require.Len(t, tenants, 2)
	acme := object(tenants[0])
	require.Contains(t, tenants[0], "A & B")
	require.Equal(t, map[string]any{"rate": 5.0}, acme["limits"])
	require.Equal(t, "acme", acme["slug"])
	require.NotContains(t, acme, "config")

	text := strings.TrimSpace(run("keys", "create", "--tenant", "acme", "--can", "events:read"))
	listed := run("keys", "list", "--tenant", "acme", "--json")
	key := object(listed)
	require.Equal(t, []any{"events:read"}, key["permissions"])
	require.Equal(t, true, key["valid"])
	require.Nil(t, key["expiresAt"])
	require.Nil(t, key["replacedBy"])
	_, secret, _ := strings.Cut(strings.TrimPrefix(text, "sbx_"), "_")
	require.NotContains(t, listed, secret)
	require.NotContains(t, listed, "hash")
	run("keys", "rotate", "--tenant", "acme", "--overlap", "0d", key["id"].(string)) //nolint:forcetypeassert // a test fails so, too.
	require.Contains(t, run("keys", "list", "--tenant", "acme", "--json"), `"valid":false`)
}
