// Package e2e drives the built dev binary over HTTP as a user would: real
// Postgres, real Temporal, the demo worker. It has tests only.
package e2e
