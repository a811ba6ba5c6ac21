package signalbox

import (
	"encoding/json"
	"time"
)

// Limits of an event's own fields, in characters unless they say bytes.
const (
	MaxNameLength           = 128 // type, operation
	MaxEntityIDLength       = 256
	MaxIdempotencyKeyLength = 255
	MaxSourceLength         = 256 // source, subject
	MaxMetadataBytes        = 16 << 10
	MaxBatch                = 1000 // events in one bulk send
)

// Event is an immutable fact. What happened to it since, its dispatches know.
type Event struct {
	ID        ID // UUIDv7, made by us; its time is when the event was received
	Tenant    ID
	Type      string
	Operation string
	EntityID  string // payload.id
	// Data is payload.data as the client wrote it: nil where it was absent, the
	// text null where it was null, else one JSON object.
	Data          json.RawMessage
	Source        string // "" where not given, as are Subject and Metadata
	Subject       string
	Metadata      json.RawMessage
	OccurredAt    time.Time // zero where not given
	SchemaVersion int       // 0 where the type has no schema
	Decisions     []Decision
	Omitted       int // candidate rules that missed and are not among the decisions
}

// ReceivedAt is when the event was accepted, to the millisecond.
func (e *Event) ReceivedAt() time.Time { return e.ID.Time() }

// HappenedAt is when the event happened: as the client says, else when it was received.
func (e *Event) HappenedAt() time.Time {
	if e.OccurredAt.IsZero() {
		return e.ReceivedAt()
	}
	return e.OccurredAt
}

// StoredEvent is an event with what has become of it.
type StoredEvent struct {
	Event
	Dispatches []Dispatch
}

// Outcome is what has become of an event as a whole.
type Outcome string

// The outcomes. STARTED, PENDING, PARTIAL and FAILED follow from the dispatches,
// NO_RULE and FILTERED from the decisions.
const (
	OutcomeStarted   Outcome = "STARTED"   // every start has been made
	OutcomePending   Outcome = "PENDING"   // some are still to be made, none has failed for good
	OutcomePartial   Outcome = "PARTIAL"   // some have failed for good, others have not
	OutcomeFailed    Outcome = "FAILED"    // all have failed for good
	OutcomeNoRule    Outcome = "NO_RULE"   // no enabled rule is on this type and operation
	OutcomeFiltered  Outcome = "FILTERED"  // rules are, but each one's condition said no
	OutcomeScheduled Outcome = "SCHEDULED" // it is to be sent later
	OutcomeCancelled Outcome = "CANCELLED" // it was to be sent later, and was called off
)

// OutcomeOf derives the outcome of an event from its decisions and dispatches.
// internal/postgres derives the same in SQL to filter by it; a test holds the
// two together.
func OutcomeOf(decisions []Decision, dispatches []Dispatch) Outcome {
	if len(dispatches) == 0 {
		for _, d := range decisions {
			if d.Verdict == VerdictFiltered || d.Verdict == VerdictError {
				return OutcomeFiltered
			}
		}
		return OutcomeNoRule
	}
	var pending, failed int
	for _, d := range dispatches {
		switch d.Status {
		case StatusPending:
			pending++
		case StatusFailed:
			failed++
		case StatusStarted, StatusReused:
		}
	}
	switch {
	case failed == len(dispatches):
		return OutcomeFailed
	case failed > 0:
		return OutcomePartial
	case pending > 0:
		return OutcomePending
	default:
		return OutcomeStarted
	}
}

// EventFilter chooses events; zero fields choose all.
type EventFilter struct {
	Type           string
	Operation      string
	EntityID       string
	Source         string
	ReceivedFrom   time.Time // inclusive
	ReceivedBefore time.Time // exclusive
	Outcomes       []Outcome
}

// Page asks for up to First items after the cursor After; a zero After is the start.
type Page struct {
	First int
	After ID
}
