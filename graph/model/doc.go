// Package model holds the Go side of the GraphQL schema: models_gen.go, which
// gqlgen writes, and the scalars that are ours.
package model
