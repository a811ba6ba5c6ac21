// Package crashtest kills, stops, pauses and cuts off the built server under load,
// and then checks mechanically that nothing acknowledged was lost and nothing was
// started twice.
//
// It owns the load (clients that retry as the contract tells them to and log every
// answer), the ways to break things, and Check, the one checker, which compares
// the clients' log with Postgres, with Temporal's list and with what the worker
// ran. It drives cmd/signalbox as a process, built with the tag faultpoints, and
// looks at nothing inside it.
//
// The tests need a real Postgres and Temporal, and signalbox-dev's binary for the
// servers that they kill: `make test` runs a short form, `make crash` the long one.
package crashtest
