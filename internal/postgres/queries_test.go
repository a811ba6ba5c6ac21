package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The outcome is derived twice: in Go for answers, in SQL for the filter. Every
// combination of dispatches must give the same.
func TestTheOutcomeFilterAgreesWithOutcomeOf(t *testing.T) { // X-02, P-22
	db := pgtest.Open(t)
	statuses := []signalbox.DispatchStatus{signalbox.StatusPending, signalbox.StatusStarted, signalbox.StatusReused, signalbox.StatusFailed}
	var records []*signalbox.Record
	var marks []signalbox.Mark
	for _, verdict := range []signalbox.Verdict{"", signalbox.VerdictDisabled, signalbox.VerdictShadow, signalbox.VerdictFiltered, signalbox.VerdictError} {
		r := record("")
		if verdict != "" {
			r.Event.Decisions = []signalbox.Decision{
				{Rule: "w", RuleVersion: 1, Verdict: signalbox.VerdictShadow},
				{Rule: "x", RuleVersion: 1, Verdict: verdict, Reason: "because"},
			}
		}
		records = append(records, r)
	}
	for _, a := range statuses {
		for _, b := range statuses {
			r := record("", "a", "b")
			for i, s := range []signalbox.DispatchStatus{a, b} {
				m := signalbox.Mark{Tenant: defaultTenant, ID: r.Dispatches[i].ID, Attempt: 1, Status: s, Delay: time.Hour}
				if s == signalbox.StatusStarted || s == signalbox.StatusReused {
					m.RunID = "run"
				}
				marks = append(marks, m)
			}
			records = append(records, r)
		}
	}
	stored(t, db, records...)
	mark(t, db, marks...)

	all, _, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, signalbox.Page{First: 100})
	require.NoError(t, err)
	require.Len(t, all, len(records))
	want := map[signalbox.Outcome][]signalbox.ID{}
	for _, e := range all {
		outcome := signalbox.OutcomeOf(e.Decisions, e.Dispatches)
		want[outcome] = append(want[outcome], e.ID)
	}
	require.Len(t, want, 6)
	for outcome, ids := range want {
		found, _, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{Outcomes: []signalbox.Outcome{outcome}}, signalbox.Page{First: 100})
		require.NoError(t, err)
		var got []signalbox.ID
		for _, e := range found {
			got = append(got, e.ID)
		}
		require.Equal(t, ids, got, "%s", outcome)
	}
}

func TestEventsPageNewestFirstAndStayInTheirTenant(t *testing.T) { // P-22, I7
	db := pgtest.Open(t)
	var records []*signalbox.Record
	for i := range 7 {
		r := record("")
		r.Event.EntityID = fmt.Sprint(i)
		records = append(records, r)
	}
	foreign := record("", "a")
	foreign.Event.Tenant, foreign.Dispatches[0].Tenant = signalbox.ID{7}, signalbox.ID{7}
	stored(t, db, append(records, foreign)...)

	var seen string
	page := signalbox.Page{First: 3}
	for {
		events, more, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, page)
		require.NoError(t, err)
		for _, e := range events {
			seen += e.EntityID
			page.After = e.ID
		}
		if !more {
			break
		}
	}
	require.Equal(t, "6543210", seen)

	_, err := db.Event(t.Context(), defaultTenant, foreign.Event.ID)
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
	dispatches, _, err := db.Dispatches(t.Context(), defaultTenant, signalbox.DispatchFilter{}, signalbox.Page{First: 10})
	require.NoError(t, err)
	require.Empty(t, dispatches)
	// The same key in two tenants is two keys.
	mine, theirs := record("k"), record("k")
	theirs.Event.Tenant, theirs.Fingerprint = signalbox.ID{7}, [32]byte{1}
	stored(t, db, mine, theirs)
	require.NotEqual(t, mine.Owner, theirs.Owner)
}

// The same edit again writes nothing, so that no replica reloads; a changed
// definition is a new version, a changed state is not.
func TestAnEditIsIdempotentAndVersionsRules(t *testing.T) {
	db := pgtest.Open(t)
	rule := signalbox.Rule{
		Name: "r", State: signalbox.RuleEnabled, RuleDefinition: signalbox.RuleDefinition{
			On:    signalbox.Pattern{Type: "a", Operation: "*"},
			Start: signalbox.StartSpec{Workflow: "W", TaskQueue: "q", StartOptions: signalbox.StartOptions{RunTimeout: time.Minute}},
		},
	}
	wanted := signalbox.Catalogue{Types: []signalbox.EventType{{Type: "a", Operation: "b"}}, Rules: []signalbox.Rule{rule}}
	edit := func() (revision int64, r signalbox.Rule) {
		stored, err := db.Edit(t.Context(), as(defaultTenant), false, func(signalbox.Tenant, signalbox.Catalogue) (signalbox.Catalogue, error) { return wanted, nil })
		require.NoError(t, err)
		tenant, err := db.TenantBySlug(t.Context(), signalbox.DefaultTenantSlug)
		require.NoError(t, err)
		require.Len(t, stored.Rules, 1)
		return tenant.Revision, stored.Rules[0]
	}
	first, _ := edit()
	again, r := edit()
	require.Equal(t, first, again, "nothing to reload")
	require.Equal(t, 1, r.Version)

	wanted.Rules[0].Start.Workflow = "W2"
	changed, r := edit()
	require.Equal(t, first+1, changed)
	require.Equal(t, 2, r.Version)
	wanted.Rules[0].State = signalbox.RuleDisabled
	changed, r = edit()
	require.Equal(t, first+2, changed)
	require.Equal(t, 2, r.Version, "the state is not part of a version")
	require.Equal(t, signalbox.RuleDisabled, r.State)
	require.WithinDuration(t, time.Now(), r.UpdatedAt, time.Minute)
}

func TestPartitionsAreMadeAheadAndOnce(t *testing.T) {
	db := pgtest.Open(t)
	now := time.Date(2031, 12, 31, 23, 0, 0, 0, time.UTC) // a Wednesday
	done := make(chan error, 4)
	for range cap(done) {
		go func() { done <- db.EnsurePartitions(t.Context(), now) }()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
	for _, at := range []time.Time{now.AddDate(0, 0, -7), now, now.AddDate(0, 0, 28)} {
		r := record("", "a")
		id := signalbox.FirstID(at)
		id[6], id[8], id[15] = 0x70, 0x80, 1
		r.Event.ID, r.Dispatches[0].EventID, r.Dispatches[0].ID = id, id, signalbox.DispatchID(id, "a")
		stored(t, db, r)
	}
}

func TestTheSchemaSaysWhenItIsBehind(t *testing.T) {
	dsn := pgtest.EmptyDSN(t)
	db := pgtest.Owner(t, dsn)
	require.ErrorContains(t, db.CheckVersion(t.Context()), "run `signalbox migrate up`")
	// The role may be there, made for another database of the cluster, or not.
	if behind, err := postgres.Open(t.Context(), postgres.Config{DSN: dsn}); err == nil {
		require.ErrorContains(t, behind.CheckVersion(t.Context()), "run `signalbox migrate up`")
		behind.Close()
	} else {
		require.ErrorContains(t, err, "run `signalbox migrate up`")
	}
	applied, err := db.MigrateUp(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, applied)
	require.NoError(t, pgtest.Connect(t, dsn).CheckVersion(t.Context()))
	applied, err = db.MigrateUp(t.Context())
	require.NoError(t, err)
	require.Empty(t, applied)
	status, err := db.MigrationStatus(t.Context())
	require.NoError(t, err)
	for _, m := range status {
		require.False(t, m.AppliedAt.IsZero(), m.Name)
	}
}

func TestOpenExplainsItself(t *testing.T) {
	_, err := postgres.Open(t.Context(), postgres.Config{})
	require.ErrorContains(t, err, "SIGNALBOX_DSN")
	_, err = postgres.Open(t.Context(), postgres.Config{DSN: "postgres://u:secret@%zz/"})
	require.ErrorContains(t, err, "postgres://user:password@localhost")
	require.NotContains(t, err.Error(), "secret")
	_, err = postgres.Open(t.Context(), postgres.Config{DSN: "postgres://u:secret@127.0.0.1:1/nothing"})
	require.ErrorContains(t, err, "Postgres does not answer at 127.0.0.1:1")
	require.NotContains(t, err.Error(), "secret")
}

// Partitions are made while events are stored and claimed: neither may wait long,
// nor dead-lock (CREATE TABLE … PARTITION OF does both).
func TestPartitionsAreMadeUnderTraffic(t *testing.T) {
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				r := record("", "a")
				r.Lease = 0
				appender.Append([]*signalbox.Record{r})
				if r.Err != nil {
					t.Error(r.Err)
				}
				if _, err := db.Claim(t.Context(), lane, 10, time.Minute); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 10 {
		require.NoError(t, db.EnsurePartitions(t.Context(), time.Now().AddDate(0, i*2, 0)))
	}
	cancel()
	wg.Wait()
}

// Many payloads at the limit must not make one flush that outlasts its timeout and
// takes the small ones down with it.
func TestLargePayloadsDoNotMakeOneLargeFlush(t *testing.T) {
	db := pgtest.Open(t)
	appender := postgres.NewAppender(db)
	large := json.RawMessage(`{"s":"` + strings.Repeat("x", 250<<10) + `"}`)
	var wg sync.WaitGroup
	for i := range 150 {
		wg.Go(func() {
			r := record("")
			if i%10 != 0 {
				r.Event.Data = large
			}
			appender.Append([]*signalbox.Record{r})
			// Where the machine is slow some are refused, and with a hint; none fails.
			if code := signalbox.ErrorCode(r.Err); code != "" && code != signalbox.CodeUnavailable && code != signalbox.CodeOverloaded {
				t.Error(r.Err)
			}
		})
	}
	wg.Wait()
	events, _, err := db.Events(t.Context(), defaultTenant, signalbox.EventFilter{}, signalbox.Page{First: 200})
	require.NoError(t, err)
	require.Greater(t, len(events), 16, "they are stored flush by flush")
}
