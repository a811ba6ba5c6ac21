package catalogue

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sosodev/duration"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

type fileRule struct {
	Node        *node
	Faulty      bool
	Name        string     `yaml:"name"`
	Description string     `yaml:"description"`
	State       string     `yaml:"state"`
	On          fileOn     `yaml:"on"`
	When        string     `yaml:"when"`
	Subjects    []string   `yaml:"subjects"`
	Start       fileStart  `yaml:"start"`
	Tests       []fileTest `yaml:"tests"`
}

// fileOn names type and operation, or both as event: "type:operation" (H-01).
type fileOn struct {
	Type      string `yaml:"type"`
	Operation string `yaml:"operation"`
	Event     string `yaml:"event"`
}

// fileStart has durations in ISO 8601: PT1H30M.
type fileStart struct {
	Workflow         string            `yaml:"workflow"`
	TaskQueue        string            `yaml:"taskQueue"`
	Namespace        string            `yaml:"namespace"`
	ID               string            `yaml:"id"`
	Input            map[string]string `yaml:"input"`
	Memo             map[string]string `yaml:"memo"`
	SearchAttributes map[string]string `yaml:"searchAttributes"`
	ReusePolicy      string            `yaml:"reusePolicy"`
	ConflictPolicy   string            `yaml:"conflictPolicy"`
	ExecutionTimeout string            `yaml:"executionTimeout"`
	RunTimeout       string            `yaml:"runTimeout"`
	TaskTimeout      string            `yaml:"taskTimeout"`
	Retry            *fileRetry        `yaml:"retry"`
	Priority         int               `yaml:"priority"`
}

type fileRetry struct {
	InitialInterval        string   `yaml:"initialInterval"`
	BackoffCoefficient     float64  `yaml:"backoffCoefficient"`
	MaximumInterval        string   `yaml:"maximumInterval"`
	MaximumAttempts        int      `yaml:"maximumAttempts"`
	NonRetryableErrorTypes []string `yaml:"nonRetryableErrorTypes"`
}

type fileTest struct {
	Name       string          `yaml:"name"`
	Event      fileEvent       `yaml:"event"`
	Config     json.RawMessage `yaml:"config"`
	Expect     string          `yaml:"expect"`
	WorkflowID string          `yaml:"workflowID"`
	Input      json.RawMessage `yaml:"input"`
}

// fileEvent has id for payload.id, and times in RFC 3339.
type fileEvent struct {
	Type       string          `yaml:"type"`
	Operation  string          `yaml:"operation"`
	ID         string          `yaml:"id"`
	Data       json.RawMessage `yaml:"data"`
	Source     string          `yaml:"source"`
	Subject    string          `yaml:"subject"`
	Metadata   json.RawMessage `yaml:"metadata"`
	OccurredAt string          `yaml:"occurredAt"`
	ReceivedAt string          `yaml:"receivedAt"`
}

// rule makes a rule of the file's, and checks all of it that needs no other.
func (p *parsing) rule(f *fileRule) signalbox.Rule {
	if f.Node == nil {
		return signalbox.Rule{} // it was no map, and that is said already
	}
	r := signalbox.Rule{Name: f.Name, State: signalbox.RuleState(strings.ToUpper(f.State))}
	where := fmt.Sprintf("rule %q", f.Name)
	if p.rules[f.Name] {
		p.fault(f.Node.line, where, "is there twice")
	}
	p.rules[f.Name] = true
	if f.Faulty {
		return r // what it says is not what its author means
	}

	before := len(p.faults)
	r.RuleDefinition = signalbox.RuleDefinition{
		Description: oneLine(f.Description), When: strings.TrimSpace(f.When), Subjects: f.Subjects,
		On:    p.on(f, where),
		Start: p.start(&f.Start, f.Node, where),
	}
	for i := range f.Tests {
		r.Tests = append(r.Tests, p.test(&f.Tests[i], i, f.Node, where))
	}
	if len(p.faults) == before {
		// Its tests run when it is known which schemas it meets: what is wrong with the
		// rule is said before what that makes fail.
		_, violations := compileRule(r, routing.Home{})
		p.violations(f.Node, where, violations)
	}
	return r
}

func (p *parsing) on(f *fileRule, where string) signalbox.Pattern {
	if f.On.Event == "" {
		return signalbox.Pattern{Type: f.On.Type, Operation: f.On.Operation}
	}
	typ, operation, found := strings.Cut(f.On.Event, ":")
	if !found || f.On.Type != "" || f.On.Operation != "" {
		p.fault(f.Node.at("/on"), join(where, "on"), `takes type and operation, or event: "type:operation"`)
	}
	return signalbox.Pattern{Type: typ, Operation: operation}
}

func (p *parsing) start(f *fileStart, n *node, where string) signalbox.StartSpec {
	s := signalbox.StartSpec{
		Workflow: f.Workflow, TaskQueue: f.TaskQueue, Namespace: f.Namespace, ID: f.ID,
		Input: f.Input, Memo: f.Memo, SearchAttributes: f.SearchAttributes,
		StartOptions: signalbox.StartOptions{
			ReusePolicy:    signalbox.ReusePolicy(strings.ToUpper(f.ReusePolicy)),
			ConflictPolicy: signalbox.ConflictPolicy(strings.ToUpper(f.ConflictPolicy)),
			Priority:       f.Priority,
		},
	}
	read := func(text, pointer string) time.Duration {
		if text == "" {
			return 0
		}
		d, err := duration.Parse(text)
		if err != nil {
			p.fault(n.at(pointer), join(where, dotted(pointer)), "is an ISO 8601 duration, e.g. PT1H30M")
			return 0
		}
		return d.ToTimeDuration()
	}
	s.ExecutionTimeout = read(f.ExecutionTimeout, "/start/executionTimeout")
	s.RunTimeout = read(f.RunTimeout, "/start/runTimeout")
	s.TaskTimeout = read(f.TaskTimeout, "/start/taskTimeout")
	if f.Retry != nil {
		s.Retry = &signalbox.RetryPolicy{
			InitialInterval:        read(f.Retry.InitialInterval, "/start/retry/initialInterval"),
			BackoffCoefficient:     f.Retry.BackoffCoefficient,
			MaximumInterval:        read(f.Retry.MaximumInterval, "/start/retry/maximumInterval"),
			MaximumAttempts:        f.Retry.MaximumAttempts,
			NonRetryableErrorTypes: f.Retry.NonRetryableErrorTypes,
		}
	}
	return s
}

func (p *parsing) test(f *fileTest, i int, n *node, where string) signalbox.RuleTest {
	read := func(text, name string) time.Time {
		if text == "" {
			return time.Time{}
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			pointer := fmt.Sprintf("/tests/%d/event/%s", i, name)
			p.fault(n.at(pointer), join(where, dotted(pointer)), "is a time in RFC 3339, e.g. 2026-03-01T12:00:00Z")
			return time.Time{}
		}
		return t.UTC()
	}
	t := signalbox.RuleTest{
		Name: f.Name, Expect: signalbox.Verdict(strings.ToUpper(f.Expect)), WorkflowID: f.WorkflowID,
		Event: signalbox.TestEvent{
			Type: f.Event.Type, Operation: f.Event.Operation, EntityID: f.Event.ID, Source: f.Event.Source, Subject: f.Event.Subject,
			Data:       f.Event.Data,
			OccurredAt: read(f.Event.OccurredAt, "occurredAt"), ReceivedAt: read(f.Event.ReceivedAt, "receivedAt"),
		},
		Input: f.Input,
	}
	if !payload.IsNull(f.Event.Metadata) {
		t.Event.Metadata = f.Event.Metadata
	}
	if !payload.IsNull(f.Config) {
		t.Config = f.Config
	}
	return t
}
