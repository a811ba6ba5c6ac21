package ingest

import (
	"encoding/json"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Input is an event as a client sends it, before anything has been checked.
type Input struct {
	Type      string
	Operation string
	EntityID  string
	// Data is payload.data as the client wrote it; nil where it was absent.
	Data           json.RawMessage
	IdempotencyKey string
	Source         string
	Subject        string
	OccurredAt     time.Time // zero where not given
	Metadata       json.RawMessage
	// SchemaVersion is the version of the type's schema that the payload is written
	// to; 0 is the newest.
	SchemaVersion int
	Wait          Wait
}

// Wait says what the answer to a send waits for.
type Wait string

// What an answer can wait for; "" is WaitStarted.
const (
	WaitAccepted Wait = "ACCEPTED" // the commit; the starts begin at once
	WaitStarted  Wait = "STARTED"  // the starts, within the budget
)

// Result is what a send that was accepted has come to.
type Result struct {
	Event      signalbox.Event
	Dispatches []signalbox.Dispatch
	// Warnings are advice on the event as it was sent this time, duplicate or not.
	Warnings []signalbox.Warning
	// Duplicate tells that an earlier send with the same idempotency key made the event.
	Duplicate bool
}

// Outcome is what has become of the event by the time of the answer.
func (r *Result) Outcome() signalbox.Outcome {
	return signalbox.OutcomeOf(r.Event.Decisions, r.Dispatches)
}

// BatchResult is one event's part of the answer to a bulk send: exactly one of
// the two is set.
type BatchResult struct {
	Result *Result
	Err    error
}
