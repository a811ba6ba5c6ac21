package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Mapping in and out. Nothing here decides anything.

func inputOf(in *model.SendCustomEventInput, headerKey string) ingest.Input {
	out := ingest.Input{
		Type: in.Type, Operation: in.Operation, EntityID: in.Payload.ID,
		Data:           dataOf(in.Payload.Data),
		IdempotencyKey: headerKey,
		Source:         orZero(in.Source), Subject: orZero(in.Subject),
		OccurredAt: orZero(in.OccurredAt), Metadata: in.Metadata,
		SchemaVersion: orZero(in.SchemaVersion),
		Wait:          orZero(in.WaitFor),
	}
	if in.IdempotencyKey != nil {
		out.IdempotencyKey = *in.IdempotencyKey
	}
	return out
}

// dataOf tells absent (nil) from null (the text null).
func dataOf(data graphql.Omittable[json.RawMessage]) json.RawMessage {
	raw, there := data.ValueOK()
	if there && raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// headerKey is the Idempotency-Key header combined with the response path, so that
// each send of a document has a key of its own; "" where there is no header.
func headerKey(ctx context.Context, index int) string {
	key := graphql.GetOperationContext(ctx).Headers.Get("Idempotency-Key")
	if key == "" {
		return ""
	}
	key += "/" + strings.ReplaceAll(graphql.GetPath(ctx).String(), ".", "/")
	if index >= 0 {
		key += "/" + strconv.Itoa(index)
	}
	return key
}

func responseOf(r *ingest.Result) *model.SendCustomEventResponse {
	return &model.SendCustomEventResponse{
		Success:          true,
		Workflows:        workflowsOf(r.Dispatches),
		EventID:          r.Event.ID.String(),
		Outcome:          r.Outcome(),
		Duplicate:        r.Duplicate,
		Dispatches:       mapped(r.Dispatches, dispatchOf),
		Decisions:        mapped(r.Event.Decisions, decisionOf),
		OmittedDecisions: r.Event.Omitted,
		Warnings:         mapped(r.Warnings, warningOf),
	}
}

func resultOf(one *ingest.BatchResult) model.SendCustomEventResult {
	if one.Err == nil {
		return model.SendCustomEventResult{Response: responseOf(one.Result)}
	}
	e := asError(one.Err)
	out := &model.SendError{
		Code: string(e.Code), Message: e.Message, Path: nonEmpty(e.Path), Suggestions: e.Suggestions,
		Violations: mapped(e.Violations, violationOf),
	}
	if out.Suggestions == nil {
		out.Suggestions = []string{}
	}
	out.Limit = reachedOf(e.Limit)
	if e.RetryAfter > 0 {
		ms := int(e.RetryAfter.Milliseconds())
		out.RetryAfterMs = &ms
	}
	return model.SendCustomEventResult{Error: out}
}

// workflowsOf lists the runs that stand by now; never nil (P-08).
func workflowsOf(dispatches []signalbox.Dispatch) []model.TemporalWorkflow {
	runs := make([]model.TemporalWorkflow, 0, len(dispatches))
	for i := range dispatches {
		if d := &dispatches[i]; d.RunID != "" {
			runs = append(runs, model.TemporalWorkflow{Type: d.WorkflowType, ID: d.WorkflowID, RunID: d.RunID})
		}
	}
	return runs
}

func eventOf(e *signalbox.StoredEvent) *model.Event {
	return &model.Event{
		ID: e.ID.String(), Type: e.Type, Operation: e.Operation,
		Payload: &model.CustomEventPayload{ID: e.EntityID, Data: e.Data},
		Source:  nonEmpty(e.Source), Subject: nonEmpty(e.Subject), Metadata: e.Metadata,
		OccurredAt: e.HappenedAt(), ReceivedAt: e.ReceivedAt(),
		SchemaVersion:    nonEmpty(e.SchemaVersion),
		Outcome:          signalbox.OutcomeOf(e.Decisions, e.Dispatches),
		Workflows:        workflowsOf(e.Dispatches),
		Dispatches:       mapped(e.Dispatches, dispatchOf),
		Decisions:        mapped(e.Decisions, decisionOf),
		OmittedDecisions: e.Omitted,
	}
}

func dispatchOf(d *signalbox.Dispatch) model.Dispatch {
	out := model.Dispatch{
		ID: d.ID.String(), EventID: d.EventID.String(), Rule: d.Rule, RuleVersion: d.RuleVersion, Status: d.Status,
		Namespace: d.Namespace, WorkflowType: d.WorkflowType, WorkflowID: d.WorkflowID, TaskQueue: d.TaskQueue,
		RunID: nonEmpty(d.RunID), Attempts: d.Attempts, CreatedAt: d.CreatedAt(), SettledAt: nonZero(d.SettledAt),
	}
	if d.Status == signalbox.StatusPending {
		out.NextAttemptAt = nonZero(d.DueAt)
	}
	if d.LastError != nil {
		out.LastError = &model.DispatchError{Code: string(d.LastError.Code), Message: d.LastError.Message}
	}
	return out
}

func eventFilterOf(f *model.EventFilter) (signalbox.EventFilter, error) {
	if f == nil {
		return signalbox.EventFilter{}, nil
	}
	if len(f.Outcomes) > maxChoices {
		return signalbox.EventFilter{}, invalid("outcomes has too many elements: the limit is %d", maxChoices)
	}
	return signalbox.EventFilter{
		Type: orZero(f.Type), Operation: orZero(f.Operation), EntityID: orZero(f.EntityID), Source: orZero(f.Source),
		ReceivedFrom: orZero(f.ReceivedFrom), ReceivedBefore: orZero(f.ReceivedBefore), Outcomes: f.Outcomes,
	}, nil
}

func dispatchFilterOf(f *model.DispatchFilter) (signalbox.DispatchFilter, error) {
	if f == nil {
		return signalbox.DispatchFilter{}, nil
	}
	if len(f.Statuses) > maxChoices {
		return signalbox.DispatchFilter{}, invalid("statuses has too many elements: the limit is %d", maxChoices)
	}
	id, err := optionalID("eventID", f.EventID)
	return signalbox.DispatchFilter{Statuses: f.Statuses, Rule: orZero(f.Rule), Namespace: orZero(f.Namespace), EventID: id}, err
}

func redriveFilterOf(f *model.RedriveFilter) (signalbox.DispatchFilter, error) {
	return dispatchFilterOf(&model.DispatchFilter{Rule: f.Rule, Namespace: f.Namespace, EventID: f.EventID})
}

func cursorOf(id signalbox.ID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

func pageInfoOf(more bool, last *signalbox.ID) *model.PageInfo {
	info := &model.PageInfo{HasNextPage: more}
	if last != nil {
		cursor := cursorOf(*last)
		info.EndCursor = &cursor
	}
	return info
}

func idOf(name, text string) (signalbox.ID, error) {
	id, err := signalbox.ParseID(text)
	if err != nil {
		return id, invalid("%s is %v", name, err)
	}
	return id, nil
}

func optionalID(name string, text *string) (signalbox.ID, error) {
	if text == nil {
		return signalbox.ID{}, nil
	}
	return idOf(name, *text)
}

// mapped is never nil: GraphQL's lists are not.
func mapped[A, B any](all []A, one func(*A) B) []B {
	out := make([]B, len(all))
	for i := range all {
		out[i] = one(&all[i])
	}
	return out
}

// found maps the first that fits; nil where none does.
func found[A, B any](all []A, one func(*A) B, fits func(*A) bool) *B {
	for i := range all {
		if fits(&all[i]) {
			out := one(&all[i])
			return &out
		}
	}
	return nil
}

func orZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// unless has one form for the default, whether it is said or not: no difference
// between two definitions may lie in that.
func unless[T ~string](p *T, standard T) T {
	if p == nil || *p == standard {
		return ""
	}
	return *p
}

func nonEmpty[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func nonZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func eventConnectionOf(events []signalbox.StoredEvent, more bool) *model.EventConnection {
	connection := &model.EventConnection{Nodes: make([]model.Event, len(events)), Edges: make([]model.EventEdge, len(events))}
	var last *signalbox.ID
	for i := range events {
		node := eventOf(&events[i])
		connection.Nodes[i] = *node
		connection.Edges[i] = model.EventEdge{Cursor: cursorOf(events[i].ID), Node: node}
		last = &events[i].ID
	}
	connection.PageInfo = pageInfoOf(more, last)
	return connection
}

func dispatchConnectionOf(dispatches []signalbox.Dispatch, more bool) *model.DispatchConnection {
	return &model.DispatchConnection{
		Nodes: mapped(dispatches, dispatchOf), PageInfo: pageEnd(dispatches, more, func(d *signalbox.Dispatch) *signalbox.ID { return &d.ID }),
	}
}
