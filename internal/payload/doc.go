// Package payload is the gate that hostile JSON meets before any decoder does, and
// the few readers that work on the text of what has passed.
//
// It decides what JSON may be here at all: size, depth, keys, characters, numbers.
// It knows nothing of events. The text itself is never changed: what passes the
// gate is stored and sent on as the very bytes that came.
package payload
