package signalbox

// Decision is the verdict of one rule on one event, with its reason. It is stored
// with the event at the time of the decision, as JSON under these names.
type Decision struct {
	Rule        string  `json:"rule"`
	RuleVersion int     `json:"ruleVersion"`
	Verdict     Verdict `json:"verdict"`
	Reason      string  `json:"reason,omitempty"` // a sentence; empty for MATCHED
}

// Verdict is what a rule said of an event.
type Verdict string

// The verdicts.
const (
	VerdictMatched  Verdict = "MATCHED"
	VerdictFiltered Verdict = "FILTERED" // its condition said no
	VerdictError    Verdict = "ERROR"    // its condition could not be evaluated
	VerdictDisabled Verdict = "DISABLED" // it would have been asked, but is switched off
	VerdictShadow   Verdict = "SHADOW"   // it matched, and starts nothing by intent
)

// Plan is what the rules make of one event: what each candidate said, and one
// dispatch for each that matched, both by rule name.
type Plan struct {
	Decisions  []Decision
	Dispatches []Dispatch
}
