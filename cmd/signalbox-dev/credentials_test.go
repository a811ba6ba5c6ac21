package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// printed is what a start has printed of itself.
type printed struct{ graphql, postgres, key string }

func runFor(t *testing.T, dir string, use func(printed)) {
	t.Helper()
	d := start(t, "run", "--dir", dir, "--listen", "127.0.0.1:0", "--postgres-port", "0", "--temporal-port", "0", "--no-ui", "--no-demo")
	var p printed
	d.waitForLine("  GraphQL ", func(line string) { p.graphql = strings.Fields(line)[1] })
	d.waitForLine("  Postgres ", func(line string) { p.postgres = strings.Fields(line)[1] })
	d.waitForLine("  API key ", func(line string) { p.key = strings.Fields(line)[2] })
	d.waitForLine("  export ", func(line string) {
		require.Equal(t, "  export SIGNALBOX_DSN='"+p.postgres+"' SIGNALBOX_SECRET_KEYS_FILE='"+filepath.Join(dir, secretKeyFile)+"'", line)
	})
	d.waitForLine("  curl ", func(line string) { require.Contains(t, line, "-H 'Authorization: Bearer "+p.key+"'") })
	use(p)
	d.interrupt()
}

func (p printed) status(t *testing.T, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.graphql, bytes.NewReader([]byte(`{"query":"{ viewer { actor } }"}`)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

func TestTheKeyStaysFromStartToStart(t *testing.T) {
	dir := openDir(t)
	var first printed
	runFor(t, dir, func(p printed) {
		first = p
		require.Equal(t, http.StatusOK, p.status(t, p.key))
		require.Equal(t, http.StatusUnauthorized, p.status(t, p.key[:len(p.key)-4]+"AAAA"))
		for _, name := range []string{keyFile, secretKeyFile} {
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
		}
	})
	var id signalbox.ID
	runFor(t, dir, func(p printed) {
		require.Equal(t, first.key, p.key)
		require.Equal(t, http.StatusOK, p.status(t, p.key))
		var ok bool
		id, _, ok = auth.ParseKey(p.key)
		require.True(t, ok)
		secretKeys, err := os.ReadFile(filepath.Join(dir, secretKeyFile))
		require.NoError(t, err)
		_, err = app.Operator{DSN: p.postgres, SecretKeys: string(secretKeys)}.RevokeKey(t.Context(), signalbox.DefaultTenantSlug, id)
		require.NoError(t, err)
	})
	var second printed
	runFor(t, dir, func(p printed) { // one that was revoked is of no use
		second = p
		require.NotEqual(t, first.key, p.key)
		require.Equal(t, http.StatusOK, p.status(t, p.key))
	})
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "postgres")))
	runFor(t, dir, func(p printed) { // nor is one that the database does not know
		require.NotEqual(t, second.key, p.key)
		require.Equal(t, http.StatusOK, p.status(t, p.key))
	})
}
