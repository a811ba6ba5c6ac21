// Package ingest is the road that every event takes, whatever door it came in by:
// check, route, admit, append, start, mark. There is no second one.
//
// It owns the order of those steps and what is promised after each. How an event
// is stored, how rules match and how a workflow is started belong to others, whom
// it knows by small interfaces.
package ingest
