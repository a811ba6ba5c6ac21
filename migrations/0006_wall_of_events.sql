-- The second wall around events: the application role sees and writes the rows of the
-- tenant that its transaction has set, and none where it has set none. Holds its
-- lock for a moment, and is a migration of its own so that it holds no other.

-- +goose Up

GRANT SELECT, INSERT ON events TO signalbox_app;
CREATE POLICY own_tenant ON events TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE events ENABLE ROW LEVEL SECURITY;

-- +goose Down

ALTER TABLE events DISABLE ROW LEVEL SECURITY;
DROP POLICY own_tenant ON events;
REVOKE ALL ON events FROM signalbox_app;
