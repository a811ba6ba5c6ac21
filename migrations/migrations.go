// Package migrations holds the database's schema as numbered SQL files and
// nothing else. internal/postgres runs them.
//
// A release expands before it contracts: the binary of the release before must
// run beside the schema of this one, so that a rolling restart needs no pause.
package migrations

import "embed"

// FS holds the files, named NNNN_what_it_does.sql, in goose's format.
//
//go:embed *.sql
var FS embed.FS
