package crashtest

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
)

// TestTemporalDown kills Temporal under load: sends stay accepted, in time, and
// what they called for starts once Temporal is back.
func TestTemporalDown(t *testing.T) {
	away := 8 * time.Second
	if fromEnv(t, "SIGNALBOX_CRASH_ROUNDS", 1) > 1 {
		away = 30 * time.Second
	}
	pg := newPostgres(t) // Temporal's own
	dir, port := depsDir(t), strconv.Itoa(freePort(t))
	up := func() *deps {
		return startDeps(t, dir, "--no-postgres", "--postgres-dsn", pg.Postgres, "--temporal-port", port)
	}
	temporal := up()
	r := newRig(t, pgtest.DSN(t), temporal.Temporal)
	s := startServer(t, serverOptions{dsn: r.dsn, temporal: r.temporal, listen: freeAddress(t), flags: patient}).ready(t)
	l := &load{name: "down", key: r.key, urls: []string{s.url}, clients: 6, pause: 80 * time.Millisecond, seed: 2}
	l.start(t.Context())
	defer l.stop()

	l.await(t, 50)
	killed := time.Since(l.began)
	temporal.kill()
	select {
	case <-time.After(away):
	case <-s.exited:
		t.Fatal("the server has ended")
	}
	starting := time.Since(l.began)
	pending, err := r.pending(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, pending, "nothing waits for Temporal")
	up()
	back := time.Now()
	require.True(t, r.awaitStarted(t, pending, back.Add(away+30*time.Second)), "the backlog does not drain")
	t.Logf("%d starts waited; they were made within %s of Temporal's return", len(pending), time.Since(back).Round(time.Millisecond))
	l.await(t, 50)
	l.stop()

	accepted := 0
	for _, e := range l.log() {
		require.Contains(t, []string{"", codeConflict}, e.Code, "a send failed: %s", e.Message)
		if e.At > killed && e.At < starting && e.Outcome == "PENDING" {
			accepted++
		}
	}
	require.Positive(t, accepted, "no answer was PENDING while Temporal was away")
	t.Logf("%d answers were PENDING while Temporal was away", accepted)
	l.requireWithin(t, "", startTimeout+slack)
	r.check(t, l, soon)
}
