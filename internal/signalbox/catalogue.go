package signalbox

// Catalogue is what a tenant has registered.
type Catalogue struct {
	Types []EventType
	Rules []Rule
}

// Change is what applying a catalogue did to one thing in it.
type Change struct {
	Kind   string // "event type", "rule"
	Name   string
	Action ChangeAction
}

// ChangeAction is what became of the thing.
type ChangeAction string

// The actions.
const (
	Created   ChangeAction = "created"
	Changed   ChangeAction = "changed"
	Unchanged ChangeAction = "unchanged"
)
