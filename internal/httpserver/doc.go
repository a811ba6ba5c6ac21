// Package httpserver is everything about HTTP that is not GraphQL: the router, the
// limits that every request meets, request ids, who is calling, health, and where
// handlers are mounted.
package httpserver
