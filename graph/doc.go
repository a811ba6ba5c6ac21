// Package graph is the GraphQL door: the schema, the HTTP transport after the
// GraphQL-over-HTTP specification, and resolvers that map in, call, and map out.
//
// The transport and the handling of documents are ours; execution is gqlgen's.
// What is declared Map in the schema stays JSON text from the request to the road,
// whether it comes in variables or as a literal, so that no digit of a number and
// no code point of a string is lost.
//
// graph/generated and graph/model/models_gen.go are written by `make generate`.
package graph
