-- The second wall around idempotency_keys: the application role sees and writes the rows of the
-- tenant that its transaction has set, and none where it has set none. Holds its
-- lock for a moment, and is a migration of its own so that it holds no other.

-- +goose Up

GRANT SELECT, INSERT ON idempotency_keys TO signalbox_app;
CREATE POLICY own_tenant ON idempotency_keys TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;

-- +goose Down

ALTER TABLE idempotency_keys DISABLE ROW LEVEL SECURITY;
DROP POLICY own_tenant ON idempotency_keys;
REVOKE ALL ON idempotency_keys FROM signalbox_app;
