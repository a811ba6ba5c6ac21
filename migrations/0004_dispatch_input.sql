-- The workflow's argument, where a rule maps one of its own. Reaches every
-- partition, rewrites none, and holds its lock for a moment.

-- +goose Up

ALTER TABLE dispatches ADD COLUMN input json; -- NULL is the whole event

-- +goose Down

ALTER TABLE dispatches DROP COLUMN input;
