package postgres

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/faultpoint"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	maxQueuedMarks = 50_000
	// maxMarkRows keeps a write to a plan that goes by the primary key.
	maxMarkRows = 128
	// markEvery is how often marks are written at the most. A write costs Postgres
	// hardly more for fifty marks than for one, most of it planning, so under load
	// they share; one that comes alone is written at once.
	markEvery      = 20 * time.Millisecond
	markRetryPause = 250 * time.Millisecond
	markTries      = 8
)

// Marker writes down what came of attempts, in batches and off the caller's path.
//
// A mark may be lost: when the process dies, or when Postgres is away for long.
// The relay then takes the dispatch again once its lease has run out, and Temporal
// answers the repeated start with the run that stands.
type Marker struct {
	db  *DB
	log *slog.Logger

	mu     sync.Mutex
	queue  []signalbox.Mark
	wake   chan struct{}
	closed bool
	stop   chan struct{} // closed with closed
	done   chan struct{}
}

// NewMarker starts the marker; Stop ends it.
func NewMarker(db *DB, log *slog.Logger) *Marker {
	m := &Marker{db: db, log: log, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go m.run()
	return m
}

// Mark queues one; it never waits. Over the limit the mark is dropped, and the
// relay will find out for itself.
func (m *Marker) Mark(mark signalbox.Mark) {
	m.mu.Lock()
	if !m.closed && len(m.queue) < maxQueuedMarks {
		m.queue = append(m.queue, mark)
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Stop writes what is queued and ends the marker, or gives up when ctx ends.
func (m *Marker) Stop(ctx context.Context) error {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		close(m.stop)
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Marker) run() {
	defer close(m.done)
	for range m.wake {
		for {
			batch, closed := m.take()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			next := time.After(markEvery)
			m.write(batch)
			faultpoint.Hit(faultpoint.P6Marked)
			select {
			case <-next:
			case <-m.stop:
			}
		}
	}
}

func (m *Marker) take() ([]signalbox.Mark, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := min(len(m.queue), maxMarkRows)
	batch := m.queue[:n:n]
	m.queue = m.queue[n:]
	if len(m.queue) == 0 {
		m.queue = nil
	}
	return batch, m.closed
}

func (m *Marker) write(batch []signalbox.Mark) {
	for try := 1; ; try++ {
		err := m.db.writeMarks(context.Background(), batch)
		if err == nil {
			return
		}
		if classify(err) == faultData && len(batch) > 1 {
			// One of them is at fault: alone, each is written or dropped by itself.
			for i := range batch {
				m.write(batch[i : i+1])
			}
			return
		}
		if try == markTries || classify(err) == faultData {
			m.log.Warn("marks dropped; the relay will redo their starts", "marks", len(batch), "error", err)
			return
		}
		time.Sleep(markRetryPause)
	}
}

// Who holds attempt n may write the result of attempt n, and no other: attempts is
// the fencing token.
const updateMarks = `
UPDATE dispatches d SET
    status = m.status,
    run_id = m.run_id,
    error_code = m.error_code,
    error_message = m.error_message,
    due_at = now() + m.delay,
    settled_at = CASE WHEN m.status = 'PENDING' THEN NULL ELSE now() END
FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::interval[])
    AS m(id, attempt, status, run_id, error_code, error_message, delay)
WHERE d.tenant_id = $1 AND d.id = m.id AND d.status = 'PENDING' AND d.attempts = m.attempt`

// Marks and claims can be redone, so their commits need not wait for the disk.
const relaxDurability = `SELECT set_config('synchronous_commit', 'off', true)`

func (db *DB) writeMarks(ctx context.Context, marks []signalbox.Mark) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	// One order for everyone, so that two writers wait and do not dead-lock.
	slices.SortFunc(marks, func(a, b signalbox.Mark) int {
		return cmp.Or(slices.Compare(a.Tenant[:], b.Tenant[:]), slices.Compare(a.ID[:], b.ID[:]))
	})
	var batch pgx.Batch
	batch.Queue(relaxDurability)
	for tenant, own := range runs(marks, func(m *signalbox.Mark) signalbox.ID { return m.Tenant }) {
		enterTenant(&batch, tenant)
		queue(&batch, updateMarks, tenant, markColumns(own)...)
	}
	return db.pool.SendBatch(ctx, &batch).Close()
}

func markColumns(marks []signalbox.Mark) []any {
	n := len(marks)
	var (
		ids           = make([][16]byte, n)
		attempts      = make([]int32, n)
		statuses      = make([]string, n)
		runIDs        = make([]*string, n)
		codes, errors = make([]*string, n), make([]*string, n)
		delays        = make([]time.Duration, n)
	)
	for i, m := range marks {
		ids[i] = m.ID
		attempts[i] = int32(m.Attempt) //nolint:gosec // counts from 1.
		statuses[i], runIDs[i], delays[i] = string(m.Status), nonEmpty(m.RunID), m.Delay
		if m.Error != nil {
			codes[i], errors[i] = nonEmpty(string(m.Error.Code)), nonEmpty(m.Error.Message)
		}
	}
	return []any{ids, attempts, statuses, runIDs, codes, errors, delays}
}
