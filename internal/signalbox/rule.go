package signalbox

import (
	"encoding/json"
	"time"
)

// Rule says which events start which workflow. A published version of it never
// changes: publishing a changed definition makes the next version.
type Rule struct {
	Name    string
	Version int // from 1; 0 where it has never been published
	State   RuleState
	RuleDefinition
	// Draft is a definition that waits to be published; nil where there is none. A
	// rule that has never been published has state DRAFT and no Draft: its definition
	// is one.
	Draft     *RuleDefinition
	UpdatedAt time.Time
	Counts    RuleCounts // where the rule comes from what is live
}

// RuleCounts tell what a rule has said of events that were stored, since the process
// that answers has known the rule.
type RuleCounts struct {
	Matched uint64 // in shadow too
	Errors  uint64 // P-19
}

// RuleVersion is one published definition.
type RuleVersion struct {
	Rule    string
	Version int
	RuleDefinition
	CreatedAt time.Time
}

// RuleDefinition is what a rule's author writes. Its JSON form is stored.
//
// When, Start.ID and the values of Start's maps are CEL expressions (cel.dev) over
// event, payload, tenant.config and now.
type RuleDefinition struct {
	Description string     `json:"description,omitempty"`
	On          Pattern    `json:"on"`
	When        string     `json:"when,omitempty"`     // "" holds for every event
	Subjects    []string   `json:"subjects,omitempty"` // the event's subject is one of these; empty is any
	Start       StartSpec  `json:"start"`
	Tests       []RuleTest `json:"tests,omitempty"`
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
	RuleShadow   RuleState = "SHADOW" // evaluated and recorded, nothing started
	RuleDraft    RuleState = "DRAFT"  // never published
)

// RuleTest is an event and what the rule must say of it, checked whenever the rule
// is saved.
type RuleTest struct {
	Name   string          `json:"name"`
	Event  TestEvent       `json:"event"`
	Config json.RawMessage `json:"config,omitempty"` // tenant.config; nil is {}
	Expect Verdict         `json:"expect"`           // MATCHED, FILTERED or ERROR
	// WorkflowID and Input are what a match must come to; not checked where not given.
	WorkflowID string          `json:"workflowID,omitempty"`
	Input      json.RawMessage `json:"input,omitempty"`
}

// TestEvent is the event of a RuleTest. Type and operation may be left out where
// the rule's pattern has no star.
type TestEvent struct {
	Type       string          `json:"type,omitempty"`
	Operation  string          `json:"operation,omitempty"`
	EntityID   string          `json:"entityID,omitempty"` // payload.id
	Data       json.RawMessage `json:"data,omitempty"`     // payload.data
	Source     string          `json:"source,omitempty"`
	Subject    string          `json:"subject,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	OccurredAt time.Time       `json:"occurredAt,omitzero"`
	ReceivedAt time.Time       `json:"receivedAt,omitzero"` // also what now is; zero is 2026-01-01T00:00:00Z
}

// StartSpec is the workflow that a rule starts.
type StartSpec struct {
	Workflow  string `json:"workflow"`            // the workflow's type name
	TaskQueue string `json:"taskQueue"`           //
	Namespace string `json:"namespace,omitempty"` // "" is the tenant's own
	ID        string `json:"id,omitempty"`        // the workflow id; "" is <rule>/<event id>
	// Input maps the members of the workflow's argument, Memo and SearchAttributes
	// names, to expressions. A nil Input is the whole event.
	Input            map[string]string `json:"input,omitempty"`
	Memo             map[string]string `json:"memo,omitempty"`
	SearchAttributes map[string]string `json:"searchAttributes,omitempty"`
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
	Retry            *RetryPolicy   `json:"retry,omitempty"`    // of the workflow as a whole; nil is none
	Priority         int            `json:"priority,omitempty"` // 1 (first) to 5; 0 is Temporal's default
}

// RetryPolicy is Temporal's. Zero values mean Temporal's defaults.
type RetryPolicy struct {
	InitialInterval        time.Duration `json:"initialInterval,omitempty"`
	BackoffCoefficient     float64       `json:"backoffCoefficient,omitempty"` // 1 or more
	MaximumInterval        time.Duration `json:"maximumInterval,omitempty"`
	MaximumAttempts        int           `json:"maximumAttempts,omitempty"` // 0 is without end
	NonRetryableErrorTypes []string      `json:"nonRetryableErrorTypes,omitempty"`
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
