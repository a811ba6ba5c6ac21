package postgres_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// A mark that Postgres refuses for what is in it takes down none that share its
// write, its own tenant's or another's.
func TestOneBadMarkIsDroppedAlone(t *testing.T) { // I7
	db := pgtest.Open(t)
	var records []*signalbox.Record
	for i := range 20 {
		r := record("", "a")
		r.Event.Tenant = signalbox.ID{byte(i % 3)}
		r.Dispatches[0].Tenant = r.Event.Tenant
		records = append(records, r)
	}
	stored(t, db, records...)
	marker := postgres.NewMarker(db, slog.New(slog.DiscardHandler))
	for i, r := range records {
		d := &r.Dispatches[0]
		m := signalbox.Mark{Tenant: d.Tenant, ID: d.ID, Attempt: 1, Status: signalbox.StatusStarted, RunID: "run"}
		if i == 7 {
			m.RunID = "nul\x00inside"
		}
		marker.Mark(m)
	}
	require.NoError(t, marker.Stop(t.Context()))
	for i, r := range records {
		got, err := db.Event(t.Context(), r.Event.Tenant, r.Event.ID)
		require.NoError(t, err)
		want := signalbox.StatusStarted
		if i == 7 {
			want = signalbox.StatusPending
		}
		require.Equal(t, want, got.Dispatches[0].Status, "%d", i)
	}
}
