package postgres_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/secrets"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// ownedBy makes a login role that is no superuser, and has it own an empty database.
func ownedBy(t *testing.T, options string) (dsn, role string) {
	t.Helper()
	pgtest.DSN(t) // the template makes the application role
	database := pgtest.EmptyDSN(t)
	admin := connect(t, database)
	role = "r_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	password := uuid.NewString()
	run(t, admin, `CREATE ROLE `+role+` LOGIN NOSUPERUSER `+options+` PASSWORD '`+password+`'`)
	t.Cleanup(func() { run(t, admin, `DROP OWNED BY `+role+` CASCADE`, `DROP ROLE `+role) })
	u, err := url.Parse(database)
	require.NoError(t, err)
	run(t, admin, `ALTER SCHEMA public OWNER TO `+role)
	u.User = url.UserPassword(role, password)
	return u.String(), role
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // of cleanups too
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(ctx) })
	return conn
}

func run(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		_, err := conn.Exec(context.WithoutCancel(t.Context()), sql)
		require.NoError(t, err, sql)
	}
}

// Nothing that Signalbox does takes a superuser.
func TestAnOwnerThatIsNoSuperuser(t *testing.T) {
	dsn, _ := ownedBy(t, "CREATEROLE")
	owner := pgtest.Owner(t, dsn)
	_, err := owner.MigrateUp(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, owner.CheckVersion(t.Context()), "another role owns the tables")
	db := pgtest.Connect(t, dsn)
	require.NoError(t, db.CheckVersion(t.Context()))
	require.NoError(t, db.EnsurePartitions(t.Context(), time.Now()))
	furnished(t, db, "a")
}

func TestAnOwnerThatMayNotBeTheApplicationIsToldWhatToDo(t *testing.T) {
	dsn, role := ownedBy(t, "NOCREATEROLE")
	owner := pgtest.Owner(t, dsn)
	_, err := owner.MigrateUp(t.Context())
	require.EqualError(t, err, "migrate: 0005_tenants_keys_audit.sql: "+role+" may not act as the role signalbox_app: let an administrator run GRANT signalbox_app TO "+role)
	_, err = postgres.Open(t.Context(), postgres.Config{DSN: dsn})
	require.EqualError(t, err, `the database's user "`+role+`" may not act as signalbox_app: let an administrator run GRANT signalbox_app TO "`+role+`"`)
}

// A wall that somebody has opened is said at start, and where.
func TestAWallWithAHoleIsSaid(t *testing.T) {
	for _, tt := range []struct{ name, sql string }{
		{"switched off", `ALTER TABLE events DISABLE ROW LEVEL SECURITY`},
		{"owned by the application role", `ALTER TABLE events OWNER TO ` + postgres.AppRole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dsn := pgtest.DSN(t)
			db := pgtest.Connect(t, dsn)
			require.NoError(t, db.CheckVersion(t.Context()))
			run(t, connect(t, dsn), tt.sql)
			require.ErrorContains(t, db.CheckVersion(t.Context()), "on events, so that nothing")
		})
	}
}

// Going back to a release that knows no sealed config must not throw it away.
func TestSealedConfigIsNotLostByGoingBack(t *testing.T) {
	dsn, _, conn, provider := firstRelease(t)
	_, err := provider.Up(t.Context())
	require.NoError(t, err)
	ring, err := secrets.Parse(mustGenerate(t, "k1"))
	require.NoError(t, err)
	db := pgtest.With(t, postgres.Config{DSN: dsn, Secrets: ring})
	_, err = db.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "a", Config: json.RawMessage(`{"n":1}`)})
	require.NoError(t, err)
	_, err = provider.DownTo(t.Context(), 4)
	require.ErrorContains(t, err, "going back would lose it")
	var version int64
	require.NoError(t, conn.QueryRowContext(t.Context(), `SELECT max(version_id) FROM `+goose.DefaultTablename).Scan(&version))
	require.EqualValues(t, 5, version)
}

// Who forgets the key must not leave secrets in the clear beside those that are sealed.
func TestNothingInTheClearIsAddedToWhatIsSealed(t *testing.T) {
	dsn := pgtest.DSN(t)
	ring, err := secrets.Parse(mustGenerate(t, "k1"))
	require.NoError(t, err)
	keyed := pgtest.With(t, postgres.Config{DSN: dsn, Secrets: ring})
	keyless := pgtest.Connect(t, dsn)
	secret := json.RawMessage(`{"token":"t"}`)
	plain, err := keyless.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "before", Config: secret})
	require.NoError(t, err, "nothing is sealed yet")
	_, err = keyed.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "sealed", Config: secret})
	require.NoError(t, err)

	_, err = keyless.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "after", Config: secret})
	require.ErrorContains(t, err, `the key "k1", which this process does not have`)
	_, err = keyless.ChangeTenant(t.Context(), "test", plain.ID, func(t *signalbox.Tenant) error {
		t.Config = json.RawMessage(`{"token":"u"}`)
		return nil
	})
	require.ErrorContains(t, err, "--secret-keys")
	_, err = keyless.Edit(t.Context(), as(plain.ID), false, func(_ signalbox.Tenant, now catalogue) (catalogue, error) {
		now.Settings.Config = json.RawMessage(`{"token":"v"}`)
		return now, nil
	})
	require.ErrorContains(t, err, "--secret-keys")
	_, err = keyless.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "empty"})
	require.NoError(t, err, "nothing in it is secret")
}

func mustGenerate(t *testing.T, id string) string {
	t.Helper()
	text, err := secrets.Generate(id)
	require.NoError(t, err)
	return text
}
