package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/dispatch"
)

// databaseFlags say where the database is.
type databaseFlags struct {
	DSN string `help:"Where the database is: postgres://user:password@host:5432/database." env:"SIGNALBOX_DSN"`
}

type serveCmd struct {
	databaseFlags

	Listen string `help:"Where to listen. Loopback only, while there is no authentication." default:"127.0.0.1:8080" env:"SIGNALBOX_LISTEN"`

	TemporalAddress       string `help:"Temporal's frontend, host:port." default:"127.0.0.1:7233" env:"SIGNALBOX_TEMPORAL_ADDRESS"`
	TemporalNamespace     string `help:"The namespace of rules that name none." default:"default" env:"SIGNALBOX_TEMPORAL_NAMESPACE"`
	TemporalAPIKey        string `help:"An API key for Temporal." env:"SIGNALBOX_TEMPORAL_API_KEY" name:"temporal-api-key"`
	TemporalTLS           bool   `help:"Speak TLS to Temporal." env:"SIGNALBOX_TEMPORAL_TLS" name:"temporal-tls"`
	TemporalTLSCA         string `help:"The authority's certificate, a PEM file; the system's where none is given." env:"SIGNALBOX_TEMPORAL_TLS_CA" name:"temporal-tls-ca"`
	TemporalTLSCert       string `help:"The client's certificate, a PEM file." env:"SIGNALBOX_TEMPORAL_TLS_CERT" name:"temporal-tls-cert"`
	TemporalTLSKey        string `help:"The client certificate's key, a PEM file." env:"SIGNALBOX_TEMPORAL_TLS_KEY" name:"temporal-tls-key"`
	TemporalTLSServerName string `help:"The name that Temporal's certificate must bear." env:"SIGNALBOX_TEMPORAL_TLS_SERVER_NAME" name:"temporal-tls-server-name"`

	MaxConns        int           `help:"Connections to the database." default:"16" env:"SIGNALBOX_MAX_CONNS"`
	QueryTimeout    time.Duration `help:"How long one operation on the database may take, the wait for a connection included." default:"2s" env:"SIGNALBOX_QUERY_TIMEOUT"`
	StartTimeout    time.Duration `help:"How long an answer waits for Temporal." default:"2s" env:"SIGNALBOX_START_TIMEOUT"`
	MaxBacklog      int           `help:"Starts that may wait for Temporal before sends are refused." default:"100000" env:"SIGNALBOX_MAX_BACKLOG"`
	MaxPayloadBytes int           `help:"The size limit of payload.data in bytes." default:"262144" env:"SIGNALBOX_MAX_PAYLOAD_BYTES"`
	MaxInFlight     int           `help:"Sends that may be under way at once." default:"4096" env:"SIGNALBOX_MAX_IN_FLIGHT"`

	Playground    bool `help:"Serve GraphiQL at /playground." env:"SIGNALBOX_PLAYGROUND"`
	Introspection bool `help:"Answer introspection queries; the playground needs it." env:"SIGNALBOX_INTROSPECTION"`
	Suggestions   bool `help:"Suggest names of the schema in errors." env:"SIGNALBOX_SUGGESTIONS"`

	LogFormat   string `help:"text or json." enum:"text,json" default:"text" env:"SIGNALBOX_LOG_FORMAT"`
	LogLevel    string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"SIGNALBOX_LOG_LEVEL"`
	PprofListen string `help:"Serve Go's profiles on this loopback address, e.g. 127.0.0.1:6060." env:"SIGNALBOX_PPROF_LISTEN"`
}

// gcPercent is how much garbage there may be for what lives. Little lives here, so
// that Go's default of 100 collects dozens of times a second under load and takes a
// fifth of the processor time of accepting; at 400 it takes little, for some 20 MB
// more. GOGC and GOMEMLIMIT in the environment have their usual meaning.
const gcPercent = 400

func (c *serveCmd) Run(ctx context.Context, out output) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log, err := c.logger(out)
	if err != nil {
		return err
	}
	if c.PprofListen != "" {
		if err := servePprof(ctx, c.PprofListen, log); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, app.Options{
		DSN: c.DSN, MaxConns: c.MaxConns, QueryTimeout: c.QueryTimeout,
		Temporal: dispatch.DialOptions{
			Address: c.TemporalAddress, Namespace: c.TemporalNamespace, APIKey: c.TemporalAPIKey,
			TLS: dispatch.TLSOptions{
				Enabled: c.TemporalTLS || c.TemporalAPIKey != "", CAFile: c.TemporalTLSCA, CertFile: c.TemporalTLSCert,
				KeyFile: c.TemporalTLSKey, ServerName: c.TemporalTLSServerName,
			},
		},
		Listen: c.Listen, Playground: c.Playground, Introspection: c.Introspection || c.Playground, Suggestions: c.Suggestions,
		StartTimeout: c.StartTimeout, MaxBacklog: c.MaxBacklog, MaxPayloadBytes: c.MaxPayloadBytes, MaxInFlight: c.MaxInFlight,
		Logger: log,
	})
	if err != nil {
		return err
	}
	return a.Run(ctx, func(addr string) {
		log.Info("signalbox listens, without authentication and therefore on loopback only", "graphql", "http://"+addr+"/graphql", "version", version())
	})
}

func (c *serveCmd) logger(out output) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(out.stderr, options)), nil
	}
	return slog.New(slog.NewTextHandler(out.stderr, options)), nil
}

// servePprof serves profiles until the process ends. They tell of memory's
// contents, so they are never served beyond this machine.
func servePprof(ctx context.Context, address string, log *slog.Logger) error {
	listener, err := app.ListenLoopback(ctx, address, "--pprof-listen")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { log.Debug("profiles are no longer served", "error", server.Serve(listener)) }()
	return nil
}

// oneLine is an error as an operator reads it: one sentence, whatever it is made of.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// lines is an error as an operator reads it: one line, but for a file's faults.
func lines(err error) []string {
	var several faults
	if errors.As(err, &several) {
		return several
	}
	return []string{oneLine(err)}
}
