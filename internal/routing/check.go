package routing

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	maxWorkflowLength  = 255
	maxTaskQueueLength = 255
)

// ruleName keeps workflow ids, which begin with it, printable and within
// Temporal's limits: with a slash and a UUID they come to 165 characters at most.
var ruleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// check lists everything that is wrong with a rule.
func check(r *signalbox.Rule) []error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("rule %q: "+format, append([]any{r.Name}, args...)...))
	}
	if !ruleName.MatchString(r.Name) {
		fault("a name has up to 128 letters, digits, dots, dashes and underscores, the first a letter or digit")
	}
	if r.State != signalbox.RuleEnabled && r.State != signalbox.RuleDisabled {
		fault("state is ENABLED or DISABLED")
	}
	for field, value := range map[string]string{"on.type": r.On.Type, "on.operation": r.On.Operation} {
		if err := signalbox.CheckName(value); err != nil {
			fault("%s %w", field, err)
		}
	}
	switch {
	case r.Start.Workflow == "":
		fault("start.workflow is missing: name the workflow type to start")
	case len(r.Start.Workflow) > maxWorkflowLength || !utf8.ValidString(r.Start.Workflow):
		fault("start.workflow has at most %d bytes", maxWorkflowLength)
	}
	switch {
	case r.Start.TaskQueue == "":
		fault("start.taskQueue is missing: name the task queue that the workflow's workers poll")
	case len(r.Start.TaskQueue) > maxTaskQueueLength || !utf8.ValidString(r.Start.TaskQueue):
		fault("start.taskQueue has at most %d bytes", maxTaskQueueLength)
	}
	o := r.Start.StartOptions
	// A workflow id names the rule and the event, so nobody else can have it. With
	// any other policy a repeated start could only make a second run of the same.
	if o.ReusePolicy != "" && o.ReusePolicy != signalbox.ReuseRejectDuplicate {
		fault("start.reusePolicy can only be REJECT_DUPLICATE: another could start a workflow twice for one event")
	}
	if o.ConflictPolicy != "" && o.ConflictPolicy != signalbox.ConflictUseExisting {
		fault("start.conflictPolicy can only be USE_EXISTING: another could start a workflow twice for one event")
	}
	if o.ExecutionTimeout < 0 || o.RunTimeout < 0 || o.TaskTimeout < 0 {
		fault("a timeout cannot be negative")
	}
	return faults
}
