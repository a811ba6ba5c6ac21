package graph

import (
	"strings"
	"time"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func decisionOf(d *signalbox.Decision) model.Decision {
	return model.Decision{
		Rule: d.Rule, RuleVersion: d.RuleVersion, Verdict: d.Verdict, Reason: nonEmpty(d.Sentence()),
		Clause: nonEmpty(d.Clause), Path: nonEmpty(d.Path), Expected: nonEmpty(d.Expected), Observed: nonEmpty(d.Observed),
		FailedClauses: d.Failed, Clauses: d.Clauses, Micros: d.Micros,
	}
}

func warningOf(w *signalbox.Warning) model.Warning { return model.Warning(*w) }

func violationOf(v *signalbox.Violation) model.Violation { return model.Violation(*v) }

// testResponseOf shows the start requests of the rules that shown allows.
func testResponseOf(r *ingest.TestResult, shown func(*signalbox.Dispatch) bool) *model.TestCustomEventResponse {
	out := &model.TestCustomEventResponse{
		Outcome: r.Outcome, Type: r.Event.Type, Operation: r.Event.Operation, SchemaVersion: nonEmpty(r.Event.SchemaVersion),
		Warnings:         mapped(r.Warnings, warningOf),
		Decisions:        mapped(r.Event.Decisions, decisionOf),
		OmittedDecisions: r.Event.Omitted,
		Starts:           make([]model.WorkflowStart, len(r.Dispatches)),
	}
	for i := range r.Dispatches {
		d := &r.Dispatches[i]
		out.Starts[i] = model.WorkflowStart{
			Rule: d.Rule, RuleVersion: d.RuleVersion, Namespace: d.Namespace, WorkflowType: d.WorkflowType,
			WorkflowID: d.WorkflowID, TaskQueue: d.TaskQueue,
		}
		if shown(d) {
			out.Starts[i].Request = r.Requests[i]
		}
	}
	return out
}

// readsConfig tells whether a rule's start may have something of tenant.config in it.
func readsConfig(s *signalbox.StartSpec) bool {
	for _, expressions := range []map[string]string{s.Input, s.Memo, s.SearchAttributes} {
		for _, expression := range expressions {
			if strings.Contains(expression, "tenant") {
				return true
			}
		}
	}
	return strings.Contains(s.ID, "tenant")
}

func explanationOf(e *signalbox.Explanation) *model.Explanation {
	decision := decisionOf(&e.Decision)
	out := &model.Explanation{
		Rule: e.Rule, Version: e.Version, State: e.State, Candidate: e.Candidate, Reason: e.Reason,
		Decision: &decision, Clauses: mapped(e.Clauses, clauseOf),
	}
	if e.Stored != nil {
		stored := decisionOf(e.Stored)
		out.Stored = &stored
	}
	if e.Dispatch != nil {
		dispatch := dispatchOf(e.Dispatch)
		out.Dispatch = &dispatch
	}
	return out
}

func clauseOf(c *signalbox.Clause) model.Clause {
	return model.Clause{
		Text: c.Text, Result: c.Result, Path: nonEmpty(c.Path), Expected: nonEmpty(c.Expected),
		Observed: nonEmpty(c.Observed), Reason: nonEmpty(c.Reason),
	}
}

const (
	defaultWindow = 10_000 // as the schema says
	maxWindow     = 100_000
)

func windowOf(w *model.WindowInput) (signalbox.Window, error) {
	out := signalbox.Window{Limit: defaultWindow}
	if w == nil {
		return out, nil
	}
	out.From, out.Before = orZero(w.From), orZero(w.Before)
	if w.Limit != nil {
		out.Limit = *w.Limit
	}
	if out.Limit < 1 || out.Limit > maxWindow {
		return out, invalid("limit is from 1 to %d", maxWindow)
	}
	if !out.From.IsZero() && !out.Before.IsZero() && !out.From.Before(out.Before) {
		return out, invalid("the window is empty: from is not earlier than before")
	}
	return out, nil
}

func previewOf(p *signalbox.Preview) *model.RulePreview {
	return &model.RulePreview{
		Scanned: p.Scanned, Oldest: nonZero(p.Oldest), Newest: nonZero(p.Newest), Truncated: p.Truncated,
		Matched: p.Matched, NewlyMatched: sampleOf(&p.NewlyMatched), NoLongerMatched: sampleOf(&p.NoLonger),
		Errors: sampleOf(&p.Errors), FirstError: nonEmpty(p.FirstError), TookMs: milliseconds(p.Took),
	}
}

func comparisonOf(c *signalbox.Comparison) *model.RuleComparison {
	return &model.RuleComparison{
		Scanned: c.Scanned, Oldest: nonZero(c.Oldest), Newest: nonZero(c.Newest), Truncated: c.Truncated,
		Both: c.Both, OnlyShadow: sampleOf(&c.OnlyShadow), OnlyEnabled: sampleOf(&c.OnlyEnabled),
		ShadowErrors: sampleOf(&c.ShadowErrors), EnabledErrors: sampleOf(&c.EnabledErrors), TookMs: milliseconds(c.Took),
	}
}

func sampleOf(s *signalbox.Sample) *model.EventSample {
	return &model.EventSample{Count: s.Count, EventIDs: mapped(s.IDs, func(id *signalbox.ID) string { return id.String() })}
}

func milliseconds(d time.Duration) int { return int(d.Milliseconds()) }
