package graph

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func ruleOf(r *signalbox.Rule) model.Rule {
	d := definitionOf(&r.RuleDefinition)
	out := model.Rule{
		Name: r.Name, Version: r.Version, State: r.State, UpdatedAt: nonZero(r.UpdatedAt),
		Description: d.Description, Type: d.Type, Operation: d.Operation, When: d.When, Subjects: d.Subjects,
		Start: d.Start, Tests: d.Tests,
		Workflow: r.Start.Workflow, TaskQueue: r.Start.TaskQueue, Namespace: r.Start.Namespace,
	}
	out.Counts = &model.RuleCounts{Matched: int(r.Counts.Matched), Errors: int(r.Counts.Errors)} //nolint:gosec // no process counts that far.
	if r.Draft != nil {
		out.Draft = definitionOf(r.Draft)
	}
	return out
}

func versionOf(v *signalbox.RuleVersion) model.RuleVersion {
	return model.RuleVersion{Rule: v.Rule, Version: v.Version, Definition: definitionOf(&v.RuleDefinition), CreatedAt: v.CreatedAt}
}

func ruleResultOf(s *signalbox.RuleSaved) *model.RuleResult {
	rule := ruleOf(&s.Rule)
	return &model.RuleResult{Rule: &rule, Change: changeOf(&s.Change), Warnings: mapped(s.Warnings, warningOf)}
}

func definitionOf(d *signalbox.RuleDefinition) *model.RuleDefinition {
	return &model.RuleDefinition{
		Description: nonEmpty(d.Description), Type: d.On.Type, Operation: d.On.Operation, When: nonEmpty(d.When),
		Subjects: orEmpty(d.Subjects), Start: startOf(&d.Start), Tests: mapped(d.Tests, ruleTestOf),
	}
}

func startOf(s *signalbox.StartSpec) *model.RuleStart {
	return &model.RuleStart{
		Workflow: s.Workflow, TaskQueue: s.TaskQueue, Namespace: nonEmpty(s.Namespace), ID: nonEmpty(s.ID),
		Input: textOfExpressions(s.Input), Memo: textOfExpressions(s.Memo), SearchAttributes: textOfExpressions(s.SearchAttributes),
		ConflictPolicy:   cmp.Or(s.ConflictPolicy, signalbox.ConflictUseExisting),
		ReusePolicy:      cmp.Or(s.ReusePolicy, signalbox.ReuseRejectDuplicate),
		ExecutionTimeout: nonEmpty(s.ExecutionTimeout), RunTimeout: nonEmpty(s.RunTimeout), TaskTimeout: nonEmpty(s.TaskTimeout),
		Retry: retryOf(s.Retry), Priority: nonEmpty(s.Priority),
	}
}

func retryOf(r *signalbox.RetryPolicy) *model.RetryPolicy {
	if r == nil {
		return nil
	}
	return &model.RetryPolicy{
		InitialInterval: nonEmpty(r.InitialInterval), BackoffCoefficient: nonEmpty(r.BackoffCoefficient),
		MaximumInterval: nonEmpty(r.MaximumInterval), MaximumAttempts: nonEmpty(r.MaximumAttempts),
		NonRetryableErrorTypes: orEmpty(r.NonRetryableErrorTypes),
	}
}

// textOfExpressions is a JSON object, its members by name; nil stays nil.
func textOfExpressions(all map[string]string) json.RawMessage {
	if all == nil {
		return nil
	}
	text := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(payload.AppendString(text, name), ':')
		text = payload.AppendString(text, all[name])
	}
	return append(text, '}')
}

func ruleTestOf(t *signalbox.RuleTest) model.RuleTest {
	e := &t.Event
	return model.RuleTest{
		Name: t.Name, Config: t.Config, Expect: t.Expect, WorkflowID: nonEmpty(t.WorkflowID), Input: t.Input,
		Event: &model.RuleTestEvent{
			Type: nonEmpty(e.Type), Operation: nonEmpty(e.Operation), ID: nonEmpty(e.EntityID), Data: e.Data,
			Source: nonEmpty(e.Source), Subject: nonEmpty(e.Subject), Metadata: e.Metadata,
			OccurredAt: nonZero(e.OccurredAt), ReceivedAt: nonZero(e.ReceivedAt),
		},
	}
}

// orEmpty is never nil: GraphQL's lists are not.
func orEmpty(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}
