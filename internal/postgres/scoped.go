//go:build !wallonly

package postgres

// scoped is the statement as it is.
func scoped(sql string) string { return sql }
