package postgres_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

var defaultTenant = must(signalbox.ParseID("00000000-0000-7000-8000-000000000001"))

// as is who changes things of a tenant in these tests.
func as(tenant signalbox.ID) signalbox.Principal {
	return signalbox.Principal{Tenant: signalbox.Tenant{ID: tenant}, Actor: "test"}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// record makes a record with one dispatch for each rule named.
func record(key string, rules ...string) *signalbox.Record {
	e := signalbox.Event{
		ID: signalbox.ID(uuid.Must(uuid.NewV7())), Tenant: defaultTenant,
		Type: "inventory", Operation: "low_stock_alert", EntityID: "item-42",
		Data: json.RawMessage(`{ "n": 12345678901234567890.10,"s":"ü" }`),
	}
	r := &signalbox.Record{Event: e, Key: key, Lease: time.Minute}
	for _, rule := range rules {
		r.Event.Decisions = append(r.Event.Decisions, signalbox.Decision{Rule: rule, RuleVersion: 1, Verdict: signalbox.VerdictMatched})
		r.Dispatches = append(r.Dispatches, signalbox.Dispatch{
			ID: signalbox.DispatchID(e.ID, rule), Tenant: e.Tenant, EventID: e.ID, Rule: rule, RuleVersion: 1,
			Namespace: "default", WorkflowType: "W", WorkflowID: rule + "/" + e.ID.String(), TaskQueue: "q",
			Options: signalbox.StartOptions{RunTimeout: time.Hour}, Status: signalbox.StatusPending, Attempts: 1,
		})
	}
	return r
}

func TestAppendStoresWhatWasSent(t *testing.T) { // P-05, P-07, P-14
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	r := record("", "a", "b")
	r.Event.Source, r.Event.Subject = "erp", "user-7"
	r.Event.Metadata = json.RawMessage(`{"trace":"x"}`)
	r.Event.OccurredAt = time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC)
	r.Event.Decisions = append(r.Event.Decisions, signalbox.Decision{
		Rule: "c", RuleVersion: 4, Verdict: signalbox.VerdictFiltered, Reason: "payload.data.n is 40", Clause: "payload.data.n > 100",
		Path: "payload.data.n", Expected: "> 100", Observed: "40", Failed: 1, Clauses: 2, Micros: 7,
	})
	r.Event.Omitted = 9_980
	mapped := &r.Dispatches[1]
	mapped.Input = json.RawMessage(`{ "n": 12345678901234567890.10 }`)
	mapped.Memo, mapped.SearchAttributes = json.RawMessage(`{"m":[1, "<"]}`), json.RawMessage(`{"K":"v"}`)
	mapped.Options.Retry, mapped.Options.Priority = &signalbox.RetryPolicy{MaximumAttempts: 3}, 1
	appender.Append([]*signalbox.Record{r})
	require.NoError(t, r.Err)
	require.Equal(t, r.Event.ID, r.Owner)

	stored, err := db.Event(t.Context(), defaultTenant, r.Event.ID)
	require.NoError(t, err)
	require.Equal(t, r.Event.Data, stored.Data, "every byte of the sender's text")
	require.True(t, r.Event.OccurredAt.Equal(stored.OccurredAt))
	stored.OccurredAt = r.Event.OccurredAt
	require.Equal(t, r.Event, stored.Event)
	require.Len(t, stored.Dispatches, 2)
	require.Equal(t, "a", stored.Dispatches[0].Rule)
	require.Equal(t, signalbox.StatusPending, stored.Dispatches[0].Status)
	require.Equal(t, time.Hour, stored.Dispatches[0].Options.RunTimeout)

	require.Equal(t, r.Event.Decisions, stored.Decisions)
	require.Equal(t, r.Event.Omitted, stored.Omitted)
	want := r.Dispatches
	for i, got := range stored.Dispatches {
		want[i].DueAt = got.DueAt
	}
	require.Equal(t, want, stored.Dispatches, "a whole start request, however it is read")
	listed, _, err := db.Dispatches(t.Context(), defaultTenant, signalbox.DispatchFilter{Rule: "b"}, signalbox.Page{First: 1})
	require.NoError(t, err)
	want[1].Input = nil // which no list shows
	require.Equal(t, want[1:], listed)
}

// More are looked up than one exchange asks for; another tenant's, and those that are
// not there, are passed over.
func TestEventsByID(t *testing.T) { // X-06, I7
	db := pgtest.Open(t)
	other, err := db.CreateTenant(t.Context(), "test", signalbox.Tenant{Slug: "other"})
	require.NoError(t, err)
	var records []*signalbox.Record
	ids := []signalbox.ID{{1}}
	for i := range 250 {
		r := record("", "a", "b")
		r.Event.EntityID = strconv.Itoa(i)
		records, ids = append(records, r), append(ids, r.Event.ID)
	}
	foreign := record("")
	foreign.Event.Tenant = other.ID
	stored(t, db, append(records, foreign)...)
	found, err := db.EventsByID(t.Context(), defaultTenant, append(ids, foreign.Event.ID))
	require.NoError(t, err)
	require.Len(t, found, len(records))
	slices.SortFunc(found, func(a, b signalbox.StoredEvent) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	slices.SortFunc(records, func(a, b *signalbox.Record) int { return bytes.Compare(a.Event.ID[:], b.Event.ID[:]) })
	for i, r := range records {
		require.Equal(t, r.Event.EntityID, found[i].EntityID)
		require.Equal(t, r.Event.Data, found[i].Data)
		require.Len(t, found[i].Dispatches, 2)
		require.Equal(t, r.Dispatches[0].WorkflowID, found[i].Dispatches[0].WorkflowID)
	}
	none, err := db.EventsByID(t.Context(), other.ID, ids)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestAppendTellsAbsentNullAndEmptyApart(t *testing.T) { // P-03
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	for _, data := range []json.RawMessage{nil, json.RawMessage("null"), json.RawMessage("{}")} {
		r := record("")
		r.Event.Data = data
		appender.Append([]*signalbox.Record{r})
		require.NoError(t, r.Err)
		stored, err := db.Event(t.Context(), defaultTenant, r.Event.ID)
		require.NoError(t, err)
		require.Equal(t, data, stored.Data)
	}
}

func TestTheSameKeyIsStoredOnce(t *testing.T) { // X-06, H-09
	db := pgtest.Open(t)
	// Two appenders are two replicas.
	appenders := []*postgres.Appender{postgres.NewAppender(db), postgres.NewAppender(db)}
	const senders = 50
	records := make([]*signalbox.Record, senders)
	var wg sync.WaitGroup
	for i := range records {
		records[i] = record("key-1", "a")
		wg.Go(func() { appenders[i%2].Append([]*signalbox.Record{records[i]}) })
	}
	wg.Wait()
	owners := map[signalbox.ID]int{}
	for _, r := range records {
		require.NoError(t, r.Err)
		owners[r.Owner]++
	}
	require.Len(t, owners, 1, "all fifty name one event")
	events, more, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, events, 1)
	require.Len(t, events[0].Dispatches, 1)
	require.Equal(t, senders, owners[events[0].ID])
}

func TestTheSameKeyWithAnotherBodyIsRefused(t *testing.T) {
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	first, second := record("k"), record("k")
	second.Fingerprint = [32]byte{1}
	// Also when both are in one flush.
	appender.Append([]*signalbox.Record{first, second})
	require.NoError(t, first.Err)
	require.Equal(t, signalbox.CodeIdempotencyConflict, signalbox.ErrorCode(second.Err))
	third := record("k")
	third.Fingerprint = [32]byte{2}
	appender.Append([]*signalbox.Record{third})
	require.Equal(t, signalbox.CodeIdempotencyConflict, signalbox.ErrorCode(third.Err))
	events, _, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.Len(t, events, 1)
}

// A record that Postgres refuses for what is in it must not take down those that
// share its flush.
func TestOneBadRecordFailsAlone(t *testing.T) {
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	good, bad, alsoGood := record("", "a"), record("", "a"), record("k", "a")
	bad.Event.EntityID = "nul\x00inside"
	appender.Append([]*signalbox.Record{good, bad, alsoGood})
	require.NoError(t, good.Err)
	require.NoError(t, alsoGood.Err)
	require.Error(t, bad.Err)
	events, _, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.Len(t, events, 2)
}

func TestManySendersShareCommits(t *testing.T) {
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 50 {
				r := record(fmt.Sprintf("k-%d-%d", i, j%40), "a")
				appender.Append([]*signalbox.Record{r})
				if r.Err != nil {
					t.Error(r.Err)
					return
				}
			}
		})
	}
	wg.Wait()
	n, err := db.CountPending(t.Context(), 1_000_000)
	require.NoError(t, err)
	require.Equal(t, map[signalbox.ID]int{defaultTenant: 64 * 40}, n)
}

// Crowds come from many tenants too: what a flush costs for each of them must leave it
// time for all that can be in one.
func TestAFlushOfManyTenants(t *testing.T) {
	db := pgtest.Open(t)
	records := make([]*signalbox.Record, 2000)
	for i := range records {
		records[i] = record("key", "a")
		records[i].Event.Tenant = signalbox.ID(uuid.Must(uuid.NewV7()))
		records[i].Dispatches[0].Tenant = records[i].Event.Tenant
	}
	stored(t, db, records...)
}

// The plans of a flush are made once, and must be good for whatever the tables become.
func TestAppendIsQuickWhateverTheTableWas(t *testing.T) {
	dsn := pgtest.DSN(t)
	db, owner := pgtest.Connect(t, dsn+"&pool_max_conns=1"), connect(t, dsn)
	stored(t, db, record(uuid.NewString(), "a"))
	run(t, owner, `ALTER TABLE idempotency_keys SET (autovacuum_enabled = off)`, `ANALYZE idempotency_keys`)
	stored(t, db, record(uuid.NewString(), "a")) // planned for a table of one page
	run(t, owner, `INSERT INTO idempotency_keys (tenant_id, key, fingerprint, event_id) SELECT k.tenant_id, 'k' || n, k.fingerprint, k.event_id FROM (SELECT * FROM idempotency_keys LIMIT 1) k, generate_series(1, 200000) n`)
	records := make([]*signalbox.Record, 200)
	for i := range records {
		records[i] = record(uuid.NewString(), "a")
	}
	stored(t, db, records...) // 200 looks at 200,000 rows would outlast its timeout
}
