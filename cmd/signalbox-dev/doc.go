// Command signalbox-dev runs Signalbox with everything that it stands on, and
// nothing to install first: an embedded Postgres, the real Temporal server with
// its web UI, and a worker with example workflows.
//
// It is a module of its own, so that what production needs stays small: neither
// the production binary nor the root's go.mod knows the Temporal server.
package main
