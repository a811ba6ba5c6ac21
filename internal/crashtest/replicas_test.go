package crashtest

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
)

// lease is for how long a claim, and a fresh event's first attempt, keep other
// replicas away.
const lease = 6 * time.Second

// attempt is how long one try at a start may take: a start that is PENDING for longer
// is held by a server that does not go on.
const attempt = 4 * time.Second

// patient has a server wait for a database that a busy machine makes slow, where an
// error to a client would be a fault of the test.
var patient = []string{"--query-timeout", "20s"}

// TestTwoReplicas pauses one of two servers past its lease, in the middle of its
// starts, and lets it go on when the other has made them.
func TestTwoReplicas(t *testing.T) {
	r := newRig(t, pgtest.DSN(t), sharedTemporal(t))
	replicas := make([]*server, 2)
	urls := make([]string, 2)
	for i := range replicas {
		replicas[i] = startServer(t, serverOptions{dsn: r.dsn, temporal: r.temporal, listen: freeAddress(t)}).ready(t)
		urls[i] = replicas[i].url
	}
	l := &load{name: "pair", key: r.key, urls: urls, clients: 16, pause: 30 * time.Millisecond, seed: 4, timeout: 3 * time.Second}
	l.start(t.Context())
	defer l.stop()

	for round := range min(2, fromEnv(t, "SIGNALBOX_CRASH_ROUNDS", 1)) {
		l.await(t, 100)
		paused := replicas[round%2]
		held := r.pauseAtWork(t, paused)
		require.True(t, r.awaitStarted(t, held, time.Now().Add(lease+4*time.Second+slack)),
			"the other replica does not take over what the paused one held")
		retaken := r.attemptsOf(t, held)
		paused.signal(t, syscall.SIGCONT)
		l.await(t, 50)
		t.Logf("round %d: the paused replica held %d starts; the other made them, at attempts %v", round, len(held), retaken)
		for _, attempts := range retaken {
			require.GreaterOrEqual(t, attempts, 2, "a start that was held was made without a new claim")
		}
	}
	l.stop()
	r.check(t, l, soon)
}

// pauseAtWork stops a replica at a moment when it holds starts: those that stay
// PENDING while the other replica goes on, for longer than a start of its own could.
func (r *rig) pauseAtWork(t *testing.T, s *server) []string {
	t.Helper()
	for range 50 {
		s.signal(t, syscall.SIGSTOP)
		t.Cleanup(func() { _ = s.cmd.Process.Signal(syscall.SIGCONT) })
		first, err := r.pending(t.Context())
		require.NoError(t, err)
		if !r.awaitStarted(t, first, time.Now().Add(attempt+time.Second/2)) {
			left, err := r.pending(t.Context())
			require.NoError(t, err)
			if held := intersection(first, left); len(held) > 0 {
				return held
			}
		}
		s.signal(t, syscall.SIGCONT)
	}
	require.Fail(t, "the replica was never caught with a start")
	return nil
}

func (r *rig) attemptsOf(t *testing.T, ids []string) []int {
	t.Helper()
	found, err := rows(t.Context(), r.dsn, pgx.RowTo[int], `SELECT attempts FROM dispatches WHERE id IN ('`+strings.Join(ids, "','")+`')`)
	require.NoError(t, err)
	return found
}

func intersection(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, id := range b {
		in[id] = true
	}
	var both []string
	for _, id := range a {
		if in[id] {
			both = append(both, id)
		}
	}
	return both
}

// gracePeriod is how long an orderly end may take.
const gracePeriod = 20 * time.Second

// TestSigterm asks the server to end under load, and starts it again.
func TestSigterm(t *testing.T) {
	r := newRig(t, pgtest.DSN(t), sharedTemporal(t))
	o := serverOptions{dsn: r.dsn, temporal: r.temporal, listen: freeAddress(t), flags: patient}
	s := startServer(t, o).ready(t)
	l := &load{name: "term", key: r.key, urls: []string{s.url}, clients: 12, pause: 20 * time.Millisecond, seed: 5}
	l.start(t.Context())
	defer l.stop()
	for range 3 {
		l.await(t, 100)
		asked := time.Now()
		s.signal(t, syscall.SIGTERM)
		require.True(t, s.wait(gracePeriod), "the server does not end within %s", gracePeriod)
		require.NoError(t, s.err, "the exit code is not 0")
		left, err := r.pending(t.Context())
		require.NoError(t, err)
		leased, err := rows(t.Context(), r.dsn, pgx.RowTo[string],
			`SELECT id::text FROM dispatches WHERE status = 'PENDING' AND error_code IS NULL AND due_at > now() + interval '1 second'`)
		require.NoError(t, err)
		require.Empty(t, leased, "the server keeps leases beyond its end")
		t.Logf("ended after %s, with %d starts left to the next", time.Since(asked).Round(time.Millisecond), len(left))
		s = startServer(t, o).ready(t)
		l.await(t, 20)
	}
	l.stop()
	reasons := make(map[string]int)
	for _, e := range l.log() {
		require.Contains(t, []string{"", codeConflict, Transport}, e.Code, "a send failed: %s", e.Message)
		if e.Code == Transport {
			_, reason, _ := strings.Cut(e.Message, "/graphql\": ")
			reasons[reason]++
		}
	}
	t.Logf("requests without an answer: %v", reasons)
	r.check(t, l, soon)
}
