package signalbox

import (
	"encoding/json"
	"time"
)

// Dispatch is one start that a matching rule calls for: the unit of retry. It is
// a complete start request but for an input that the rule does not map: that one
// follows from the event, its tenant and the rule's name and version.
//
//	            ┌────── passing failure: backoff ──────┐
//	            ▼                                      │
//	accept → PENDING ── an attempt, under a lease ─────┤
//	            ▲                                      ├→ STARTED  a run of its own
//	            │                                      ├→ REUSED   a run with that id stood already
//	            └───────────── redrive ──── FAILED ◄───┘  permanent failure
type Dispatch struct {
	ID          ID // DispatchID(EventID, Rule)
	Tenant      ID
	EventID     ID
	Rule        string
	RuleVersion int

	Namespace    string
	WorkflowType string
	WorkflowID   string
	TaskQueue    string
	Options      StartOptions
	// Input is the workflow's argument, as JSON; nil is the whole event. Memo and
	// SearchAttributes are JSON objects; nil is none.
	Input            json.RawMessage
	Memo             json.RawMessage
	SearchAttributes json.RawMessage

	Status DispatchStatus
	RunID  string // once STARTED or REUSED
	// Attempts counts the attempts begun. It is also the fencing token: who holds
	// attempt n may write the result of attempt n, and no other.
	Attempts int
	// DueAt is when the relay may take a PENDING dispatch: the end of the lease
	// while an attempt is under way, else the end of the backoff.
	DueAt     time.Time
	LastError *DispatchError // of the newest attempt that failed
	SettledAt time.Time      // when it left PENDING; zero until then
}

// DispatchError is why an attempt failed.
type DispatchError struct {
	Code    DispatchErrorCode
	Message string
}

// DispatchErrorCode is the kind of failure, in Temporal's terms where it is Temporal's.
type DispatchErrorCode string

// The kinds. Those that pass are retried for ever; the others make the dispatch FAILED.
const (
	DispatchUnavailable       DispatchErrorCode = "UNAVAILABLE"         // passes: Temporal cannot be reached
	DispatchDeadline          DispatchErrorCode = "DEADLINE_EXCEEDED"   // passes: no answer in time
	DispatchResourceExhausted DispatchErrorCode = "RESOURCE_EXHAUSTED"  // passes: Temporal limits us
	DispatchNamespaceNotFound DispatchErrorCode = "NAMESPACE_NOT_FOUND" // permanent
	DispatchInvalidArgument   DispatchErrorCode = "INVALID_ARGUMENT"    // permanent: also a payload too large, a bad id
	DispatchPermissionDenied  DispatchErrorCode = "PERMISSION_DENIED"   // permanent
	DispatchAlreadyStarted    DispatchErrorCode = "ALREADY_STARTED"     // permanent: the rule's policy refuses the id
	DispatchUnexpected        DispatchErrorCode = "UNEXPECTED"          // passes: unknown, so it is tried again
)

// DispatchStatus is where a dispatch is in its life.
type DispatchStatus string

// The statuses; only PENDING is passing.
const (
	StatusPending DispatchStatus = "PENDING"
	StatusStarted DispatchStatus = "STARTED"
	StatusReused  DispatchStatus = "REUSED"
	StatusFailed  DispatchStatus = "FAILED"
)

// CreatedAt is when the event that called for it was received.
func (d *Dispatch) CreatedAt() time.Time { return d.ID.Time() }

// DispatchFilter chooses dispatches; zero fields choose all.
type DispatchFilter struct {
	Statuses  []DispatchStatus
	Rule      string
	Namespace string
	EventID   ID
}

// Mark is what came of one attempt at a dispatch.
type Mark struct {
	Tenant  ID
	ID      ID
	Attempt int            // the fencing token: the attempt that this is the result of
	Status  DispatchStatus // PENDING where it is to be tried again
	RunID   string
	Error   *DispatchError
	Delay   time.Duration // while PENDING: from now until the relay may take it
}

// Lane is what dispatches share fate by: a fault of one tenant's namespace never
// holds up another lane.
type Lane struct {
	Tenant    ID
	Namespace string
}

// Lane is the lane that the dispatch belongs to.
func (d *Dispatch) Lane() Lane { return Lane{Tenant: d.Tenant, Namespace: d.Namespace} }
