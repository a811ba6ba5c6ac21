// Package dispatch makes starts happen: it turns a dispatch into a start request
// to Temporal, tells permanent failures from passing ones, and owns the relay,
// which starts whatever is still PENDING.
//
// A start may be made any number of times. The request id is the dispatch's own,
// and the default id policies refuse a second run, so Temporal answers every
// repetition with the run that stands. That is why a lost mark, a crashed process
// and a paused replica cost an attempt and never a second run. Where a rule has
// chosen other policies, a repeated attempt first looks for the run that an earlier
// one has made.
//
// It owns no storage: what came of an attempt is handed on as a signalbox.Mark.
package dispatch
