package postgres

import (
	"encoding/json"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// The rows of a flush, turned on their side: one array a column, for unnest.

type keyColumns struct {
	events       [][16]byte
	keys         []string
	fingerprints [][]byte
}

func columnsOfKeys(records []*row) keyColumns {
	var c keyColumns
	for _, r := range records {
		c.keys = append(c.keys, r.Key)
		c.fingerprints = append(c.fingerprints, r.Fingerprint[:])
		c.events = append(c.events, r.Event.ID)
	}
	return c
}

func eventColumns(records []*row) []any {
	n := len(records)
	var (
		ids             = make([][16]byte, n)
		types, ops      = make([]string, n), make([]string, n)
		entities        = make([]string, n)
		data, metadata  = make([]*string, n), make([]*string, n)
		sources         = make([]*string, n)
		subjects        = make([]*string, n)
		occurred        = make([]*time.Time, n)
		schemaVersions  = make([]*int32, n)
		decisions, keys = make([]*string, n), make([]*string, n)
		omitted         = make([]*int32, n)
	)
	for i, r := range records {
		e := &r.Event
		ids[i] = e.ID
		types[i], ops[i], entities[i] = e.Type, e.Operation, e.EntityID
		data[i], metadata[i] = jsonText(e.Data), jsonText(e.Metadata)
		sources[i], subjects[i], keys[i] = nonEmpty(e.Source), nonEmpty(e.Subject), nonEmpty(r.Key)
		if !e.OccurredAt.IsZero() {
			occurred[i] = &e.OccurredAt
		}
		if e.SchemaVersion != 0 {
			v := int32(e.SchemaVersion) //nolint:gosec // a version counts from 1.
			schemaVersions[i] = &v
		}
		if e.Omitted != 0 {
			v := int32(e.Omitted) //nolint:gosec // of some thousands of rules.
			omitted[i] = &v
		}
		decisions[i] = nonEmpty(r.decisions)
	}
	return []any{ids, types, ops, entities, data, sources, subjects, metadata, occurred, schemaVersions, decisions, omitted, keys}
}

// dispatchColumns is nil where no record has a dispatch.
func dispatchColumns(records []*row) []any {
	n := 0
	for _, r := range records {
		n += len(r.Dispatches)
	}
	if n == 0 {
		return nil
	}
	var (
		ids, events         = make([][16]byte, 0, n), make([][16]byte, 0, n)
		rules               = make([]string, 0, n)
		versions, attempts  = make([]int32, 0, n), make([]int32, 0, n)
		namespaces          = make([]string, 0, n)
		workflowTypes       = make([]string, 0, n)
		workflowIDs         = make([]string, 0, n)
		taskQueues, options = make([]string, 0, n), make([]string, 0, n)
		inputs              = make([]*string, 0, n)
		leases              = make([]time.Duration, 0, n)
		keys                = make([]*string, 0, n)
	)
	for _, r := range records {
		for i := range r.Dispatches {
			d := &r.Dispatches[i]
			ids, events = append(ids, d.ID), append(events, d.EventID)
			rules, namespaces = append(rules, d.Rule), append(namespaces, d.Namespace)
			versions = append(versions, int32(d.RuleVersion)) //nolint:gosec // counts from 1.
			attempts = append(attempts, int32(d.Attempts))    //nolint:gosec // likewise.
			workflowTypes, workflowIDs = append(workflowTypes, d.WorkflowType), append(workflowIDs, d.WorkflowID)
			taskQueues = append(taskQueues, d.TaskQueue)
			options, inputs = append(options, r.options[i]), append(inputs, jsonText(d.Input))
			leases = append(leases, r.Lease)
			keys = append(keys, nonEmpty(r.Key))
		}
	}
	return []any{ids, events, rules, versions, namespaces, workflowTypes, workflowIDs, taskQueues, options, inputs, attempts, leases, keys}
}

// appendOptions writes a dispatchOptions of what the dispatch has. The rule's values
// go in as they are.
func appendOptions(b []byte, d *signalbox.Dispatch) []byte {
	b = append(b, '{')
	begin := len(b)
	if d.Options != (signalbox.StartOptions{}) {
		options := mustJSON(d.Options)
		b = append(b, options[1:len(options)-1]...)
	}
	for _, member := range []struct {
		name  string
		value []byte
	}{{`"memo":`, d.Memo}, {`"searchAttributes":`, d.SearchAttributes}} {
		if member.value == nil {
			continue
		}
		if len(b) > begin {
			b = append(b, ',')
		}
		b = append(append(b, member.name...), member.value...)
	}
	return append(b, '}')
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func jsonText(raw json.RawMessage) *string {
	if raw == nil {
		return nil
	}
	s := string(raw)
	return &s
}

// mustJSON encodes our own nouns, which always can be.
func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
