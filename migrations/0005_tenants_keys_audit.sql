-- Limits and sealed settings of tenants, API keys, the audit log, and the first part
-- of the second wall: the role signalbox_app, as which the server works, and
-- row-level security on everything but events, dispatches and idempotency keys, which
-- have migrations of their own.
--
-- Makes the role signalbox_app where the cluster has none, and lets the migrating
-- user act as it. That takes CREATEROLE; where your user lacks it, let an
-- administrator run, before this:
--     CREATE ROLE signalbox_app NOLOGIN; GRANT signalbox_app TO <your user>;
-- The server may log in as any member of signalbox_app, or as the tables' owner.
--
-- Adds columns and tables, rewrites nothing, and locks the catalogue's small tables
-- for a moment, tenants first, as every edit does. The release before goes on beside
-- it: it works as the tables' owner, for whom the wall is none. Seal nothing
-- (--secret-keys) before every replica is of this release.

-- +goose Up

-- +goose StatementBegin
DO $$
DECLARE
    member boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'signalbox_app') THEN
        BEGIN
            CREATE ROLE signalbox_app NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- the migration of another database was faster
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'the role signalbox_app is missing, and % may not create roles: let an administrator run CREATE ROLE signalbox_app NOLOGIN; GRANT signalbox_app TO %', current_user, quote_ident(current_user);
        END;
    END IF;
    -- Since Postgres 16 who makes a role is its member and may still not act as it.
    IF current_setting('server_version_num')::int >= 160000 THEN
        member := pg_has_role(current_user, 'signalbox_app', 'SET');
    ELSE
        member := pg_has_role(current_user, 'signalbox_app', 'MEMBER');
    END IF;
    IF NOT member THEN
        BEGIN
            EXECUTE format('GRANT signalbox_app TO %I', current_user);
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION '% may not act as the role signalbox_app: let an administrator run GRANT signalbox_app TO %', current_user, quote_ident(current_user);
        END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO signalbox_app', current_schema());
END $$;
-- +goose StatementEnd

ALTER TABLE tenants
    ADD COLUMN name          text  NOT NULL DEFAULT '',   -- for people
    ADD COLUMN limits        json  NOT NULL DEFAULT '{}', -- those that are set
    -- config, sealed: AES-256-GCM with the row as additional data. config is '{}' then.
    ADD COLUMN config_sealed bytea,
    ADD COLUMN config_key    text, -- the id of the key
    ADD CONSTRAINT tenants_sealed_check CHECK ((config_sealed IS NULL) = (config_key IS NULL));

-- A namespace of its own is nobody else's: workflow ids are told apart by that alone.
CREATE UNIQUE INDEX tenants_namespace ON tenants (namespace);

CREATE TABLE api_keys (
    tenant_id    uuid        NOT NULL REFERENCES tenants,
    id           uuid        NOT NULL,
    name         text        NOT NULL,
    hash         bytea       NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the secret
    permissions  text[]      NOT NULL,
    limits       json        NOT NULL DEFAULT '{}',
    created_by   text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    replaced_by  uuid,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (id) -- who calls is known by the key's id alone
);

-- Keys that still let somebody in are counted, and those that no longer do stay.
CREATE INDEX api_keys_valid ON api_keys (tenant_id, (coalesce(expires_at, 'infinity'))) WHERE revoked_at IS NULL;

-- Written in the transaction of the change that it tells of, and then only read.
CREATE TABLE audit_log (
    tenant_id uuid        NOT NULL,
    id        uuid        NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    actor     text        NOT NULL,
    action    text        NOT NULL,
    kind      text        NOT NULL,
    name      text        NOT NULL,
    before    json,
    after     json,
    PRIMARY KEY (tenant_id, id)
);

-- The application role: what it may do to which table at all …

GRANT SELECT, INSERT, UPDATE         ON tenants       TO signalbox_app;
GRANT SELECT, INSERT, UPDATE         ON event_types   TO signalbox_app;
GRANT SELECT, INSERT                 ON event_schemas TO signalbox_app;
GRANT SELECT, INSERT                 ON rule_versions TO signalbox_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON rules         TO signalbox_app;
GRANT SELECT, INSERT, UPDATE         ON api_keys      TO signalbox_app;
GRANT SELECT, INSERT                 ON audit_log     TO signalbox_app;
GRANT SELECT                         ON goose_db_version TO signalbox_app;

-- … and to which rows: those of the tenant that the transaction has set, and none
-- where it has set none.

-- +goose StatementBegin
CREATE FUNCTION current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;
-- +goose StatementEnd

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tenants TO signalbox_app USING (id = (SELECT current_tenant()));
ALTER TABLE event_types ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON event_types TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE event_schemas ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON event_schemas TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE rule_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON rule_versions TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE rules ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON rules TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON api_keys TO signalbox_app USING (tenant_id = (SELECT current_tenant()));
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON audit_log TO signalbox_app USING (tenant_id = (SELECT current_tenant()));

-- What the server has to know before it knows of a tenant, or over all of them. These
-- run as the tables' owner and answer no more than their names say.

-- +goose StatementBegin
CREATE FUNCTION tenant_revisions() RETURNS TABLE (id uuid, revision bigint)
LANGUAGE sql STABLE SECURITY DEFINER
AS $$ SELECT t.id, t.revision FROM tenants t $$;
-- +goose StatementEnd

-- Ids of tenants by slug, those that come after one where one is given.
-- +goose StatementBegin
CREATE FUNCTION tenants_by_slug(after uuid, most int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
AS $$
SELECT t.id
FROM tenants t
WHERE after IS NULL OR t.slug COLLATE "C" > (SELECT a.slug FROM tenants a WHERE a.id = after)
ORDER BY t.slug COLLATE "C"
LIMIT most
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION tenant_of_slug(slug text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
AS $$ SELECT t.id FROM tenants t WHERE t.slug = $1 $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION tenant_of_key(id uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
AS $$ SELECT k.tenant_id FROM api_keys k WHERE k.id = $1 $$;
-- +goose StatementEnd

-- The ids of the keys that anything is sealed with.
-- +goose StatementBegin
CREATE FUNCTION sealed_with() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
AS $$ SELECT DISTINCT t.config_key FROM tenants t WHERE t.config_key IS NOT NULL $$;
-- +goose StatementEnd

-- Lanes with work that is due. It walks the index from lane to lane, so that its cost
-- is the number of lanes and not of rows.
-- +goose StatementBegin
CREATE FUNCTION due_lanes() RETURNS TABLE (tenant_id uuid, namespace text)
LANGUAGE sql STABLE SECURITY DEFINER
AS $$
WITH RECURSIVE lanes AS (
    (SELECT d.tenant_id, d.namespace FROM dispatches d WHERE d.status = 'PENDING' ORDER BY d.tenant_id, d.namespace LIMIT 1)
    UNION ALL
    SELECT next.tenant_id, next.namespace
    FROM lanes l
    CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.namespace
        FROM dispatches d
        WHERE d.status = 'PENDING' AND (d.tenant_id, d.namespace) > (l.tenant_id, l.namespace)
        ORDER BY d.tenant_id, d.namespace
        LIMIT 1
    ) next
)
SELECT l.tenant_id, l.namespace
FROM lanes l
WHERE EXISTS (
    SELECT FROM dispatches d
    WHERE d.status = 'PENDING' AND d.tenant_id = l.tenant_id AND d.namespace = l.namespace AND d.due_at <= now()
)
$$;
-- +goose StatementEnd

-- How many starts are PENDING, by tenant, each counted up to most. It goes by the
-- index of what is PENDING: a planner that has not heard of a drained backlog would
-- read whole partitions to count nothing.
-- +goose StatementBegin
CREATE FUNCTION pending_starts(most int) RETURNS TABLE (tenant_id uuid, n bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET enable_seqscan = off
AS $$
WITH RECURSIVE busy AS (
    (SELECT d.tenant_id FROM dispatches d WHERE d.status = 'PENDING' ORDER BY d.tenant_id LIMIT 1)
    UNION ALL
    SELECT next.tenant_id
    FROM busy b
    CROSS JOIN LATERAL (
        SELECT d.tenant_id FROM dispatches d
        WHERE d.status = 'PENDING' AND d.tenant_id > b.tenant_id
        ORDER BY d.tenant_id
        LIMIT 1
    ) next
)
SELECT b.tenant_id, c.n
FROM busy b
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM (SELECT FROM dispatches d WHERE d.status = 'PENDING' AND d.tenant_id = b.tenant_id LIMIT most) p
) c
$$;
-- +goose StatementEnd

-- Makes the partition of one week, whose first day is a Monday, beside the others and
-- then attaches it: CREATE TABLE … PARTITION OF would lock out every insert and claim,
-- and dead-lock with them; ATTACH PARTITION does neither. dispatches is a queue: its
-- dead entries have to go before a fifth of a week's rows are dead, which is the
-- default. Nobody but the owner reaches a partition other than by its parent.
-- +goose StatementBegin
CREATE FUNCTION ensure_partition(parent text, first_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
    partition text := parent || '_' || to_char(first_day, 'YYYYMMDD');
    bounds    text[];
    day       date;
    time_hex  text;
BEGIN
    IF parent NOT IN ('events', 'dispatches') OR extract(isodow FROM first_day) <> 1 OR abs(first_day - current_date) > 3660 THEN
        RAISE EXCEPTION 'there is no partition of % for the week of %', parent, first_day USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(91574194028876); -- "SIGNAL"
    IF to_regclass(quote_ident(partition)) IS NOT NULL THEN
        RETURN;
    END IF;
    FOREACH day IN ARRAY ARRAY[first_day, first_day + 7] LOOP
        -- The least UUID that begins with the day's 48 bits of milliseconds (RFC 9562, section 5.7).
        time_hex := lpad(to_hex((extract(epoch FROM day) * 1000)::bigint), 12, '0');
        bounds := bounds || (left(time_hex, 8) || '-' || right(time_hex, 4) || '-0000-0000-000000000000');
    END LOOP;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)', partition, parent);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, bounds[1], bounds[2]);
END $$;
-- +goose StatementEnd

-- None of them is for the public, and none looks for tables where its caller says.
-- +goose StatementBegin
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOREACH f IN ARRAY ARRAY['current_tenant()', 'tenant_revisions()', 'tenants_by_slug(uuid, int)', 'tenant_of_slug(text)', 'tenant_of_key(uuid)', 'sealed_with()',
            'due_lanes()', 'pending_starts(int)', 'ensure_partition(text, date)']::regprocedure[] LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO signalbox_app', f);
        IF f <> 'current_tenant()'::regprocedure THEN
            EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', f, current_schema());
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down

-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM tenants WHERE config_sealed IS NOT NULL) THEN
        RAISE EXCEPTION 'the config of tenants is sealed, and going back would lose it: note it down, run UPDATE tenants SET config_sealed = NULL, config_key = NULL, and set it anew afterwards';
    END IF;
END $$;
-- +goose StatementEnd

DROP FUNCTION ensure_partition(text, date);
DROP FUNCTION pending_starts(int);
DROP FUNCTION due_lanes();
DROP FUNCTION sealed_with();
DROP FUNCTION tenant_of_key(uuid);
DROP FUNCTION tenant_of_slug(text);
DROP FUNCTION tenants_by_slug(uuid, int);
DROP FUNCTION tenant_revisions();
DROP POLICY own_tenant ON tenants;
DROP POLICY own_tenant ON event_types;
DROP POLICY own_tenant ON event_schemas;
DROP POLICY own_tenant ON rule_versions;
DROP POLICY own_tenant ON rules;
ALTER TABLE tenants DISABLE ROW LEVEL SECURITY;
ALTER TABLE event_types DISABLE ROW LEVEL SECURITY;
ALTER TABLE event_schemas DISABLE ROW LEVEL SECURITY;
ALTER TABLE rule_versions DISABLE ROW LEVEL SECURITY;
ALTER TABLE rules DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON tenants, event_types, event_schemas, rule_versions, rules, goose_db_version FROM signalbox_app;
DROP TABLE audit_log;
DROP TABLE api_keys;
DROP FUNCTION current_tenant();
DROP INDEX tenants_namespace;
ALTER TABLE tenants
    DROP CONSTRAINT tenants_sealed_check,
    DROP COLUMN name,
    DROP COLUMN limits,
    DROP COLUMN config_sealed,
    DROP COLUMN config_key;
