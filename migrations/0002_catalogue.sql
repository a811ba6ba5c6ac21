-- Schemas of payloads, drafts and shadow rules, and what a tenant sets for itself.
-- Adds columns and a table, rewrites nothing: it may run under traffic and beside
-- the binary of the release before. The tables that it locks for a moment are those
-- of the catalogue, which is small. Change and create no rule before every
-- replica is of this release: the one before knows neither conditions nor inputs.

-- +goose Up

ALTER TABLE tenants
    ADD COLUMN config json NOT NULL DEFAULT '{}', -- an object, as it was written
    ADD COLUMN unknown_names text NOT NULL DEFAULT 'REJECT' CHECK (unknown_names IN ('REJECT', 'ACCEPT'));

ALTER TABLE event_types
    ADD COLUMN sample json, -- an example of payload.data
    ADD COLUMN policy text NOT NULL DEFAULT 'REJECT' CHECK (policy IN ('OFF', 'WARN', 'REJECT')),
    ADD COLUMN compatibility text NOT NULL DEFAULT 'NONE' CHECK (compatibility IN ('NONE', 'BACKWARD'));

-- Versions count from 1 without a gap, and what one says never changes. json and
-- not jsonb: it is given back as it was written.
CREATE TABLE event_schemas (
    tenant_id  uuid        NOT NULL,
    type       text        NOT NULL,
    operation  text        NOT NULL,
    version    int         NOT NULL,
    text       json        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, type, operation, version),
    FOREIGN KEY (tenant_id, type, operation) REFERENCES event_types
);

-- A rule that has never been published has no version, and a draft for a definition.
ALTER TABLE rules
    ALTER COLUMN version DROP NOT NULL,
    ADD COLUMN draft json,
    DROP CONSTRAINT rules_state_check,
    ADD CONSTRAINT rules_state_check CHECK (state IN ('ENABLED', 'DISABLED', 'SHADOW', 'DRAFT')),
    ADD CONSTRAINT rules_draft_check CHECK ((state = 'DRAFT') = (version IS NULL) AND (version IS NOT NULL OR draft IS NOT NULL));

-- +goose Down

DELETE FROM rules WHERE version IS NULL;
UPDATE rules SET state = 'DISABLED' WHERE state = 'SHADOW';
ALTER TABLE rules
    DROP CONSTRAINT rules_draft_check,
    DROP CONSTRAINT rules_state_check,
    ADD CONSTRAINT rules_state_check CHECK (state IN ('ENABLED', 'DISABLED')),
    DROP COLUMN draft,
    ALTER COLUMN version SET NOT NULL;
DROP TABLE event_schemas;
ALTER TABLE event_types DROP COLUMN sample, DROP COLUMN policy, DROP COLUMN compatibility;
ALTER TABLE tenants DROP COLUMN config, DROP COLUMN unknown_names;
