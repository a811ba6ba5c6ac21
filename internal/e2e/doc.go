// Package e2e drives the built binaries as users and operators would, over HTTP and
// by commands: real Postgres, real Temporal, the demo worker. It has tests only.
package e2e
