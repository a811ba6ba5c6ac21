// Package routing decides which rules an event meets and what they start.
//
// Compile turns a tenant's rules into a Table; Match asks it about one event.
// Both are pure: no clock, no network, no state. A rule that does not compile
// never gets into a table.
package routing
