package crashtest

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the server promises of its answers' times, at its default settings.
const (
	queryTimeout = 2 * time.Second
	startTimeout = 2 * time.Second
	// slack is for a machine that is busy with something else.
	slack = 3 * time.Second
)

// TestPostgresRestart takes Postgres away under load, by an immediate stop and by
// kill -9, and brings it back.
func TestPostgresRestart(t *testing.T) {
	pg := newPostgres(t)
	r := newRig(t, pg.database(t, "restarts"), sharedTemporal(t))
	s := startServer(t, serverOptions{dsn: r.dsn, temporal: r.temporal, listen: freeAddress(t)}).ready(t)
	l := &load{name: "restart", key: r.key, urls: []string{s.url}, clients: 8, pause: 60 * time.Millisecond, seed: 1}
	l.start(t.Context())
	defer l.stop()

	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		l.await(t, 100)
		away := time.Since(l.began)
		pg.end(t, signal)
		l.awaitCode(t, codeUnavailable, away)
		pg.start(t)
		back := time.Since(l.began)
		l.await(t, 50)
		t.Logf("after %s: Postgres was away for %s, the first answer came %s later",
			signal, (back - away).Round(time.Millisecond), (l.firstSuccess(back) - back).Round(time.Millisecond))
		require.Less(t, l.firstSuccess(back)-back, 3*time.Second+slack, "the pool does not heal")
	}
	l.stop()
	require.False(t, s.wait(0), "the server has ended")
	l.requireNoTransportErrors(t)
	l.requireWithin(t, codeUnavailable, queryTimeout+slack)
	l.requireWithin(t, "", queryTimeout+startTimeout+slack)
	report := r.check(t, l, soon)
	require.Positive(t, report.Acknowledged)
}
