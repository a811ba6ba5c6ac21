package app_test

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/dispatch"
	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/pgtest"
)

// What a server that cannot start says is one line. Temporal is none of its business
// before it listens.
func TestAServerThatCannotListenSaysNothingElse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	away, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, away.Close())
	var log logtest.Log
	server, err := app.New(t.Context(), app.Options{
		DSN: pgtest.DSN(t), Listen: taken.Addr().String(),
		Temporal: dispatch.DialOptions{Address: away.Addr().String(), Namespace: "default"},
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	require.Never(t, func() bool { return log.String() != "" }, time.Second, 20*time.Millisecond)
	require.ErrorContains(t, server.Start(t.Context()), "--listen")
	require.NoError(t, server.Stop(t.Context()))
	require.Empty(t, log.String())
}
