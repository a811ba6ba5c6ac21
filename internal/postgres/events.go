package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func scanEvent(row pgx.CollectableRow) (signalbox.Event, error) {
	var e eventRow
	if err := row.Scan(e.targets()...); err != nil {
		return signalbox.Event{}, err
	}
	return e.event()
}

// Event is one event of a tenant with its dispatches; NOT_FOUND where there is none.
func (db *DB) Event(ctx context.Context, tenant, id signalbox.ID) (*signalbox.StoredEvent, error) {
	found, err := db.lookUp(ctx, tenant, []signalbox.ID{id}, dispatchColumnList)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "there is no event with the id %s", id)
	}
	return &found[0], nil
}

// EventsByID is those of a tenant's events that are there, with their dispatches but
// without the inputs of these, in no order.
func (db *DB) EventsByID(ctx context.Context, tenant signalbox.ID, ids []signalbox.ID) ([]signalbox.StoredEvent, error) {
	return db.lookUp(ctx, tenant, ids, listedDispatch)
}

// lookedUpAtOnce is how many events one exchange with the database asks for.
const lookedUpAtOnce = 100

// lookUp has one place among those who look events up, however many they are.
func (db *DB) lookUp(ctx context.Context, tenant signalbox.ID, ids []signalbox.ID, columns string) ([]signalbox.StoredEvent, error) {
	leave, err := db.looks.enter(ctx, tenant, db.timeout, "too many events are being looked up at once; ask again later")
	if err != nil {
		return nil, err
	}
	defer leave()
	all := make([]signalbox.StoredEvent, 0, len(ids))
	for some := range slices.Chunk(ids, lookedUpAtOnce) {
		events, dispatches, err := db.exchange(ctx, tenant, some, columns)
		if err != nil {
			return nil, err
		}
		for i := range events {
			all = append(all, signalbox.StoredEvent{Event: events[i], Dispatches: dispatches[events[i].ID]})
		}
	}
	return all, nil
}

func (db *DB) exchange(ctx context.Context, tenant signalbox.ID, ids []signalbox.ID, columns string) ([]signalbox.Event, map[signalbox.ID][]signalbox.Dispatch, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var events []signalbox.Event
	var dispatches []signalbox.Dispatch
	var batch pgx.Batch
	enterTenant(&batch, tenant)
	// Each id by itself finds its partition; = ANY would ask all of them. OFFSET 0 keeps
	// the planner from joining in another way, which reads a table where it guesses wrong.
	queue(&batch, `
SELECT `+eventColumnList+`
FROM unnest($2::uuid[]) AS w(id)
CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.tenant_id = $1 AND e.id = w.id OFFSET 0) e`, tenant, bytesOf(ids)).Query(collect(&events, scanEvent))
	queueDispatchesOf(&batch, tenant, columns, ids, &dispatches)
	if err := db.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, nil, translate(err)
	}
	return events, byEvent(dispatches), nil
}

// outcomeOf is signalbox.OutcomeOf in SQL.
const outcomeOf = `
CROSS JOIN LATERAL (
    SELECT count(*) AS n, count(*) FILTER (WHERE d.status = 'PENDING') AS pending, count(*) FILTER (WHERE d.status = 'FAILED') AS failed
    FROM dispatches d
    WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id
        AND d.id >= (left(e.id::text, 13) || '-0000-0000-000000000000')::uuid
        AND d.id <= (left(e.id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid
) c
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN c.n = 0 AND e.decisions::jsonb @? '$[*] ? (@.verdict == "FILTERED" || @.verdict == "ERROR")' THEN 'FILTERED'
        WHEN c.n = 0 THEN 'NO_RULE'
        WHEN c.failed = c.n THEN 'FAILED'
        WHEN c.failed > 0 THEN 'PARTIAL'
        WHEN c.pending > 0 THEN 'PENDING'
        ELSE 'STARTED'
    END AS outcome
) o`

// Events lists a tenant's events with their dispatches, newest first, and tells
// whether there are more. A range of time reads the partitions of that time only.
func (db *DB) Events(ctx context.Context, tenant signalbox.ID, f signalbox.EventFilter, p signalbox.Page) ([]signalbox.StoredEvent, bool, error) {
	w := whereTenant("e.tenant_id", tenant)
	if f.Type != "" {
		w.and("e.type = $%d", f.Type)
	}
	if f.Operation != "" {
		w.and("e.operation = $%d", f.Operation)
	}
	if f.EntityID != "" {
		w.and("e.entity_id = $%d", f.EntityID)
	}
	if f.Source != "" {
		w.and("e.source = $%d", f.Source)
	}
	if !f.ReceivedFrom.IsZero() {
		w.and("e.id >= $%d", signalbox.FirstID(f.ReceivedFrom))
	}
	if !f.ReceivedBefore.IsZero() {
		w.and("e.id < $%d", signalbox.FirstID(f.ReceivedBefore))
	}
	if !p.After.IsZero() {
		w.and("e.id < $%d", p.After)
	}
	from := "events e"
	if len(f.Outcomes) > 0 {
		from += outcomeOf
		w.and("o.outcome = ANY($%d)", textsOf(f.Outcomes))
	}
	sql := "SELECT " + eventColumnList + " FROM " + from + w.sql() + " ORDER BY e.id DESC"
	var stored []signalbox.StoredEvent
	var more bool
	err := db.reading(ctx, tenant, func() (err error) {
		var found []signalbox.Event
		if found, more, err = page(ctx, db, scanEvent, sql, w, p.First); err != nil {
			return err
		}
		stored, err = db.withDispatches(ctx, tenant, found)
		return err
	})
	return stored, more, err
}

func (db *DB) withDispatches(ctx context.Context, tenant signalbox.ID, events []signalbox.Event) ([]signalbox.StoredEvent, error) {
	stored := make([]signalbox.StoredEvent, len(events))
	ids := make([]signalbox.ID, len(events))
	for i := range events {
		stored[i].Event, ids[i] = events[i], events[i].ID
	}
	if len(events) == 0 {
		return stored, nil
	}
	of, err := db.dispatchesOf(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	for i := range stored {
		stored[i].Dispatches = of[stored[i].ID]
	}
	return stored, nil
}

// sameMillisecond is the range [first, next) of the ids made in id's millisecond.
func sameMillisecond(id signalbox.ID) (first, next signalbox.ID) {
	return signalbox.FirstID(id.Time()), signalbox.FirstID(id.Time().Add(time.Millisecond))
}

func textsOf[T ~string](values []T) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return texts
}
