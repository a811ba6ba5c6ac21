// Package routing decides which rules an event meets, what they start, and why.
//
// Compile turns a tenant's rules into a Table; Match asks it about one event. A rule
// by itself can be asked (Decide), can say everything about its answer (Explain), can
// be held to schemas without an event (Check), and to its own tests (Test); all of
// them evaluate alike. A rule that does not compile never gets into a table.
//
// Conditions are CEL (cel.dev). Each top-level conjunct is a clause of its own, so
// that a decision can name the one that failed in its author's words; and a clause
// that is an equality with a constant is indexed, so that rules which cannot match
// cost nothing. Both change no verdict: property tests hold them to CEL's own.
//
// All is pure: no network, no state, no clock but for measuring and for cutting off
// an expression that takes too long.
package routing
