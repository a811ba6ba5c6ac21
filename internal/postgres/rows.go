package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// How rows of events (as e) and dispatches (as d) are read, wherever they are.

const eventColumnList = `e.tenant_id, e.id, e.type, e.operation, e.entity_id, e.data::text, e.source, e.subject, e.metadata::text, e.occurred_at, e.schema_version, e.decisions::text, e.decisions_omitted`

type eventRow struct {
	tenant, id       signalbox.ID
	typ, op, entity  string
	data, metadata   *string
	source, subject  *string
	occurredAt       *time.Time
	schemaVersion    *int
	decisionsAsStore *string
	omitted          *int
}

func (r *eventRow) targets() []any {
	return []any{&r.tenant, &r.id, &r.typ, &r.op, &r.entity, &r.data, &r.source, &r.subject, &r.metadata, &r.occurredAt, &r.schemaVersion, &r.decisionsAsStore, &r.omitted}
}

func (r *eventRow) event() (signalbox.Event, error) {
	e := signalbox.Event{
		ID: r.id, Tenant: r.tenant, Type: r.typ, Operation: r.op, EntityID: r.entity,
		Source: orZero(r.source), Subject: orZero(r.subject),
		Data: rawOf(r.data), Metadata: rawOf(r.metadata),
		OccurredAt: orZero(r.occurredAt), SchemaVersion: orZero(r.schemaVersion), Omitted: orZero(r.omitted),
	}
	if r.decisionsAsStore != nil {
		if err := json.Unmarshal([]byte(*r.decisionsAsStore), &e.Decisions); err != nil {
			return e, fmt.Errorf("read the decisions of event %s: %w", r.id, err)
		}
	}
	return e, nil
}

const (
	dispatchColumnList = dispatchHead + `d.input::text` + dispatchTail
	// listedDispatch leaves out the workflow's input, which can be half a megabyte and
	// is shown in no list.
	listedDispatch = dispatchHead + `NULL::text` + dispatchTail

	dispatchHead = `d.tenant_id, d.id, d.event_id, d.rule, d.rule_version, d.namespace, d.workflow_type, d.workflow_id, d.task_queue, d.options::text, `
	dispatchTail = `, d.status, d.run_id, d.attempts, d.due_at, d.error_code, d.error_message, d.settled_at`
)

type dispatchRow struct {
	d                           signalbox.Dispatch
	options                     string
	input                       *string
	runID, errCode, errorAsText *string
	settledAt                   *time.Time
}

// dispatchOptions is the JSON of the column options.
type dispatchOptions struct {
	signalbox.StartOptions
	Memo             json.RawMessage `json:"memo,omitempty"`
	SearchAttributes json.RawMessage `json:"searchAttributes,omitempty"`
}

func (r *dispatchRow) targets() []any {
	d := &r.d
	return []any{&d.Tenant, &d.ID, &d.EventID, &d.Rule, &d.RuleVersion, &d.Namespace, &d.WorkflowType, &d.WorkflowID, &d.TaskQueue, &r.options, &r.input, &d.Status, &r.runID, &d.Attempts, &d.DueAt, &r.errCode, &r.errorAsText, &r.settledAt}
}

func (r *dispatchRow) dispatch() (signalbox.Dispatch, error) {
	d := r.d
	var o dispatchOptions
	if err := json.Unmarshal([]byte(r.options), &o); err != nil {
		return d, fmt.Errorf("read the options of dispatch %s: %w", d.ID, err)
	}
	d.Options, d.Memo, d.SearchAttributes, d.Input = o.StartOptions, o.Memo, o.SearchAttributes, rawOf(r.input)
	d.RunID, d.SettledAt = orZero(r.runID), orZero(r.settledAt)
	if r.errCode != nil {
		d.LastError = &signalbox.DispatchError{Code: signalbox.DispatchErrorCode(*r.errCode), Message: orZero(r.errorAsText)}
	}
	return d, nil
}

func orZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
