package signalbox

import (
	"time"
)

// Rule says which events start which workflow. A version of it never changes:
// saving a changed rule makes the next version.
type Rule struct {
	Name    string
	Version int
	State   RuleState
	On      Pattern
	Start   StartSpec
}

// Pattern chooses events by name. In both, * stands for any run of characters.
type Pattern struct {
	Type      string `json:"type"`
	Operation string `json:"operation"`
}

// RuleState says whether a rule starts anything.
type RuleState string

// The states.
const (
	RuleEnabled  RuleState = "ENABLED"
	RuleDisabled RuleState = "DISABLED"
)

// StartSpec is the workflow that a rule starts. Its JSON form is stored with the
// rule's version and with each dispatch.
type StartSpec struct {
	Workflow  string `json:"workflow"`            // the workflow's type name
	TaskQueue string `json:"taskQueue"`           //
	Namespace string `json:"namespace,omitempty"` // "" is the tenant's own
	StartOptions
}

// StartOptions are what a rule may set of a start. Zero values mean Temporal's
// defaults, but for the two policies, whose defaults keep starts unique.
type StartOptions struct {
	ReusePolicy      ReusePolicy    `json:"reusePolicy,omitempty"`
	ConflictPolicy   ConflictPolicy `json:"conflictPolicy,omitempty"`
	ExecutionTimeout time.Duration  `json:"executionTimeout,omitempty"`
	RunTimeout       time.Duration  `json:"runTimeout,omitempty"`
	TaskTimeout      time.Duration  `json:"taskTimeout,omitempty"`
}

// ReusePolicy says what happens when a completed workflow has the id already.
type ReusePolicy string

// The reuse policies; "" is REJECT_DUPLICATE.
const (
	ReuseRejectDuplicate ReusePolicy = "REJECT_DUPLICATE"
	ReuseAllowDuplicate  ReusePolicy = "ALLOW_DUPLICATE"
	ReuseAllowFailedOnly ReusePolicy = "ALLOW_DUPLICATE_FAILED_ONLY"
)

// ConflictPolicy says what happens when a running workflow has the id already.
type ConflictPolicy string

// The conflict policies; "" is USE_EXISTING.
const (
	ConflictUseExisting       ConflictPolicy = "USE_EXISTING"
	ConflictFail              ConflictPolicy = "FAIL"
	ConflictTerminateExisting ConflictPolicy = "TERMINATE_EXISTING"
)
