package signalbox

import "time"

// KeyConflict is the error of a send whose key an event with another body has.
func KeyConflict() *Error {
	return Errorf(CodeIdempotencyConflict, "the idempotency key was used before with another body: use a new key for a new event")
}

// Record is what one send stores, in one transaction: the event with its
// decisions, its dispatches, and its idempotency key if it has one.
type Record struct {
	Event      Event
	Dispatches []Dispatch
	// Lease is for how long from now the relay leaves the dispatches alone; 0
	// makes them due at once.
	Lease       time.Duration
	Key         string   // "" is none
	Fingerprint [32]byte // of what was sent; compared where the key is known already

	// Owner is set by the store: the event that the key belongs to. It is the
	// record's own unless the send is a duplicate, of which nothing is stored.
	Owner ID
	// Err is set by the store; nil means committed.
	Err error
}
