package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// In an emergency a key has to be revoked by whoever is there, with the database's
// address and nothing else.
func TestKeysAreRevokedWithoutTheKeyToTheSecrets(t *testing.T) {
	dsn := pgtest.DSN(t)
	ring, err := app.NewSecretKey("k1")
	require.NoError(t, err)
	plain, sealing := app.Operator{DSN: dsn}, app.Operator{DSN: dsn, SecretKeys: ring}
	_, err = sealing.CreateTenant(t.Context(), "acme", signalbox.TenantEdit{Config: []byte(`{"a":1}`)})
	require.NoError(t, err)
	key, err := plain.CreateKey(t.Context(), "acme", signalbox.KeyEdit{Permissions: signalbox.Permissions{{Action: signalbox.ActionReadEvents}}})
	require.NoError(t, err)
	revoked, err := plain.RevokeKey(t.Context(), "acme", key.ID)
	require.NoError(t, err)
	require.False(t, revoked.RevokedAt.IsZero())
	log, err := plain.Audit(t.Context(), "acme", signalbox.AuditFilter{}, 10)
	require.NoError(t, err)
	require.Len(t, log.Entries, 3)

	rate := 1.0
	_, err = plain.ChangeTenant(t.Context(), "acme", signalbox.TenantEdit{Limits: signalbox.LimitsEdit{Rate: &rate}})
	require.ErrorContains(t, err, `"k1"`, "what would be written anew has to be opened first")
	_, err = plain.RevokeKey(t.Context(), "nobody", key.ID)
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
}
