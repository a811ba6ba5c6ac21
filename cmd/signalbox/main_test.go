package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
)

// try runs a command line and gives what an operator sees.
func try(t *testing.T, ctx context.Context, args ...string) (stdout string, err error) { //nolint:revive // the test comes first, as in testify.
	t.Helper()
	var out, log bytes.Buffer
	err = run(ctx, args, &out, &log)
	if err != nil {
		require.NotContains(t, oneLine(err), "\n")
		require.NotContains(t, oneLine(err), "goroutine", "no stack")
	}
	return out.String(), err
}

func TestFaultsAreSentencesThatSayWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	dsn := pgtest.DSN(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":     {[]string{"serve", "--nonsense"}, "--help"},
		"bad number":       {[]string{"serve", "--max-backlog", "many"}, "max-backlog"},
		"negative limit":   {[]string{"serve", "--dsn", dsn, "--max-backlog=-1"}, "negative"},
		"no database":      {[]string{"serve"}, "set --dsn or SIGNALBOX_DSN"},
		"database is away": {[]string{"serve", "--dsn", "postgres://u@127.0.0.1:1/x"}, "Postgres does not answer at 127.0.0.1:1"},
		"schema is behind": {[]string{"serve", "--dsn", pgtest.EmptyDSN(t)}, "run `signalbox migrate up`"},
		"beyond loopback":  {[]string{"serve", "--dsn", dsn, "--listen", "0.0.0.0:8080"}, "loopback only"},
		"every address":    {[]string{"serve", "--dsn", dsn, "--listen", ":8080"}, "loopback only"},
		"not an address":   {[]string{"serve", "--dsn", dsn, "--listen", "8080"}, "host:port"},
		"port taken":       {[]string{"serve", "--dsn", dsn, "--listen", taken.Addr().String()}, "choose another address with --listen"},
		"pprof beyond":     {[]string{"serve", "--dsn", dsn, "--pprof-listen", "0.0.0.0:6060"}, "--pprof-listen takes a loopback address"},
		"no such file":     {[]string{"apply", "--dsn", dsn, "-f", "/nowhere.yaml"}, "/nowhere.yaml"},
		"half a TLS pair":  {[]string{"serve", "--dsn", dsn, "--temporal-tls-cert", "x.pem"}, "needs both files"},
		"no such tenant":   {[]string{"apply", "--dsn", dsn, "--tenant", "nobody", "-f", write(t, "types: []")}, `there is no tenant "nobody"`},
		"a file's fault":   {[]string{"apply", "--dsn", dsn, "-f", write(t, "types: [{type: a}]")}, `type "a" has no operations`},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := try(t, ctx, c.args...)
			require.ErrorContains(t, err, c.want)
			require.NoError(t, ctx.Err())
		})
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestMigrateAndApply(t *testing.T) {
	dsn := pgtest.EmptyDSN(t)
	out, err := try(t, t.Context(), "migrate", "status", "--dsn", dsn)
	require.NoError(t, err)
	require.Contains(t, out, "missing")
	out, err = try(t, t.Context(), "migrate", "up", "--dsn", dsn)
	require.NoError(t, err)
	require.Contains(t, out, "applied 0001")
	out, err = try(t, t.Context(), "migrate", "up", "--dsn", dsn)
	require.NoError(t, err)
	require.Contains(t, out, "nothing to do")

	file := write(t, "types: [{type: a, operations: [b]}]\nrules: [{name: r, on: {event: 'a:b'}, start: {workflow: W, taskQueue: q}}]")
	out, err = try(t, t.Context(), "apply", "--dsn", dsn, "-f", file)
	require.NoError(t, err)
	require.Equal(t, "event type a:b created\nrule r created\n2 changed, 0 unchanged\n", out)
	out, err = try(t, t.Context(), "apply", "--dsn", dsn, "-f", file)
	require.NoError(t, err)
	require.Equal(t, "0 changed, 2 unchanged\n", out)
}

func TestServeStopsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	var out bytes.Buffer
	log := &notifying{substring: "signalbox listens", found: make(chan struct{})}
	go func() {
		done <- run(ctx, []string{"serve", "--dsn", pgtest.DSN(t), "--listen", "127.0.0.1:0", "--temporal-address", "127.0.0.1:1"}, &out, log)
	}()
	select {
	case <-log.found: // Temporal being down is no reason not to start
	case err := <-done:
		t.Fatalf("ended early: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("not listening")
	}
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("it did not stop")
	}
}

// notifying is a log that tells when a text has come by.
type notifying struct {
	substring string
	found     chan struct{}
}

func (n *notifying) Write(p []byte) (int, error) {
	if strings.Contains(string(p), n.substring) {
		close(n.found)
	}
	return len(p), nil
}

func TestHelpAndVersion(t *testing.T) {
	out, err := try(t, t.Context())
	require.NoError(t, err)
	require.Contains(t, out, "serve")
	out, err = try(t, t.Context(), "version")
	require.NoError(t, err)
	require.Regexp(t, `^signalbox \S+\n$`, out)
}
