-- The road: tenants, what they have registered, what they have sent, and the
-- workflow starts that followed. Takes no lock on anything that stands already.

-- +goose Up

CREATE TABLE tenants (
    id         uuid        PRIMARY KEY,
    slug       text        NOT NULL UNIQUE,
    -- The Temporal namespace of rules that name none; NULL is the server's own.
    namespace  text,
    -- Grows with every change to the tenant's types or rules: replicas poll it.
    revision   bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Every request's tenant until there are keys.
INSERT INTO tenants (id, slug) VALUES ('00000000-0000-7000-8000-000000000001', 'default');

CREATE TABLE event_types (
    tenant_id    uuid        NOT NULL REFERENCES tenants,
    type         text        NOT NULL,
    operation    text        NOT NULL,
    display_name text        NOT NULL DEFAULT '',
    description  text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, type, operation)
);

-- What a version says never changes; rules points at the one in force.
CREATE TABLE rule_versions (
    tenant_id  uuid        NOT NULL REFERENCES tenants,
    name       text        NOT NULL,
    version    int         NOT NULL,
    definition jsonb       NOT NULL, -- {"on": {…}, "start": {…}}
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name, version)
);

CREATE TABLE rules (
    tenant_id  uuid        NOT NULL,
    name       text        NOT NULL,
    version    int         NOT NULL,
    state      text        NOT NULL CHECK (state IN ('ENABLED', 'DISABLED')),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, name, version) REFERENCES rule_versions
);

-- Partitioned by week of the UUIDv7 id: recent pages stay hot, and retention
-- drops a table. When the event was received is in the id.
CREATE TABLE events (
    tenant_id      uuid NOT NULL,
    id             uuid NOT NULL,
    type           text NOT NULL,
    operation      text NOT NULL,
    entity_id      text NOT NULL,
    data           json,        -- the sender's own text; NULL is absent, 'null' is null
    source         text,
    subject        text,
    metadata       json,
    occurred_at    timestamptz, -- as the sender says
    schema_version int,
    decisions      json,        -- NULL is none
    PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);

CREATE INDEX events_by_name ON events (tenant_id, type, operation, id);
CREATE INDEX events_by_entity ON events (tenant_id, entity_id, id);

-- One row for each (event, rule): the id is a function of the two and carries the
-- event's time, so the primary key is what makes a second one impossible, and a
-- dispatch lies in the partition of its event's week.
CREATE TABLE dispatches (
    tenant_id     uuid        NOT NULL,
    id            uuid        NOT NULL,
    event_id      uuid        NOT NULL,
    rule          text        NOT NULL,
    rule_version  int         NOT NULL,
    namespace     text        NOT NULL,
    workflow_type text        NOT NULL,
    workflow_id   text        NOT NULL,
    task_queue    text        NOT NULL,
    options       json        NOT NULL,
    status        text        NOT NULL CHECK (status IN ('PENDING', 'STARTED', 'REUSED', 'FAILED')),
    run_id        text,
    attempts      int         NOT NULL, -- also the fencing token
    due_at        timestamptz NOT NULL, -- end of the lease or of the backoff, by this database's clock
    error_code    text,
    error_message text,
    settled_at    timestamptz,
    PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);

CREATE INDEX dispatches_pending ON dispatches (tenant_id, namespace, due_at) WHERE status = 'PENDING';
CREATE INDEX dispatches_failed ON dispatches (tenant_id, id) WHERE status = 'FAILED';

-- Not partitioned: the primary key is what dedupes, over all time.
CREATE TABLE idempotency_keys (
    tenant_id   uuid        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL, -- SHA-256 of what was sent
    event_id    uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);

-- +goose Down

DROP TABLE idempotency_keys;
DROP TABLE dispatches;
DROP TABLE events;
DROP TABLE rules;
DROP TABLE rule_versions;
DROP TABLE event_types;
DROP TABLE tenants;
