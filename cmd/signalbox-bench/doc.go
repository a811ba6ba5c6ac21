// Command signalbox-bench measures Signalbox beside what it is built on, in one
// run on one stack: accepting an event beside inserting its row, starting a
// workflow through a rule beside starting it with Temporal's own client. Machines
// differ and are noisy, so rounds of the two alternate and every result is a ratio
// with its absolute beside it.
//
// Everything runs in processes of its own, as it would in production: Postgres and
// Temporal (`signalbox-dev deps --ephemeral`), the server (`signalbox serve`), the
// load (this binary again, with the hidden command client) and the worker that
// runs the workflows (likewise). This process only starts them, tells them what to
// do and does the sums.
//
// These are measurements and not tests: a missed aim is a row in the table, and
// the exit code tells only whether something broke.
package main
