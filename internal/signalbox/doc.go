// Package signalbox holds the nouns of the system and its error codes.
//
// It knows the standard library and nothing else: no SQL, no HTTP, no GraphQL,
// no Temporal. Every other package speaks in these types, so that siblings
// need not know each other.
package signalbox
