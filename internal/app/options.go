package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/signalbox/signalbox/internal/dispatch"
)

// Options are what an operator can set. Zero values mean the defaults.
type Options struct {
	DSN          string
	MaxConns     int
	QueryTimeout time.Duration // of one operation on the database; 2 s

	Temporal dispatch.DialOptions // its Logger is Options.Logger

	Listen     string // "127.0.0.1:8080"; port 0 picks one
	Playground bool
	// Introspection and Suggestions tell clients of the schema and of near misses
	// in names of fields.
	Introspection bool
	Suggestions   bool

	StartTimeout    time.Duration // how long an answer waits for Temporal; 2 s
	MaxBacklog      int           // PENDING starts beyond which sends are refused; 100,000
	MaxPayloadBytes int           // of payload.data; 256 KiB
	MaxInFlight     int           // sends under way at once; 4096

	// Migrate brings the schema up before anything else; otherwise a schema that
	// is behind is an error.
	Migrate bool

	Logger *slog.Logger
}

// The defaults that are not a package's own.
const (
	DefaultListen          = "127.0.0.1:8080"
	DefaultTemporalAddress = "127.0.0.1:7233"
	DefaultNamespace       = "default"
)

// complete fills in defaults and refuses what cannot work, in words for the operator.
func (o Options) complete() (Options, error) {
	if o.Logger == nil {
		return o, errors.New("app.New: a logger is needed")
	}
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	if o.Temporal.Address == "" {
		o.Temporal.Address = DefaultTemporalAddress
	}
	if o.Temporal.Namespace == "" {
		o.Temporal.Namespace = DefaultNamespace
	}
	o.Temporal.Logger = o.Logger
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return o, fmt.Errorf("--listen takes host:port, e.g. 127.0.0.1:8080, and not %q", o.Listen)
	}
	if !isLoopback(host) {
		return o, fmt.Errorf("there is no authentication yet, so this server listens on loopback only: use --listen 127.0.0.1:8080 and not %q", o.Listen)
	}
	if o.StartTimeout < 0 || o.MaxBacklog < 0 || o.MaxPayloadBytes < 0 || o.MaxInFlight < 0 || o.QueryTimeout < 0 {
		return o, errors.New("a limit cannot be negative")
	}
	return o, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
