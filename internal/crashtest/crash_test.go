package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/faultpoint"
	"github.com/signalbox/signalbox/internal/pgtest"
)

// resumeWithin is what RELIABILITY promises of PENDING work after a restart.
const resumeWithin = 10 * time.Second

// crashPoints are the points with the range of hits at which to die: flushes and
// batches of marks are fewer than sends: on a slow machine not many more than one
// client's.
var crashPoints = []struct {
	point    faultpoint.Point
	from, to int
}{
	{faultpoint.P0Parsed, 5, 70},
	{faultpoint.P1Inserted, 3, 12},
	{faultpoint.P2CommitSent, 3, 12},
	{faultpoint.P3Committed, 5, 70},
	{faultpoint.P4StartSent, 5, 50},
	{faultpoint.P5Started, 5, 50},
	{faultpoint.P6Marked, 3, 10},
}

// tally is a line of the summary.
type tally struct {
	mu                                         sync.Mutex
	rounds, kills, acknowledged, lost, doubled int
	starved                                    int // rounds in which Temporal was too slow to tell when work resumed
	slowestResume                              time.Duration
}

// TestCrash kills the server at each point of the road under load, starts it
// again, and looks for what was lost or doubled. SIGNALBOX_CRASH_ROUNDS is the
// number of rounds a point, SIGNALBOX_CRASH_SEED varies them.
func TestCrash(t *testing.T) {
	rounds, seed := fromEnv(t, "SIGNALBOX_CRASH_ROUNDS", 1), fromEnv(t, "SIGNALBOX_CRASH_SEED", 1)
	tallies := make([]tally, len(crashPoints))
	t.Run("rounds", func(t *testing.T) {
		for round := range rounds {
			for i, p := range crashPoints {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(round*len(crashPoints)+i)))
				fault := fmt.Sprintf("%s:%d", p.point, p.from+rng.IntN(p.to-p.from+1))
				t.Run(fmt.Sprintf("%s/%d", p.point, round), func(t *testing.T) {
					t.Parallel()
					crash(t, fault, rng.Uint64(), &tallies[i])
				})
			}
		}
	})
	for i := range tallies {
		s := &tallies[i]
		t.Logf("%s: rounds %d, kills %d, acknowledged %d, lost %d, doubled %d, slowest resumption %s, starved %d",
			crashPoints[i].point, s.rounds, s.kills, s.acknowledged, s.lost, s.doubled, s.slowestResume.Round(time.Millisecond), s.starved)
	}
}

// crash is one round.
func crash(t *testing.T, fault string, seed uint64, sum *tally) {
	t.Logf("fault %s, seed %d", fault, seed)
	sum.mu.Lock()
	sum.rounds++
	sum.mu.Unlock()

	r := newRig(t, pgtest.DSN(t), sharedTemporal(t))
	o := serverOptions{dsn: r.dsn, temporal: r.temporal, listen: freeAddress(t), fault: fault}
	first := startServer(t, o).ready(t)
	l := &load{name: "crash", key: r.key, urls: []string{first.url}, clients: 8, sends: 15, seed: seed}
	l.start(t.Context())
	defer l.stop()
	select {
	case <-first.exited:
	case <-l.done():
		require.True(t, first.wait(soon), "the fault point %s was not reached", fault)
	}
	require.True(t, first.killed(), "the server ended by itself: %v", first.err)
	left, err := r.pending(t.Context())
	require.NoError(t, err)

	o.fault = ""
	second := startServer(t, o).ready(t)
	inTime := r.awaitStarted(t, left, time.Now().Add(resumeWithin)) // what a busy machine takes to start it is not counted
	resumed := time.Since(second.began)
	starved := !inTime && r.temporalWasSlow(t)
	if !inTime && !starved {
		t.Errorf("PENDING work has not started within %s of the restart; what is PENDING now: %v", resumeWithin, r.whyPending(t))
	}
	select {
	case <-l.done():
	case <-time.After(2 * time.Minute):
		t.Fatal("the clients do not come to an end")
	}
	report := r.check(t, l, soon)

	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.kills++
	sum.acknowledged += report.Acknowledged
	sum.lost += report.Lost
	sum.doubled += report.Doubled
	if starved {
		sum.starved++
		return
	}
	sum.slowestResume = max(sum.slowestResume, resumed)
}

func fromEnv(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "%s is a number", name)
	require.Positive(t, n, "%s is a number above zero", name)
	return n
}
