package postgres

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/faultpoint"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// A flush and the queue are bounded in bytes, so that neither large payloads
	// nor many of them can make a flush outlast its timeout, keep others waiting for
	// long, or grow memory.
	maxFlushBytes  = 1 << 20
	maxQueuedBytes = 64 << 20
	// rowBytes is what a row costs beside its texts.
	rowBytes = 1 << 10
	// appendLanes is how many flushes run at once. One is enough to keep two
	// cores busy; the second keeps a slow commit from stopping everyone.
	appendLanes = 2
	// maxTries bounds what is tried again inside one flush.
	maxTries = 4
)

// Appender stores events by group commit.
type Appender struct {
	db    *DB
	group group[[]*row]
}

// row is a record on its way. What becomes of it is kept apart from the record,
// which its sender may have given up on by then.
type row struct {
	*signalbox.Record
	decisions string   // the event's, as JSON; "" is none
	options   []string // each dispatch's, as JSON
	cost      int      // bytes
	owner     signalbox.ID
	err       error
}

// newRow encodes what there is to encode: here each sender does it for itself, in a
// flush one would do it for all.
func newRow(record *signalbox.Record) *row {
	r := &row{Record: record}
	e := &record.Event
	if len(e.Decisions) > 0 {
		r.decisions = string(mustJSON(e.Decisions))
	}
	r.cost = rowBytes*(1+len(record.Dispatches)) + len(e.Data) + len(e.Metadata) + len(r.decisions)
	for i := range record.Dispatches {
		r.options = append(r.options, string(appendOptions(nil, &record.Dispatches[i])))
		r.cost += len(record.Dispatches[i].Input) + len(r.options[i])
	}
	return r
}

// NewAppender makes the one appender of a process.
func NewAppender(db *DB) *Appender {
	a := &Appender{db: db}
	a.group = group[[]*row]{
		flush:    a.flush,
		cost:     costOf,
		tenant:   func(rows []*row) signalbox.ID { return rows[0].Event.Tenant },
		maxBatch: maxFlushBytes,
		maxQueue: maxQueuedBytes,
		lanes:    appendLanes,
		patience: db.timeout,
	}
	return a
}

// Append commits the records, in the turn of the first one's tenant, and sets each
// one's Owner or Err. The records of one call share a transaction where possible; each
// is stored whole or not at all.
//
// A record's UNAVAILABLE leaves open whether it was committed: the answer of the
// database was lost. Its id is never used again, so a retry by the client cannot
// collide with it, and with a key the retry finds it.
func (a *Appender) Append(records []*signalbox.Record) {
	if len(records) == 0 {
		return
	}
	rows := make([]*row, len(records))
	for i, r := range records {
		rows[i] = newRow(r)
	}
	if err := a.group.do(rows); err != nil {
		for _, r := range records {
			r.Err = translate(err)
		}
		return
	}
	for _, r := range rows {
		r.Owner, r.Err = r.owner, r.err
	}
}

func costOf(rows []*row) int {
	cost := 0
	for _, r := range rows {
		cost += r.cost
	}
	return cost
}

// flush stores a batch of sends. It runs on nobody's context: its work belongs to
// all of them, and has a timeout of its own.
func (a *Appender) flush(batch [][]*row) {
	rows := slices.Concat(batch...)
	defer func() {
		if v := recover(); v != nil { // contained: the flush may be a goroutine's own
			fail(rows, fmt.Errorf("a flush panicked: %v\n%s", v, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), a.db.timeout)
	defer cancel()
	err := a.store(ctx, rows)
	if classify(err) == faultData && len(rows) > 1 {
		// One of them is at fault: alone, each fails or passes by itself, unless the
		// database goes away meanwhile.
		for i, r := range rows {
			err := a.store(ctx, []*row{r})
			if err != nil {
				fail(rows[i:i+1], err)
			}
			if kind := classify(err); kind == faultConnection || kind == faultBusy {
				fail(rows[i+1:], err)
				return
			}
		}
		return
	}
	if err != nil {
		fail(rows, err)
	}
}

func fail(rows []*row, err error) {
	for _, r := range rows {
		r.err = translate(err)
	}
}

// store commits rows in one transaction. Every statement in it can be repeated
// (the ids are fixed, and ON CONFLICT DO NOTHING), so a lost connection and a
// deadlock are simply tried again, within the operation timeout.
func (a *Appender) store(ctx context.Context, rows []*row) error {
	for try := 1; ; try++ {
		err := a.storeOnce(ctx, rows)
		kind := classify(err)
		if kind == faultNone || kind == faultData || try == maxTries || ctx.Err() != nil {
			return err
		}
		pause := time.Duration(try*try) * 10 * time.Millisecond
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // jitter.
		case <-ctx.Done():
			return err
		}
	}
}

// The key's own statement comes first and in the keys' order: two flushes that
// share keys then wait for each other instead of dead-locking.
const insertKeys = `
INSERT INTO idempotency_keys (tenant_id, key, fingerprint, event_id)
SELECT $1, * FROM unnest($2::text[], $3::bytea[], $4::uuid[])
ON CONFLICT DO NOTHING`

// goByKeys has the statements of a flush planned once a connection and not each time:
// planning the look-ups of keys takes several times as long as they do, for every
// tenant of the flush. Such a plan must not rest on how large the table was when it
// was made: each look-up goes by the primary key, whatever that says.
const goByKeys = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`

// An event with a key is stored only if the key is its own. The join for that is
// left out of a flush without keys.
const (
	insertEvents = `
INSERT INTO events (tenant_id, id, type, operation, entity_id, data, source, subject, metadata, occurred_at, schema_version, decisions, decisions_omitted)
SELECT $1, e.id, e.type, e.operation, e.entity_id, e.data::json, e.source, e.subject, e.metadata::json, e.occurred_at, e.schema_version, e.decisions::json, e.decisions_omitted
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::int[], $12::text[], $13::int[], $14::text[])
    AS e(id, type, operation, entity_id, data, source, subject, metadata, occurred_at, schema_version, decisions, decisions_omitted, key)`

	ownKeyOfEvent = `
LEFT JOIN LATERAL (
    SELECT k.event_id FROM idempotency_keys k WHERE k.tenant_id = $1 AND k.key = e.key LIMIT 1
) k ON true
WHERE e.key IS NULL OR k.event_id = e.id`

	insertDispatches = `
INSERT INTO dispatches (tenant_id, id, event_id, rule, rule_version, namespace, workflow_type, workflow_id, task_queue, options, input, status, attempts, due_at)
SELECT $1, d.id, d.event_id, d.rule, d.rule_version, d.namespace, d.workflow_type, d.workflow_id, d.task_queue, d.options::json, d.input::json, 'PENDING', d.attempts, now() + d.lease
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::int[], $13::interval[], $14::text[])
    AS d(id, event_id, rule, rule_version, namespace, workflow_type, workflow_id, task_queue, options, input, attempts, lease, key)`

	ownKeyOfDispatch = `
LEFT JOIN LATERAL (
    SELECT k.event_id FROM idempotency_keys k WHERE k.tenant_id = $1 AND k.key = d.key LIMIT 1
) k ON true
WHERE d.key IS NULL OR k.event_id = d.event_id`

	onceOnly = `
ON CONFLICT DO NOTHING`
)

const selectKeys = `
SELECT k.event_id, k.fingerprint
FROM unnest($2::text[]) WITH ORDINALITY AS w(key, n)
CROSS JOIN LATERAL (
    SELECT k.event_id, k.fingerprint FROM idempotency_keys k WHERE k.tenant_id = $1 AND k.key = w.key LIMIT 1
) k
ORDER BY w.n`

// storeOnce sends everything as one pipeline, which Postgres runs as one implicit
// transaction: one round trip, committed when the answer is read. Each tenant's rows
// go in as that tenant's.
func (a *Appender) storeOnce(ctx context.Context, all []*row) error {
	slices.SortStableFunc(all, func(a, b *row) int { return bytes.Compare(a.Event.Tenant[:], b.Event.Tenant[:]) })
	var batch pgx.Batch
	batch.Queue(goByKeys)
	var owners []keyOwner // of keyed, in its order
	var keyed []*row
	for tenant, rows := range runs(all, func(r **row) signalbox.ID { return (*r).Event.Tenant }) {
		enterTenant(&batch, tenant)
		keyed = append(keyed, queueRows(&batch, tenant, rows, &owners)...)
	}
	faultpoint.HitInTransaction(faultpoint.P1Inserted, func() { batch.Queue(`SELECT pg_sleep(1)`) })
	results := a.db.pool.SendBatch(ctx, &batch)
	faultpoint.Hit(faultpoint.P2CommitSent)
	if err := results.Close(); err != nil {
		return err
	}

	for _, r := range all {
		r.owner, r.err = r.Event.ID, nil
	}
	for i, r := range keyed {
		r.owner = owners[i].Event
		if !bytes.Equal(owners[i].Fingerprint, r.Fingerprint[:]) {
			r.err = signalbox.KeyConflict()
		}
	}
	return nil
}

// queueRows adds the statements that store one tenant's rows, and answers those with
// a key, whose owners will be added to owners.
func queueRows(batch *pgx.Batch, tenant signalbox.ID, rows []*row, owners *[]keyOwner) []*row {
	keyed := make([]*row, 0, len(rows))
	for _, r := range rows {
		if r.Key != "" {
			keyed = append(keyed, r)
		}
	}
	slices.SortFunc(keyed, func(a, b *row) int { return strings.Compare(a.Key, b.Key) })
	keys := columnsOfKeys(keyed)
	events, dispatches := insertEvents+onceOnly, insertDispatches+onceOnly
	if len(keyed) > 0 {
		queue(batch, insertKeys, tenant, keys.keys, keys.fingerprints, keys.events)
		events, dispatches = insertEvents+ownKeyOfEvent+onceOnly, insertDispatches+ownKeyOfDispatch+onceOnly
	}
	queue(batch, events, tenant, eventColumns(rows)...)
	if columns := dispatchColumns(rows); columns != nil {
		queue(batch, dispatches, tenant, columns...)
	}
	if len(keyed) > 0 {
		queue(batch, selectKeys, tenant, keys.keys).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[keyOwner])
			*owners = append(*owners, found...)
			return err
		})
	}
	return keyed
}

type keyOwner struct {
	Event       signalbox.ID
	Fingerprint []byte
}
