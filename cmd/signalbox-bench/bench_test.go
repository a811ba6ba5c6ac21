package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, c := range []struct {
		name   string
		sorted []float64
		p      int
		want   float64
	}{
		{"none", nil, 50, 0},
		{"one", []float64{7}, 99, 7},
		{"the middle of three", []float64{1, 2, 9}, 50, 2},
		{"of four, the second", []float64{1, 2, 3, 4}, 50, 2},
		{"of a hundred", hundred, 99, 99},
		{"the most", hundred, 100, 100},
	} {
		t.Run(c.name, func(t *testing.T) { require.InDelta(t, c.want, percentile(c.sorted, c.p), 0) })
	}
}

func TestMedian(t *testing.T) {
	require.InDelta(t, 0, median(nil), 0)
	require.InDelta(t, 2, median([]float64{9, 1, 2}), 0)
	require.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}), 0)
}

func TestLoadCountsWhatWasDone(t *testing.T) {
	var done, closed atomic.Int64
	connect := func(context.Context, job) (operation, error) {
		return operation{
			do:    func(context.Context) error { done.Add(1); return nil },
			close: func() { closed.Add(1) },
		}, nil
	}
	s, err := load(t.Context(), job{Connections: 4, Count: 50}, 100, connect)
	require.NoError(t, err)
	require.EqualValues(t, 50, done.Load())
	require.EqualValues(t, 4, closed.Load())
	require.Equal(t, 5000, s.Count)
	require.Positive(t, s.rate())
}

func TestAnOperationThatFailsEndsTheRound(t *testing.T) {
	fault := errors.New("refused")
	_, err := load(t.Context(), job{Connections: 2, Seconds: 60}, 1, func(context.Context, job) (operation, error) {
		return operation{do: func(context.Context) error { return fault }, close: func() {}}, nil
	})
	require.ErrorIs(t, err, fault)
}

// What the lean client reads has to be what net/http wrote.
func TestTheClientSpeaksHTTP(t *testing.T) {
	var answer atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !json.Valid(body) || r.Method != http.MethodPost || r.URL.Path != "/graphql" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer sbx_1_2" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, answer.Load().(string)) //nolint:forcetypeassert // the test's own.
	}))
	defer server.Close()
	c, err := dialHTTP(t.Context(), job{Server: strings.TrimPrefix(server.URL, "http://"), Key: "sbx_1_2"})
	require.NoError(t, err)
	defer c.close()
	want := []byte(`"outcome":"NO_RULE"`)
	for _, one := range []struct {
		answer string
		times  int
		ok     bool
	}{
		{`{"data":{"sendCustomEvent":{"outcome":"NO_RULE"}}}`, 1, true},
		{`{"data":[{"outcome":"NO_RULE"},{"outcome":"NO_RULE"}]}`, 2, true},
		{`{"data":[{"outcome":"NO_RULE"},{"outcome":"PENDING"}]}`, 2, false},
		{`{"errors":[],"data":{"outcome":"NO_RULE"}}`, 1, false},
		{strings.Repeat(" ", 1900) + `"outcome":"NO_RULE"`, 1, true},
	} { // all on one connection
		answer.Store(one.answer)
		err := c.post(append(appendEvent([]byte(sendHead), operationAccepted, "ACCEPTED", "item-1"), "}}"...), want, one.times)
		require.Equal(t, one.ok, err == nil, "%s: %v", one.answer, err)
	}
	require.ErrorContains(t, c.post([]byte("{"), want, 1), "answered 400")
}

func TestAnswersThatTheClientCannotReadAreErrors(t *testing.T) {
	for _, text := range []string{"", "SMTP\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"} {
		ours, theirs := net.Pipe()
		c := &httpConn{conn: ours, reader: bufio.NewReader(ours)}
		go func() {
			_, _ = io.WriteString(theirs, text)
			_ = theirs.Close()
		}()
		_, err := c.read()
		require.Error(t, err, text)
		c.close()
	}
}

// Both sides carry the same event: about 500 bytes of data, JSON, never the same.
func TestTheEvent(t *testing.T) {
	one, other := appendData(nil, nextEntity()), appendData(nil, nextEntity())
	require.NotEqual(t, one, other)
	require.True(t, json.Valid(one))
	require.InDelta(t, 500, len(one), 100)
	require.True(t, json.Valid(appendArgument(nil, "id", "item-1")))
}

func TestTheTable(t *testing.T) {
	pairs := []pair{
		{Raw: sample{Count: 30_000, Seconds: 1, P50: 0.2, P99: 1}, Ours: sample{Count: 12_000, Seconds: 1, P50: 0.9, P99: 9}, OursCost: cost{Server: 80}},
		{Raw: sample{Count: 20_000, Seconds: 1, P50: 0.2, P99: 1}, Ours: sample{Count: 12_000, Seconds: 1, P50: 0.5, P99: 9}, OursCost: cost{Server: 80}},
		{Raw: sample{Count: 10_000, Seconds: 1, P50: 0.2, P99: 1}, Ours: sample{Count: 9_000, Seconds: 1, P50: 0.6, P99: 20}, OursCost: cost{Server: 90}},
	}
	var r report
	r.rate("accept", pairs, aim{ratio: 0.5, least: 10_000})
	r.latency("accept", pairs, aim{over: 0.3}, aim{most: 15})
	r.memory("memory", 42_000_000, 60)
	r.memory("elsewhere", 0, 60)
	var out bytes.Buffer
	require.NoError(t, r.write(&out))
	require.Equal(t, strings.TrimLeft(`
measurement  metric         raw      ours  ours/raw  aim                             met
accept       rate      20,000/s  12,000/s      0.60  ratio ≥ 0.50 and ≥ 10,000/s     yes
accept       p50        0.20 ms   0.60 ms      3.00  ≤ 0.30 ms over raw, is 0.40 ms  no
accept       p99        1.00 ms   9.00 ms      9.00  ≤ 15.00 ms                      yes
memory       resident               42 MB            ≤ 60 MB                         yes
elsewhere    resident                 n/a

processor time an event, raw → ours       client  server     Postgres     Temporal
accept                               0 µs → 0 µs   80 µs  0 µs → 0 µs  0 µs → 0 µs
`, "\n"), out.String())

	file := t.TempDir() + "/results.json"
	require.NoError(t, r.writeJSON(file))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var rows []row
	require.NoError(t, json.Unmarshal(text, &rows))
	require.Equal(t, r.rows, rows)
}

func TestProcessorTimeOfThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		require.Empty(t, processes(), "a system without proc(5)")
		return
	}
	require.Equal(t, os.Getppid(), processes()[os.Getpid()].parent)
	require.Positive(t, residentBytes(os.Getpid()))
	require.Zero(t, residentBytes(0))
	deadline := time.Now().Add(10 * time.Second)
	for processes()[os.Getpid()].own == 0 && time.Now().Before(deadline) { //nolint:revive // it burns what it measures.
	}
	require.Positive(t, processes()[os.Getpid()].own)
}

func TestFlags(t *testing.T) {
	require.NoError(t, (&runCmd{Seconds: 3, Rounds: 5, Only: []string{"accept", "drain"}}).Validate())
	require.ErrorContains(t, (&runCmd{Seconds: 3, Rounds: 5, Only: []string{"speed"}}).Validate(), "speed")
	require.Error(t, (&runCmd{Seconds: 0, Rounds: 5}).Validate())
	require.Error(t, (&runCmd{Seconds: 3, Rounds: 0}).Validate())
}

// A process that breaks is told of with its last words.
func TestLastWords(t *testing.T) {
	p, err := start("child", nil, nil, "/bin/sh", "-c", "echo the disk is full >&2; exit 3")
	require.NoError(t, err)
	_, err = p.line(t.Context(), 10*time.Second)
	require.ErrorContains(t, err, "the disk is full")
	require.ErrorContains(t, p.stop(), "exit status 3")
	_, err = start("child", nil, nil, "/nowhere/signalbox")
	require.ErrorContains(t, err, "start signalbox")
}
