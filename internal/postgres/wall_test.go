package postgres_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// furnished makes a tenant that has something in every table.
func furnished(t *testing.T, db *postgres.DB, slug string) signalbox.Tenant {
	t.Helper()
	tenant, err := db.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: slug, Config: json.RawMessage(`{"of":"` + slug + `"}`)})
	require.NoError(t, err)
	_, err = db.Edit(t.Context(), signalbox.Principal{Tenant: tenant, Actor: "test"}, false, func(_ signalbox.Tenant, now catalogue) (catalogue, error) {
		now.Types = []signalbox.EventType{{Type: "a", Operation: slug, Schemas: []signalbox.Schema{{Text: json.RawMessage(`{}`)}}}}
		now.Rules = []signalbox.Rule{rule("rule-of-"+slug, slug)}
		return now, nil
	})
	require.NoError(t, err)
	r := record("key", "a")
	r.Event.Tenant, r.Event.EntityID, r.Dispatches[0].Tenant = tenant.ID, slug, tenant.ID
	stored(t, db, r)
	require.NoError(t, db.CreateKey(t.Context(), apiKey(tenant.ID)))
	return tenant
}

func apiKey(tenant signalbox.ID) signalbox.APIKey {
	return signalbox.APIKey{
		ID: signalbox.ID(uuid.Must(uuid.NewV7())), Tenant: tenant, Name: "k", CreatedBy: "test", Hash: [32]byte{1},
		Permissions: signalbox.Permissions{{Action: signalbox.ActionReadEvents}, {Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: "a", Operation: "*"}}},
	}
}

// Every table that there is, whatever later migrations add, is behind the wall: the
// application role sees nothing of it without a tenant, and a tenant's own rows with one.
func TestTheWallIsAroundEveryTable(t *testing.T) { // I7
	dsn := pgtest.DSN(t)
	db := pgtest.Connect(t, dsn)
	a, b := furnished(t, db, "a"), furnished(t, db, "b")

	owner, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = owner.Close(t.Context()) }()
	app, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = app.Close(t.Context()) }()
	_, err = app.Exec(t.Context(), `SET ROLE `+postgres.AppRole)
	require.NoError(t, err)

	rows, err := owner.Query(t.Context(), `
SELECT c.oid::regclass::text, c.relispartition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = current_schema() AND c.relname <> 'goose_db_version'
ORDER BY 1`)
	require.NoError(t, err)
	type table struct {
		Name      string
		Partition bool
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	require.NoError(t, err)
	require.Greater(t, len(tables), 15)

	count := func(conn *pgx.Conn, tenant, sql string) (n int, err error) {
		err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			if tenant != "" {
				if _, err := tx.Exec(t.Context(), `SELECT set_config('app.tenant', $1, true)`, tenant); err != nil {
					return err
				}
			}
			return tx.QueryRow(t.Context(), sql).Scan(&n)
		})
		return n, err
	}
	for _, table := range tables {
		t.Run(table.Name, func(t *testing.T) {
			all := `SELECT count(*) FROM ` + table.Name
			if table.Partition {
				for _, tenant := range []string{"", a.ID.String()} {
					_, err := count(app, tenant, all)
					requireDenied(t, err)
				}
				return
			}
			column := "tenant_id"
			if table.Name == "tenants" {
				column = "id"
			}
			own := func(id signalbox.ID) string { return fmt.Sprintf(`%s WHERE %s = '%s'`, all, column, id) }
			ofA, err := count(owner, "", own(a.ID))
			require.NoError(t, err)
			require.Positive(t, ofA, "the test has to put something into every table, or it shows nothing")
			ofB, err := count(owner, "", own(b.ID))
			require.NoError(t, err)
			require.Positive(t, ofB)

			for tenant, want := range map[string]int{"": 0, a.ID.String(): ofA, b.ID.String(): ofB, uuid.NewString(): 0} {
				got, err := count(app, tenant, all)
				require.NoError(t, err)
				require.Equal(t, want, got, "as tenant %q", tenant)
			}
			// What has been set does not outlive its transaction.
			got, err := count(app, "", all)
			require.NoError(t, err)
			require.Zero(t, got)

			// Nor can the rows of another be changed, or given to another.
			for _, sql := range []string{
				fmt.Sprintf(`UPDATE %[1]s SET %[2]s = %[2]s WHERE %[2]s = '%[3]s'`, table.Name, column, b.ID),
				fmt.Sprintf(`DELETE FROM %s WHERE %s = '%s'`, table.Name, column, b.ID),
				fmt.Sprintf(`UPDATE %s SET %s = '%s'`, table.Name, column, b.ID),
			} {
				var tag pgconn.CommandTag
				err := pgx.BeginFunc(t.Context(), app, func(tx pgx.Tx) (err error) {
					if _, err := tx.Exec(t.Context(), `SELECT set_config('app.tenant', $1, true)`, a.ID.String()); err != nil {
						return err
					}
					tag, err = tx.Exec(t.Context(), sql)
					return err
				})
				if err != nil {
					requireDenied(t, err)
					continue
				}
				require.Zero(t, tag.RowsAffected(), sql)
			}
		})
	}
}

func requireDenied(t *testing.T, err error) {
	t.Helper()
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, "42501", pg.Code, "%v", err) // insufficient_privilege
}

// The log is for good: the application can add to it and read it, and no more.
func TestTheAuditLogIsOnlyAddedTo(t *testing.T) {
	dsn := pgtest.DSN(t)
	tenant := furnished(t, pgtest.Connect(t, dsn), "a")
	app, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = app.Close(t.Context()) }()
	for _, sql := range []string{`SET ROLE ` + postgres.AppRole, `SET app.tenant = '` + tenant.ID.String() + `'`} {
		_, err = app.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	var n int
	require.NoError(t, app.QueryRow(t.Context(), `SELECT count(*) FROM audit_log`).Scan(&n))
	require.Positive(t, n)
	for _, sql := range []string{
		`UPDATE audit_log SET actor = 'nobody'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`, `DROP TABLE audit_log`,
		`ALTER TABLE audit_log DISABLE ROW LEVEL SECURITY`, `GRANT UPDATE ON audit_log TO ` + postgres.AppRole,
		`UPDATE event_schemas SET text = '{}'`, `DELETE FROM events`, `UPDATE events SET data = NULL`, `DELETE FROM tenants`,
		`CREATE TABLE mine (x int)`,
	} {
		_, err := app.Exec(t.Context(), sql)
		if sql[:5] == "GRANT" && err == nil { // no more than a warning
			_, err = app.Exec(t.Context(), `UPDATE audit_log SET actor = 'nobody'`)
		}
		requireDenied(t, err)
	}
}

// A server whose role could see through the wall does not start.
func TestAWallThatIsNoneIsSaid(t *testing.T) {
	owner := pgtest.Owner(t, pgtest.DSN(t)) // a superuser, in these tests
	require.ErrorContains(t, owner.CheckVersion(t.Context()), "NOBYPASSRLS")
}

func TestPartitionsAreMadeByTheApplicationRole(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := pgtest.Connect(t, dsn)
	require.NoError(t, db.EnsurePartitions(t.Context(), time.Now().AddDate(1, 0, 0)))
	app, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { _ = app.Close(t.Context()) }()
	_, err = app.Exec(t.Context(), `SET ROLE `+postgres.AppRole)
	require.NoError(t, err)
	for _, arguments := range []string{`'tenants', '2026-11-23'`, `'events', '2026-11-24'`, `'events', '3026-11-22'`, `'events; DROP TABLE events', '2026-11-23'`, `NULL, NULL`} {
		_, err := app.Exec(t.Context(), `SELECT ensure_partition(`+arguments+`)`)
		require.Error(t, err, arguments)
	}
}
