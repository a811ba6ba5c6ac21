package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/dispatch"
	"github.com/signalbox/signalbox/internal/httpserver"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// What some options are made of, so that whoever sets them needs to know app alone.
type (
	TemporalOptions = dispatch.DialOptions
	TemporalTLS     = dispatch.TLSOptions
	OIDCConfig      = auth.OIDCConfig
)

// Options are what an operator can set. Zero values mean the defaults.
type Options struct {
	DSN          string
	MaxConns     int
	QueryTimeout time.Duration // of one operation on the database; 2 s

	Temporal TemporalOptions // its Logger is Options.Logger

	Listen string // "127.0.0.1:8080"; port 0 picks one
	// NoAuth takes every request for the default tenant's administrator. Such a server
	// listens on loopback only.
	NoAuth bool
	// OIDC is the issuer whose tokens are taken beside API keys; nil takes none.
	OIDC *OIDCConfig
	// SecretKeys is the keyring for what is sealed at rest, as secrets.Parse reads it;
	// "" seals nothing.
	SecretKeys string

	Playground bool
	// PlaygroundHeaders stand in the playground's header editor. Whoever loads the page
	// can read them, so that such a server, too, listens on loopback only.
	PlaygroundHeaders map[string]string
	// CORSOrigins are those whose pages may call, as scheme://host[:port].
	CORSOrigins []string
	HSTS        bool // clients come by TLS, which a proxy takes off
	// Introspection and Suggestions tell clients of the schema and of near misses
	// in names of fields.
	Introspection bool
	Suggestions   bool

	StartTimeout    time.Duration // how long an answer waits for Temporal; 2 s
	MaxBacklog      int           // PENDING starts beyond which sends are refused; 100,000
	MaxPayloadBytes int           // of payload.data; 256 KiB
	MaxInFlight     int           // sends under way at once; 4096
	// TenantLimits hold for every tenant, beside its own. Of keys there is a tenant's own
	// limit or none, so that servers and commands are of one mind.
	TenantLimits signalbox.Limits

	RequestTimeout           time.Duration // of one request; 30 s
	MaxConnections           int           // open at once; 10,000
	MaxConnectionsPerAddress int           // of them, of one remote address; 0 is no bound

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
	if o.NoAuth && !isLoopback(host) {
		return o, fmt.Errorf("without authentication (--no-auth) this server listens on loopback only: use --listen 127.0.0.1:8080 and not %q, or leave --no-auth out", o.Listen)
	}
	if len(o.PlaygroundHeaders) > 0 && !isLoopback(host) {
		return o, fmt.Errorf("a playground with a key filled in is served on loopback only: use --listen 127.0.0.1:8080 and not %q", o.Listen)
	}
	if o.NoAuth && o.OIDC != nil {
		return o, errors.New("--no-auth lets everybody in, and --oidc-issuer names who may: leave one of them out")
	}
	for _, setting := range []struct {
		flag     string
		negative bool
	}{
		{"--max-conns", o.MaxConns < 0},
		{"--query-timeout", o.QueryTimeout < 0},
		{"--start-timeout", o.StartTimeout < 0},
		{"--max-backlog", o.MaxBacklog < 0},
		{"--max-payload-bytes", o.MaxPayloadBytes < 0},
		{"--max-in-flight", o.MaxInFlight < 0},
		{"--request-timeout", o.RequestTimeout < 0},
		{"--max-connections", o.MaxConnections < 0},
		{"--max-connections-per-address", o.MaxConnectionsPerAddress < 0},
	} {
		if setting.negative {
			return o, fmt.Errorf("%s cannot be negative: leave it out for the default", setting.flag)
		}
	}
	if faults := o.TenantLimits.Check(); len(faults) > 0 {
		return o, fmt.Errorf("--tenant-%s %s", strings.TrimPrefix(faults[0].Pointer, "/limits/"), faults[0].Message)
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = httpserver.DefaultMaxConnections
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
