// Package devstack runs what Signalbox stands on, in one process and under one
// directory: a Postgres server as a child process, the real Temporal server in
// process on that Postgres, and Temporal's web UI. It hands back a DSN and
// addresses, and knows nothing of Signalbox itself.
//
// It promises that a second start finds the data of the first, that a start
// after kill -9 recovers by itself, that Stop leaves no process behind, and
// that whatever stands in the way is reported in one sentence that says what to
// do. Durability is never traded for speed: fsync and synchronous_commit stay
// on, because they are what the tests above it measure.
//
// It runs on Linux and macOS. It is for development and tests: everything
// listens on loopback only, and Temporal takes every caller's word.
package devstack
