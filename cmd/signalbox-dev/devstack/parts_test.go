package devstack

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/log/tag"
)

func TestOptionsReportEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	o := Options{NoTemporal: true, PostgresDSN: "postgres://x", TemporalPort: 70000, UIPort: 80000}
	err := o.complete()
	require.ErrorContains(t, err, "a logger is required")
	require.ErrorContains(t, err, "neither Postgres nor Temporal")
	require.ErrorContains(t, err, "Temporal port 70000")
	require.ErrorContains(t, err, "UI port 80000")
}

func TestTeardownIsLastInFirstOutAndGoesOnAfterAFault(t *testing.T) {
	t.Parallel()
	down := &teardown{logger: slog.New(slog.DiscardHandler)}
	var order []string
	for _, name := range []string{"first", "second", "third"} {
		down.push(name, func(context.Context) error {
			order = append(order, name)
			if name == "second" {
				return errors.New("stuck")
			}
			return nil
		})
	}
	require.EqualError(t, down.run(t.Context()), "stop second: stuck")
	require.Equal(t, []string{"third", "second", "first"}, order)
	require.NoError(t, down.run(t.Context()))
	require.Len(t, order, 3)
}

func TestATakenPortIsNamedWithItsFlag(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", ""} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		addr, ok := l.Addr().(*net.TCPAddr)
		require.True(t, ok)
		require.EqualError(t, CheckPort(t.Context(), addr.Port, "--some-port"),
			"port "+strconv.Itoa(addr.Port)+" is in use: stop what listens there or choose another with --some-port")
	}
	ports, err := freePorts(t.Context(), 20)
	require.NoError(t, err)
	seen := map[int]bool{}
	for _, port := range ports {
		require.False(t, seen[port])
		seen[port] = true
		require.NoError(t, CheckPort(t.Context(), port, "--some-port"))
	}
}

func TestALockNamesItsHolderAndOutlivesItsFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// What a killed process leaves is a file and no lock.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres.lock"), []byte("4194304\n"), 0o600))
	release, err := lockPart(dir, "postgres")
	require.NoError(t, err)
	_, err = lockPart(dir, "postgres")
	require.EqualError(t, err, dir+" is in use by signalbox-dev (pid "+strconv.Itoa(os.Getpid())+"): stop that one or choose another folder with --dir")
	other, err := lockPart(dir, "temporal")
	require.NoError(t, err)
	require.NoError(t, other(t.Context()))
	require.NoError(t, release(t.Context()))
	release, err = lockPart(dir, "postgres")
	require.NoError(t, err)
	require.NoError(t, release(t.Context()))
}

func TestReclaimLooksAtWhosePidItIs(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	tests := []struct {
		name, text string
		stays      bool
	}{
		{"cut off", "", false},
		{"no number", "postgres\n", false},
		{"not a server", "1\n", false},
		{"a process that is gone", "4194304\n/data\n", true},
		{"a process that is not Postgres", strconv.Itoa(os.Getpid()) + "\n/data\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			path := filepath.Join(data, "postmaster.pid")
			require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o600))
			require.NoError(t, reclaim(t.Context(), data, logger))
			_, err := os.Stat(path)
			require.Equal(t, tt.stays, err == nil)
		})
	}
	require.NoError(t, reclaim(t.Context(), t.TempDir(), logger), "nothing left")
}

func TestComplaintIsTheFirstFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "it said nothing",
		"2026 [1] LOG:  starting\n2026 [1] FATAL:  could not map\n2026 [1] HINT:  less\n": "could not map",
		"initdb: error: directory is not empty\ninitdb: hint: remove it\n":                "directory is not empty",
		"something\nelse\n\n": "else",
	} {
		require.Equal(t, want, complaintIn(text))
	}
}

func TestAnOvergrownLogIsSetAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postgres.log")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), maxLogBytes+1), 0o600))
	logged, err := openServerLog(path)
	require.NoError(t, err)
	require.NoError(t, logged.file.Close())
	require.Zero(t, logged.from)
	_, err = os.Stat(path + ".old")
	require.NoError(t, err)
}

func TestTemporalStoresReadTheDSN(t *testing.T) {
	t.Parallel()
	stores, err := temporalStores("postgres://me:s%40crt@db.example:6000/x?sslmode=disable")
	require.NoError(t, err)
	for database, store := range stores {
		require.Equal(t, database, store.SQL.DatabaseName)
		require.Equal(t, "db.example:6000", store.SQL.ConnectAddr)
		require.Equal(t, "me", store.SQL.User)
		require.Equal(t, "s@crt", store.SQL.Password)
		require.Equal(t, "disable", store.SQL.ConnectAttributes["sslmode"])
	}
	_, err = temporalStores("postgres://me@/x?host=/var/run/postgresql")
	require.ErrorContains(t, err, "needs a TCP address")
	_, err = temporalStores("nonsense://")
	require.Error(t, err)
}

func TestTemporalLoggerReportsWhatIsFatal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	reported := make(chan error, 1)
	l := temporalLogger{
		logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})),
		fatal:  func(err error) { reported <- err },
	}
	tagged := l.With(tag.NewStringTag("service", "history"))
	tagged.Info("not worth a line")
	require.Empty(t, out.String())
	tagged.Warn("odd", tag.NewInt("n", 1))
	require.Contains(t, out.String(), "level=WARN msg=odd service=history n=1")
	require.Panics(t, func() { tagged.Panic("broken") })
	go tagged.Fatal("cannot go on", tag.Error(errors.New("no disk")))
	require.EqualError(t, <-reported, "Temporal gave up: cannot go on: no disk")
}
