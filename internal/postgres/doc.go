// Package postgres keeps everything that must survive: one file a noun, the SQL
// beside the method that runs it, and nowhere else.
//
// It owns the pool, the migrations' runner, the weekly partitions, the group
// commit that makes accepting cheap, and the translation of SQLSTATE to the
// house's error codes. It decides nothing about events: what may be stored, what
// matches and what is started is settled before it is called.
//
// Every query on behalf of a caller names its tenant; the relay, the count of the
// backlog and the catalogue look at all of them.
package postgres
