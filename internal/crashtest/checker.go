package crashtest

import (
	"cmp"
	"fmt"
	"slices"
)

// Transport is the code of a request that brought no answer at all.
const Transport = "TRANSPORT"

// The codes of GraphQL errors that the checker knows.
const (
	codeConflict    = "IDEMPOTENCY_CONFLICT"
	codeOverloaded  = "OVERLOADED"
	codeUnavailable = "UNAVAILABLE"
)

// Answer is one line of a client's log: what was sent and what came back.
type Answer struct {
	Key       string // the idempotency key, and the event's payload.id
	Operation string
	Body      string // payload.data as it was sent
	Code      string // "" is an answer without an error
	Message   string

	EventID    string
	Duplicate  bool
	Dispatches []AnsweredDispatch
}

// AnsweredDispatch is one start as an answer tells of it.
type AnsweredDispatch struct {
	Rule, WorkflowID string
	RunID            string // "" while PENDING
}

// Event is a row of events.
type Event struct{ ID, Key, Operation, Body string }

// Dispatch is a row of dispatches.
type Dispatch struct{ EventID, Rule, Status, WorkflowID, RunID string }

// Run is a run in Temporal.
type Run struct {
	WorkflowID, RunID string
	EventID           string // from the workflow's input; "" where it is not known
}

// State is everything there is to see once the system is quiet.
type State struct {
	Answers    []Answer            // of all clients
	Events     []Event             // of Postgres
	Dispatches []Dispatch          // of Postgres
	Listed     []Run               // of Temporal's list, closed ones included
	Executed   []Run               // as the worker ran them, each run once
	Rules      map[string][]string // the rules on each operation
}

// Violation is one breach of an invariant of RELIABILITY's list.
type Violation struct {
	Invariant string // "I1"
	Subject   string // a key or an id
	What      string
}

func (v Violation) String() string { return v.Invariant + " " + v.Subject + ": " + v.What }

// Report is what a check has found.
type Report struct {
	Acknowledged int // keys with an answer without an error
	Lost         int // acknowledged keys without their row, or with a start that never ran
	Doubled      int // keys with several rows, and starts with several runs
	Violations   []Violation
}

// Check compares what clients were told with what is there. It knows nothing of
// how the server works, only what was promised.
func Check(s State) Report {
	c := &checker{
		state:  s,
		events: make(map[string][]Event),
		runs:   make(map[string]map[string]string),
		lost:   make(map[string]bool),
	}
	for _, e := range s.Events {
		c.events[e.Key] = append(c.events[e.Key], e)
	}
	for _, r := range slices.Concat(s.Listed, s.Executed) {
		if c.runs[r.WorkflowID] == nil {
			c.runs[r.WorkflowID] = make(map[string]string)
		}
		if known := c.runs[r.WorkflowID][r.RunID]; known == "" {
			c.runs[r.WorkflowID][r.RunID] = r.EventID
		}
	}
	sent := c.checkAnswers()
	for _, key := range sortedKeys(sent) {
		c.checkKey(key, sent[key])
	}
	c.checkEvents(sent)
	c.checkStarts()
	c.report.Lost = len(c.lost)
	slices.SortStableFunc(c.report.Violations, func(a, b Violation) int { return cmp.Compare(a.Invariant, b.Invariant) })
	return c.report
}

type checker struct {
	state  State
	events map[string][]Event           // by key
	runs   map[string]map[string]string // workflow id → run id → event id
	lost   map[string]bool              // by key
	report Report
}

func (c *checker) violated(invariant, subject, format string, args ...any) {
	c.report.Violations = append(c.report.Violations, Violation{invariant, subject, fmt.Sprintf(format, args...)})
}

// checkAnswers sorts the log by key. An answer that is neither a success, nor a
// conflict, nor retryable is a violation of its own: the load sends nothing else.
func (c *checker) checkAnswers() map[string][]Answer {
	byKey := make(map[string][]Answer)
	for _, a := range c.state.Answers {
		byKey[a.Key] = append(byKey[a.Key], a)
		switch a.Code {
		case "", codeConflict, codeOverloaded, codeUnavailable, Transport:
		default:
			c.violated("answer", a.Key, "unexpected error %s: %s", a.Code, a.Message)
		}
	}
	return byKey
}

// checkKey is I1, I3, I4 and I8 for one key.
func (c *checker) checkKey(key string, answers []Answer) {
	var first *Answer
	runs := make(map[string]string) // workflow id → run id, over all answers
	for i := range answers {
		a := &answers[i]
		if a.Code != "" {
			continue
		}
		if first == nil {
			first = a
		}
		if a.EventID != first.EventID {
			c.violated("I4", key, "answered with event %s and with %s", first.EventID, a.EventID)
		}
		if a.Body != first.Body {
			c.violated("I4", key, "two bodies were acknowledged")
		}
		c.checkAnsweredRuns(a, runs)
	}
	rows := c.events[key]
	if len(rows) > 1 {
		c.report.Doubled++
	}
	switch {
	case first == nil && len(rows) > 1:
		c.violated("I8", key, "no answer but an error, and %d rows", len(rows))
	case first == nil:
	default:
		c.report.Acknowledged++
		c.checkAcknowledged(key, first, rows)
		for _, a := range answers {
			if a.Code == codeConflict && a.Body == first.Body {
				c.violated("I4", key, "a conflict with the very body that was acknowledged")
			}
		}
	}
}

func (c *checker) checkAcknowledged(key string, first *Answer, rows []Event) {
	if len(rows) == 0 {
		c.lost[key] = true
		c.violated("I1", key, "event %s was acknowledged and is not there", first.EventID)
		return
	}
	if len(rows) > 1 {
		c.violated("I1", key, "acknowledged once, and there are %d rows", len(rows))
	}
	if rows[0].ID != first.EventID {
		c.lost[key] = true
		c.violated("I1", key, "event %s was acknowledged, and the row is %s", first.EventID, rows[0].ID)
	}
	if rows[0].Body != first.Body {
		c.violated("I1", key, "the payload has changed: sent %q, kept %q", first.Body, rows[0].Body)
	}
}

// checkAnsweredRuns is I3, and the part of I4 that concerns runs.
func (c *checker) checkAnsweredRuns(a *Answer, seen map[string]string) {
	want := c.state.Rules[a.Operation]
	if len(a.Dispatches) != len(want) {
		c.violated("I4", a.Key, "answered with %d starts, and %d rules are on it", len(a.Dispatches), len(want))
	}
	for _, d := range a.Dispatches {
		if d.WorkflowID != workflowID(d.Rule, a.EventID) {
			c.violated("I3", a.Key, "answered with workflow %s for event %s", d.WorkflowID, a.EventID)
		}
		if d.RunID == "" {
			continue
		}
		if other := seen[d.WorkflowID]; other != "" && other != d.RunID {
			c.violated("I4", a.Key, "%s was answered with runs %s and %s", d.WorkflowID, other, d.RunID)
		}
		seen[d.WorkflowID] = d.RunID
		event, there := c.runs[d.WorkflowID][d.RunID]
		if !there {
			c.violated("I3", a.Key, "run %s of %s was answered and does not exist", d.RunID, d.WorkflowID)
		} else if event != "" && event != a.EventID {
			c.violated("I3", a.Key, "run %s was answered for event %s and belongs to %s", d.RunID, a.EventID, event)
		}
	}
}

// checkEvents finds rows that nobody sent, and bodies that were to be refused.
func (c *checker) checkEvents(sent map[string][]Answer) {
	for _, e := range c.state.Events {
		answers, known := sent[e.Key]
		if !known {
			c.violated("I1", e.Key, "row %s was never sent", e.ID)
			continue
		}
		if !slices.ContainsFunc(answers, func(a Answer) bool { return a.Body == e.Body && a.Operation == e.Operation }) {
			c.violated("I1", e.Key, "row %s holds a payload that was never sent: %q", e.ID, e.Body)
		}
		if slices.ContainsFunc(answers, func(a Answer) bool { return a.Body == e.Body && a.Code == codeConflict }) {
			c.violated("I4", e.Key, "row %s holds a body that was refused", e.ID)
		}
	}
}

// checkStarts is I2 and I6: each (event, rule) has one dispatch, settled, and one run.
func (c *checker) checkStarts() {
	dispatches := make(map[string][]Dispatch)
	for _, d := range c.state.Dispatches {
		id := workflowID(d.Rule, d.EventID)
		dispatches[id] = append(dispatches[id], d)
	}
	implied := make(map[string]bool)
	for _, e := range c.state.Events {
		for _, rule := range c.state.Rules[e.Operation] {
			id := workflowID(rule, e.ID)
			implied[id] = true
			c.checkStart(id, e, dispatches[id])
		}
	}
	for _, id := range sortedKeys(dispatches) {
		if !implied[id] {
			c.violated("I2", id, "a dispatch that no event implies")
		}
	}
	for _, id := range sortedKeys(c.runs) {
		if !implied[id] {
			c.violated("I2", id, "runs in Temporal, and there is no such event")
		}
	}
}

func (c *checker) checkStart(id string, e Event, dispatches []Dispatch) {
	runs := c.runs[id]
	if len(runs) > 1 {
		c.report.Doubled++
		c.violated("I2", id, "%d runs: %v", len(runs), sortedKeys(runs))
	}
	if len(runs) == 0 {
		c.lost[e.Key] = true
		c.violated("I2", id, "no run")
	}
	for run, event := range runs {
		if event != "" && event != e.ID {
			c.violated("I3", id, "run %s got event %s as its input", run, event)
		}
	}
	if len(dispatches) != 1 {
		c.violated("I2", id, "%d dispatches", len(dispatches))
		return
	}
	d := dispatches[0]
	if d.WorkflowID != id {
		c.violated("I2", id, "its dispatch names workflow %s", d.WorkflowID)
	}
	switch d.Status {
	case "STARTED":
		if _, there := runs[d.RunID]; !there && len(runs) > 0 {
			c.violated("I3", id, "its dispatch names run %s, which does not exist", d.RunID)
		}
	case "PENDING":
		c.violated("I6", id, "still PENDING")
	default:
		// Nobody else uses these workflow ids, so REUSED tells of a start of ours
		// that was not recognised, and FAILED of one that was given up.
		c.violated("I2", id, "its dispatch is %s", d.Status)
	}
}

func workflowID(rule, event string) string { return rule + "/" + event }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
