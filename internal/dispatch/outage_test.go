package dispatch

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// said takes what was logged since it was last asked, one message a line.
func said(log *bytes.Buffer) string {
	var messages []string
	for line := range strings.Lines(log.String()) {
		messages = append(messages, strings.TrimSpace(line))
	}
	log.Reset()
	return strings.Join(messages, "\n")
}

func plain(log *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == "since") {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestAnOutageIsSaidOnceAMinuteAndWhenItIsOver(t *testing.T) { // P-19
	var log bytes.Buffer
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := newOutages(plain(&log))
	o.now = func() time.Time { return now }
	away := func(namespace string) {
		o.turnedAway(namespace, signalbox.DispatchUnavailable, serviceerror.NewUnavailable("connection refused"))
	}

	o.taken("a")
	require.Empty(t, said(&log), "all is well")
	for range 100 {
		away("a")
	}
	const first = `level=WARN msg="Temporal takes no starts; events are accepted, and their starts wait and are tried again" namespace=a code=UNAVAILABLE error="connection refused" attempts=1`
	require.Equal(t, first, said(&log))
	o.taken("a")
	away("b")
	require.Equal(t, strings.Replace(first, "=a", "=b", 1), said(&log), "what takes some and not others is away still; another namespace is another outage")
	now = now.Add(outageSaidEvery)
	away("a")
	require.Equal(t, strings.Replace(first, "attempts=1", "attempts=101", 1), said(&log))
	now = now.Add(outageOverAfter)
	o.taken("a")
	o.taken("a")
	require.Equal(t, `level=INFO msg="Temporal takes starts again" namespace=a after=1m5s attempts=101`, said(&log))
	o.turnedAway("c", signalbox.DispatchDeadline, context.Canceled)
	require.Empty(t, said(&log), "it was us who hung up")
}

func TestTheRunnerTellsOfOutages(t *testing.T) {
	var log bytes.Buffer
	fault := serviceerror.NewUnavailable("connection refused")
	runner, err := NewRunner(Config{
		Temporal: temporalFunc(func(context.Context, string) error { return fault }),
		Mark:     func(signalbox.Mark) {}, TenantSlug: acme, Logger: plain(&log),
	})
	require.NoError(t, err)
	now := time.Now()
	runner.outages.now = func() time.Time { return now }
	start := func() {
		e, d := sample()
		runner.Start(t.Context(), e, []signalbox.Dispatch{*d})
	}
	start()
	require.Contains(t, said(&log), "Temporal takes no starts")
	fault = serviceerror.NewNamespaceNotFound("ns")
	now = now.Add(outageSaidEvery)
	start()
	require.NotContains(t, said(&log), "takes no starts", "that is this start's fault")
	fault = nil
	start()
	require.Contains(t, said(&log), "Temporal takes starts again")
}

type namespacesFunc func(context.Context) error

func (f namespacesFunc) DescribeNamespace(ctx context.Context, _ *workflowservice.DescribeNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{}, f(ctx)
}

func TestAProbeTellsOfAWrongAddressAndNamespace(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"well":            {nil, ""},
		"away":            {serviceerror.NewUnavailable("connection refused"), `msg="Temporal cannot be reached; events are accepted, and their starts wait" address=host:7233 namespace=ns error="connection refused"`},
		"no namespace":    {serviceerror.NewNamespaceNotFound("ns"), "no such namespace"},
		"may start alone": {serviceerror.NewPermissionDenied("no", ""), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			Probe(t.Context(), namespacesFunc(func(context.Context) error { return c.err }), DialOptions{Address: "host:7233", Namespace: "ns", Logger: plain(&log)})
			if c.want == "" {
				require.Empty(t, log.String())
				return
			}
			require.Contains(t, log.String(), c.want)
		})
	}
	var log bytes.Buffer
	stopping, stop := context.WithCancel(t.Context())
	stop()
	Probe(stopping, namespacesFunc(context.Context.Err), DialOptions{Logger: plain(&log)})
	require.Empty(t, log.String(), "the server stops: it was us who hung up")
}

func TestAnAddressWithoutAPortIsRefused(t *testing.T) {
	for address, good := range map[string]bool{"temporal": false, "": false, "temporal:7233": true, "[::1]:7233": true, "dns:///temporal:7233": true} {
		c, err := Dial(DialOptions{Address: address, Logger: slog.New(slog.DiscardHandler)})
		if !good {
			require.ErrorContains(t, err, "--temporal-address takes host:port")
			continue
		}
		require.NoError(t, err)
		c.Close()
	}
}
