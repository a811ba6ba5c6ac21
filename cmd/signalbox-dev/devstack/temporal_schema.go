package devstack

import (
	"fmt"

	"go.temporal.io/server/common/config"
	temporallog "go.temporal.io/server/common/log"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// updateSchemas brings Temporal's two databases to the version that the server
// in this binary expects, with the server's own migrations. A run that was cut
// short goes on from the last version that was complete.
func updateSchemas(stores map[string]config.DataStore, logger temporallog.Logger) error {
	for database, folder := range map[string]string{
		temporalDB:   "postgresql/v12/temporal",
		visibilityDB: "postgresql/v12/visibility",
	} {
		if err := updateSchema(stores[database].SQL, folder, logger); err != nil {
			return fmt.Errorf("bring database %s up to date: %w", database, err)
		}
	}
	return nil
}

func updateSchema(store *config.SQL, folder string, logger temporallog.Logger) error {
	single := *store
	single.MaxConns, single.MaxIdleConns = 1, 1
	conn, err := sql.NewConnection(&single, logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ReadSchemaVersion(); err != nil {
		setup := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, logger)
		if err := setup.Run(); err != nil {
			return err
		}
	}
	return schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{SchemaName: folder}, logger).Run()
}
