package routing

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	maxWorkflowLength  = 255
	maxTaskQueueLength = 255
	maxSubjects        = 1000
	maxMembers         = 100 // of input, memo, search attributes
	maxTests           = 100
	maxDescription     = 4096
)

// ruleName keeps workflow ids, which begin with it, printable and within
// Temporal's limits: with a slash and a UUID they come to 165 characters at most.
var ruleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// ourMemo are the members of the memo that every run gets.
var ourMemo = map[string]bool{"event": true, "eventID": true, "rule": true, "signalbox": true}

// check lists everything that is wrong with a rule, its expressions aside.
func check(r *signalbox.Rule) []signalbox.Violation {
	var faults []signalbox.Violation
	fault := func(pointer, format string, args ...any) {
		faults = append(faults, signalbox.Violation{Pointer: pointer, Message: fmt.Errorf(format, args...).Error()})
	}
	if !ruleName.MatchString(r.Name) {
		fault("/name", "has up to 128 letters, digits, dots, dashes and underscores, the first a letter or digit")
	}
	switch r.State {
	case signalbox.RuleEnabled, signalbox.RuleDisabled, signalbox.RuleShadow, signalbox.RuleDraft:
	default:
		fault("/state", "is ENABLED, DISABLED or SHADOW")
	}
	if err := signalbox.CheckText(r.Description, maxDescription); err != nil {
		fault("/description", "%w", err)
	}
	if err := signalbox.CheckName(r.On.Type); err != nil {
		fault("/on/type", "%w", err)
	}
	if err := signalbox.CheckName(r.On.Operation); err != nil {
		fault("/on/operation", "%w", err)
	}
	if len(r.Subjects) > maxSubjects {
		fault("/subjects", "has at most %d: write a condition instead", maxSubjects)
	}
	for i, subject := range r.Subjects {
		if err := signalbox.CheckText(subject, signalbox.MaxSourceLength); err != nil || subject == "" {
			fault(fmt.Sprintf("/subjects/%d", i), "is a text of 1 to %d characters", signalbox.MaxSourceLength)
		}
	}
	if len(r.Tests) > maxTests {
		fault("/tests", "has at most %d", maxTests)
	}
	checkStart(&r.Start, fault)
	return faults
}

func checkStart(s *signalbox.StartSpec, fault func(pointer, format string, args ...any)) {
	switch {
	case s.Workflow == "":
		fault("/start/workflow", "is missing: name the workflow type to start")
	case len(s.Workflow) > maxWorkflowLength || !utf8.ValidString(s.Workflow):
		fault("/start/workflow", "has at most %d bytes", maxWorkflowLength)
	}
	switch {
	case s.TaskQueue == "":
		fault("/start/taskQueue", "is missing: name the task queue that the workflow's workers poll")
	case len(s.TaskQueue) > maxTaskQueueLength || !utf8.ValidString(s.TaskQueue):
		fault("/start/taskQueue", "has at most %d bytes", maxTaskQueueLength)
	}
	for _, part := range []struct {
		pointer string
		members map[string]string
	}{{"/start/input", s.Input}, {"/start/memo", s.Memo}, {"/start/searchAttributes", s.SearchAttributes}} {
		if len(part.members) > maxMembers {
			fault(part.pointer, "has at most %d members", maxMembers)
		}
		if part.members != nil && len(part.members) == 0 {
			fault(part.pointer, "is empty: leave it out")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Memo)) {
		if ourMemo[name] {
			fault("/start/memo/"+name, "is what Signalbox itself writes into every memo: choose another name")
		}
	}
	checkPolicies(s, fault)
	o := &s.StartOptions
	if o.ExecutionTimeout < 0 || o.RunTimeout < 0 || o.TaskTimeout < 0 {
		fault("/start", "has a timeout that is negative")
	}
	if o.Priority < 0 || o.Priority > 5 {
		fault("/start/priority", "is from 1 (first) to 5")
	}
	if p := o.Retry; p != nil {
		if p.InitialInterval < 0 || p.MaximumInterval < 0 || p.MaximumAttempts < 0 {
			fault("/start/retry", "cannot have anything negative")
		}
		if p.BackoffCoefficient != 0 && p.BackoffCoefficient < 1 {
			fault("/start/retry/backoffCoefficient", "is 1 or more")
		}
		if p.MaximumInterval != 0 && p.MaximumInterval < p.InitialInterval {
			fault("/start/retry/maximumInterval", "is not less than initialInterval")
		}
	}
}

// checkPolicies lets policies that can start a second run only where the workflow
// id is the rule's own: the default id names the rule and the event, so nobody else
// can have it, and a repeated start could only make a second run of the same.
func checkPolicies(s *signalbox.StartSpec, fault func(pointer, format string, args ...any)) {
	const needsID = "can only be %s without an id of the rule's own: another could start a workflow twice for one event"
	switch s.ReusePolicy {
	case "", signalbox.ReuseRejectDuplicate:
	case signalbox.ReuseAllowDuplicate, signalbox.ReuseAllowFailedOnly:
		if s.ID == "" {
			fault("/start/reusePolicy", needsID, signalbox.ReuseRejectDuplicate)
		}
	default:
		fault("/start/reusePolicy", "is REJECT_DUPLICATE, ALLOW_DUPLICATE or ALLOW_DUPLICATE_FAILED_ONLY")
	}
	switch s.ConflictPolicy {
	case "", signalbox.ConflictUseExisting:
	case signalbox.ConflictFail, signalbox.ConflictTerminateExisting:
		if s.ID == "" {
			fault("/start/conflictPolicy", needsID, signalbox.ConflictUseExisting)
		}
	default:
		fault("/start/conflictPolicy", "is USE_EXISTING, FAIL or TERMINATE_EXISTING")
	}
	if s.ConflictPolicy == signalbox.ConflictTerminateExisting && (s.ReusePolicy == "" || s.ReusePolicy == signalbox.ReuseRejectDuplicate) {
		fault("/start/conflictPolicy", "can only be TERMINATE_EXISTING where reusePolicy is not REJECT_DUPLICATE: the run that it terminates is one that has the id")
	}
}
