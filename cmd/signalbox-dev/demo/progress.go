package demo

import (
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// StatusQuery is the query that every catalogue workflow answers.
const StatusQuery = "status"

// Status answers StatusQuery.
type Status struct {
	Event    string   `json:"event"`
	EventID  string   `json:"eventId"`
	EntityID string   `json:"entityId"`
	Step     string   `json:"step"`
	Steps    []string `json:"steps"`
	Done     bool     `json:"done"`
}

// progress is where a run has got to, for the query and for Temporal's UI.
type progress struct {
	status Status
}

func track(ctx workflow.Context, in Input) (*progress, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	p := &progress{status: Status{Event: in.Event.Name(), EventID: in.Event.ID, EntityID: in.Payload.ID, Step: "accepted"}}
	err := workflow.SetQueryHandlerWithOptions(ctx, StatusQuery,
		func() (Status, error) { return p.status, nil },
		workflow.QueryHandlerOptions{Description: "What this run is doing, and what it has done."})
	return p, err
}

// at enters a step.
func (p *progress) at(ctx workflow.Context, step string) {
	p.status.Step = step
	p.status.Steps = append(p.status.Steps, step)
	p.show(ctx)
}

func (p *progress) show(ctx workflow.Context) {
	var b strings.Builder
	b.WriteString("**" + p.status.Event + "** for `" + p.status.EntityID + "`, event `" + p.status.EventID + "`\n")
	for _, step := range p.status.Steps {
		b.WriteString("\n- " + step)
	}
	workflow.SetCurrentDetails(ctx, b.String())
}

// finish leaves the last word and gives the result its steps.
func (p *progress) finish(ctx workflow.Context, r Result) Result {
	p.status.Done = true
	p.status.Step = r.Outcome
	p.status.Steps = append(p.status.Steps, r.Outcome)
	p.show(ctx)
	r.Steps = p.status.Steps
	return r
}

// do runs one activity as a step. Steps are fixed texts: they become summaries,
// which Temporal limits to a few hundred bytes, so nothing of the event goes in.
func do[T any](ctx workflow.Context, p *progress, step, activity string, args ...any) (T, error) {
	p.at(ctx, step)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, MaximumInterval: 5 * time.Second},
		Summary:             step,
	})
	var out T
	err := workflow.ExecuteActivity(ctx, activity, args...).Get(ctx, &out)
	return out, err
}

// wait is a timer as a step.
func wait(ctx workflow.Context, p *progress, step string, d time.Duration) error {
	p.at(ctx, step)
	return workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: step}).Get(ctx, nil)
}
