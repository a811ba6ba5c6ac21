package signalbox

import "encoding/json"

// Catalogue is what a tenant has registered.
type Catalogue struct {
	Types []EventType
	Rules []Rule
	// Settings are nil where they are not to be changed.
	Settings *TenantSettings
}

// TenantSettings are the part of a tenant that its catalogue file may set.
type TenantSettings struct {
	Config       json.RawMessage // an object
	UnknownNames UnknownNames
}

// Change is what an edit of the catalogue did to one thing in it.
type Change struct {
	Kind   string // "event type", "rule", "tenant"
	Name   string
	Action ChangeAction
	// Details say what differs, a line each: `when: "a" → "b"`.
	Details []string
}

// ChangeAction is what became of the thing.
type ChangeAction string

// The actions.
const (
	Created   ChangeAction = "created"
	Changed   ChangeAction = "changed"
	Unchanged ChangeAction = "unchanged"
	Deleted   ChangeAction = "deleted"
)
