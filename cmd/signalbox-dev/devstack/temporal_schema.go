package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/config"
	temporallog "go.temporal.io/server/common/log"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// schemaFolders are Temporal's migrations, in the server module.
var schemaFolders = map[string]string{
	temporalDB:   "postgresql/v12/temporal",
	visibilityDB: "postgresql/v12/visibility",
}

// prepareDatabases brings Temporal's two databases to the version that the
// server in this binary expects, with the server's own migrations.
func prepareDatabases(ctx context.Context, o Options, serverDSN string, stores map[string]config.DataStore, logger temporallog.Logger) error {
	a, err := connectAdmin(ctx, serverDSN)
	if err != nil {
		return err
	}
	defer a.close(ctx)
	for database := range schemaFolders {
		store := stores[database].SQL
		there, err := a.exists(ctx, database)
		if err != nil {
			return err
		}
		if there {
			err = updateSchema(store, database, logger)
		} else {
			o.Logger.InfoContext(ctx, "making a database for Temporal; this happens once", slog.String("database", database))
			err = makeDatabase(ctx, a, store, database, logger)
		}
		if err != nil {
			return fmt.Errorf("bring database %s up to date: %w", database, err)
		}
	}
	return nil
}

// makeDatabase makes the database under another name and renames it when it is
// complete. The migrations cannot run in a transaction, and some of them cannot
// run twice, so one that was cut short is thrown away.
func makeDatabase(ctx context.Context, a admin, store *config.SQL, database string, logger temporallog.Logger) error {
	if err := requireExtension(ctx, a); err != nil {
		return err
	}
	making := database + "_new"
	if _, err := a.Exec(ctx, `DROP DATABASE IF EXISTS `+pgx.Identifier{making}.Sanitize()+` WITH (FORCE)`); err != nil {
		return err
	}
	if err := a.create(ctx, making); err != nil {
		return err
	}
	there := *store
	there.DatabaseName = making
	if err := updateSchema(&there, database, logger); err != nil {
		return err
	}
	_, err := a.Exec(ctx, `ALTER DATABASE `+pgx.Identifier{making}.Sanitize()+` RENAME TO `+pgx.Identifier{database}.Sanitize())
	return err
}

// requireExtension finds out early what some distributions leave out of their
// server package.
func requireExtension(ctx context.Context, a admin) error {
	var there bool
	err := a.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gin')`).Scan(&there)
	if err != nil {
		return err
	}
	if !there {
		return errors.New("this Postgres lacks the extension btree_gin: install its contrib package or use --postgres-bin " + DownloadPostgres)
	}
	return nil
}

// updateSchema runs the migrations that are missing, and files their version
// under the name that the database has in the end.
func updateSchema(store *config.SQL, database string, logger temporallog.Logger) error {
	single := *store
	single.MaxConns, single.MaxIdleConns = 1, 1
	conn, err := sql.NewConnection(&single, logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	if store.DatabaseName != database {
		setup := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, logger)
		if err := setup.Run(); err != nil {
			return err
		}
	}
	if err := schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{SchemaName: schemaFolders[database]}, logger).Run(); err != nil {
		return err
	}
	return conn.Exec(`UPDATE schema_version SET db_name = $1 WHERE db_name <> $1`, database)
}
