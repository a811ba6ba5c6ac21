-- The second wall around dispatches: the application role sees and writes the rows of the
-- tenant that its transaction has set, and none where it has set none. Holds its
-- lock for a moment, and is a migration of its own so that it holds no other.

-- +goose Up

GRANT SELECT, INSERT, UPDATE ON dispatches TO signalbox_app;
CREATE POLICY own_tenant ON dispatches TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE dispatches ENABLE ROW LEVEL SECURITY;

-- +goose Down

ALTER TABLE dispatches DISABLE ROW LEVEL SECURITY;
DROP POLICY own_tenant ON dispatches;
REVOKE ALL ON dispatches FROM signalbox_app;
