-- How many rules missed an event and are not among its decisions. Reaches every
-- partition, rewrites none, and holds its lock for a moment. It is a migration of
-- its own, as is the next: a lock on events and one on dispatches, held together,
-- would dead-lock with the relay's claims.

-- +goose Up

ALTER TABLE events ADD COLUMN decisions_omitted int; -- NULL is none

-- +goose Down

ALTER TABLE events DROP COLUMN decisions_omitted;
