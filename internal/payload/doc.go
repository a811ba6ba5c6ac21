// Package payload is the gate that hostile JSON meets before any decoder does, and
// the few readers that work on the text of what has passed.
//
// It decides what JSON may be here at all (RFC 8259 and the limits): size, depth,
// keys, characters, numbers. It knows nothing of events, schemas or GraphQL, and it
// never changes a text: what passes the gate is stored and sent on as the very
// bytes that came. Everything in it takes time and memory in proportion to the
// text, whatever the text says.
package payload
