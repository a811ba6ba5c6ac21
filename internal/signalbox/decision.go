package signalbox

import "time"

// Decision is the verdict of one rule on one event, with its reason. It is stored
// with the event at the time of the decision, as JSON under these names.
//
// Where a rule was FILTERED, or met an ERROR in its condition, Clause is the first
// of its top-level conjuncts that did not hold, as the rule's author wrote it, and
// Path, Expected and Observed say what it was about. Sensitive values are never in
// here (P-27).
type Decision struct {
	Rule        string  `json:"rule"`
	RuleVersion int     `json:"ruleVersion"`
	Verdict     Verdict `json:"verdict"`
	Reason      string  `json:"reason,omitempty"`   // see Sentence
	Clause      string  `json:"clause,omitempty"`   // payload.data.total > 100
	Path        string  `json:"path,omitempty"`     // payload.data.total
	Expected    string  `json:"expected,omitempty"` // > 100
	Observed    string  `json:"observed,omitempty"` // 40; JSON for a scalar, else what kind of value it is
	// Failed counts the conjuncts that did not hold, of Clauses in all. A miss is the
	// nearer the fewer failed. It is the least that is known where a rule was passed
	// over by the index, by which time one conjunct is known to have failed.
	Failed  int `json:"failed,omitempty"`
	Clauses int `json:"clauses,omitempty"`
	Micros  int `json:"micros,omitempty"` // µs that the rule took; 0 also where the index passed it over
}

// Sentence says why, for people; it is empty for MATCHED. Most decisions are misses of
// one clause, whose sentence the other fields give: it is not stored.
func (d *Decision) Sentence() string {
	if d.Reason == "" && d.Clause != "" {
		return d.Clause + " does not hold: " + d.Path + " is " + d.Observed
	}
	return d.Reason
}

// Verdict is what a rule said of an event.
type Verdict string

// The verdicts.
const (
	VerdictMatched  Verdict = "MATCHED"
	VerdictFiltered Verdict = "FILTERED" // its condition said no, or reads what is missing
	VerdictError    Verdict = "ERROR"    // it could not be evaluated
	VerdictDisabled Verdict = "DISABLED" // it would have been asked, but is switched off or a draft
	VerdictShadow   Verdict = "SHADOW"   // it matched, and starts nothing by intent
)

// Plan is what the catalogue makes of one event.
type Plan struct {
	// Decisions: matched and errored rules all, then up to MaxMisses of the others,
	// the nearest miss first.
	Decisions  []Decision
	Omitted    int        // candidates beside those, which are all misses
	Dispatches []Dispatch // one for each rule that matched, by rule name
	Warnings   []Warning
}

// MaxMisses is how many rules that did not match are kept with an event.
const MaxMisses = 20

// Warning is advice: what it is about was accepted all the same.
type Warning struct {
	Code    WarningCode
	Pointer string // a JSON pointer from the input's root; "" for the whole
	Message string
}

// WarningCode tells a program what kind of advice it is.
type WarningCode string

// The warnings.
const (
	WarnPayload           WarningCode = "INVALID_PAYLOAD"    // the payload breaks its schema, and the type's policy is WARN
	WarnUnknownName       WarningCode = "UNKNOWN_NAME"       // the type or operation is not registered, and the tenant accepts that
	WarnRecommendedFields WarningCode = "RECOMMENDED_FIELDS" // P-26
	WarnNaming            WarningCode = "NAMING"             // H-06
	WarnCompatibility     WarningCode = "COMPATIBILITY"      // a new schema refuses what an older one took
	WarnRule              WarningCode = "RULE"               // a rule that can never match, or that a new schema breaks
)

// Explanation is everything that can be said of one rule and one event, whether
// or not the rule was a candidate. It is made when asked for, of the rule as it is now.
type Explanation struct {
	Rule    string
	Version int
	State   RuleState
	// Candidate tells whether the rule's pattern fits the event's type and operation.
	// The clauses are evaluated in either case.
	Candidate bool
	Reason    string // one sentence that sums up
	Decision  Decision
	Clauses   []Clause
	// Stored is the decision that was made when the event was sent; nil where none
	// is kept: the rule is younger, or was no candidate, or one miss of too many.
	Stored *Decision
	// Dispatch is the start that the rule called for; nil where it called for none.
	Dispatch *Dispatch
}

// Clause is one top-level conjunct of a rule's condition, and how it went.
type Clause struct {
	Text     string // as its author wrote it
	Result   ClauseResult
	Path     string
	Expected string
	Observed string
	Reason   string // a sentence; empty for TRUE
}

// ClauseResult is how a clause went.
type ClauseResult string

// The results.
const (
	ClauseTrue    ClauseResult = "TRUE"
	ClauseFalse   ClauseResult = "FALSE"
	ClauseMissing ClauseResult = "MISSING" // it reads what the event does not have
	ClauseError   ClauseResult = "ERROR"
)

// Window chooses stored events for a backtest: the newest Limit of those received
// in [From, Before).
type Window struct {
	From   time.Time // zero: as far back as there are events
	Before time.Time // zero: now
	Limit  int
}

// Preview is what a draft would have made of stored events, beside the rule that
// is in force. Nothing is started.
type Preview struct {
	Scanned        int       // events that either of the two is on
	Oldest, Newest time.Time // of them; zero where there is none
	Truncated      bool      // there were more than the limit
	Matched        int       // events that the draft matches
	NewlyMatched   Sample
	NoLonger       Sample // matched by the rule in force, and not by the draft
	Errors         Sample
	FirstError     string // the reason of the newest one
	Took           time.Duration
}

// Sample counts events and names the newest ten.
type Sample struct {
	Count int
	IDs   []ID
}

// MaxSample is how many ids a Sample has at most.
const MaxSample = 10

// Add counts one event.
func (s *Sample) Add(id ID) {
	s.Count++
	if len(s.IDs) < MaxSample {
		s.IDs = append(s.IDs, id)
	}
}

// Comparison is what the stored decisions of two rules say of the same events.
type Comparison struct {
	Scanned        int // events on which either of the two was asked
	Oldest, Newest time.Time
	Truncated      bool
	Both           int
	OnlyShadow     Sample
	OnlyEnabled    Sample
	ShadowErrors   Sample
	EnabledErrors  Sample
	Took           time.Duration
}
