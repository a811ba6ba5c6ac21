package signalbox

import (
	"encoding/json"
	"time"
)

// AuditEntry tells of one change to what a tenant is or has registered. It is
// written in the change's own transaction, and never changed.
type AuditEntry struct {
	ID     ID // UUIDv7
	At     time.Time
	Actor  string // Principal.Actor
	Action AuditAction
	Kind   AuditKind
	Name   string // of the thing: a rule's name, type:operation, a key's id, a tenant's slug
	// Before and After are the thing as JSON objects; nil where there was or is none.
	// No secret is in them, nor the hash of one.
	Before, After json.RawMessage
}

// AuditAction is what was done.
type AuditAction string

// The actions.
const (
	AuditCreated AuditAction = "CREATED"
	AuditChanged AuditAction = "CHANGED"
	AuditDeleted AuditAction = "DELETED"
	AuditRevoked AuditAction = "REVOKED" // a key
	AuditRotated AuditAction = "ROTATED" // a key, or the secrets at rest
)

// AuditKind is what it was done to.
type AuditKind string

// The kinds.
const (
	AuditTenant AuditKind = "TENANT" // its settings and limits too
	AuditKey    AuditKind = "KEY"
	AuditType   AuditKind = "EVENT_TYPE"
	AuditRule   AuditKind = "RULE"
)

// AuditFilter chooses entries; what is zero is not asked for.
type AuditFilter struct {
	Kind   AuditKind
	Name   string
	Actor  string
	From   time.Time // inclusive
	Before time.Time // exclusive
}
