package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// databaseFlags say where the database is.
type databaseFlags struct {
	DSN string `help:"Where the database is: postgres://user:password@host:5432/database. Better set in the environment, where other users do not see it." placeholder:"URL" env:"SIGNALBOX_DSN"`
}

type serveCmd struct {
	databaseFlags
	secretFlags

	Listen string `group:"HTTP:" help:"Where to listen." default:"127.0.0.1:8080" env:"SIGNALBOX_LISTEN"`
	NoAuth bool   `group:"Who may call:" help:"Take every request for the default tenant's administrator. For your own machine: it listens on loopback only." env:"SIGNALBOX_NO_AUTH"`

	OIDCIssuer           string            `group:"Who may call:" help:"Take tokens of this OpenID Connect issuer beside keys, e.g. https://id.example.com." placeholder:"URL" env:"SIGNALBOX_OIDC_ISSUER" name:"oidc-issuer"`
	OIDCAudience         string            `group:"Who may call:" help:"What must be among a token's aud." placeholder:"NAME" env:"SIGNALBOX_OIDC_AUDIENCE" name:"oidc-audience"`
	OIDCAlgorithms       []string          `group:"Who may call:" help:"The algorithms that may sign tokens; RS256,ES256,EdDSA if not given." placeholder:"NAMES" env:"SIGNALBOX_OIDC_ALGORITHMS" name:"oidc-algorithms"`
	OIDCTenantClaim      string            `group:"Who may call:" help:"The claim that names the tenant." default:"signalbox_tenant" env:"SIGNALBOX_OIDC_TENANT_CLAIM" name:"oidc-tenant-claim"`
	OIDCTenant           map[string]string `group:"Who may call:" help:"Which tenant a value of that claim is; where none is given, the value is the slug. Give the flag several times." placeholder:"VALUE=SLUG" env:"SIGNALBOX_OIDC_TENANT" name:"oidc-tenant" mapsep:";"`
	OIDCPermissionsClaim string            `group:"Who may call:" help:"The claim that holds permissions or roles." default:"signalbox_permissions" env:"SIGNALBOX_OIDC_PERMISSIONS_CLAIM" name:"oidc-permissions-claim"`
	OIDCRole             map[string]string `group:"Who may call:" help:"What a value of that claim may do, e.g. desk=events:send:order/*,events:read. Give the flag several times." placeholder:"ROLE=PERMISSIONS" env:"SIGNALBOX_OIDC_ROLE" name:"oidc-role" mapsep:";"`

	TemporalAddress       string `group:"Temporal:" help:"Temporal's frontend, host:port." default:"127.0.0.1:7233" env:"SIGNALBOX_TEMPORAL_ADDRESS"`
	TemporalNamespace     string `group:"Temporal:" help:"The namespace of rules that name none." default:"default" env:"SIGNALBOX_TEMPORAL_NAMESPACE"`
	TemporalAPIKey        string `group:"Temporal:" help:"An API key for Temporal." placeholder:"KEY" env:"SIGNALBOX_TEMPORAL_API_KEY" name:"temporal-api-key"`
	TemporalTLS           bool   `group:"Temporal:" help:"Speak TLS to Temporal." env:"SIGNALBOX_TEMPORAL_TLS" name:"temporal-tls"`
	TemporalTLSCA         string `group:"Temporal:" help:"The authority's certificate, a PEM file; the system's where none is given." placeholder:"FILE" env:"SIGNALBOX_TEMPORAL_TLS_CA" name:"temporal-tls-ca"`
	TemporalTLSCert       string `group:"Temporal:" help:"The client's certificate, a PEM file." placeholder:"FILE" env:"SIGNALBOX_TEMPORAL_TLS_CERT" name:"temporal-tls-cert"`
	TemporalTLSKey        string `group:"Temporal:" help:"The client certificate's key, a PEM file." placeholder:"FILE" env:"SIGNALBOX_TEMPORAL_TLS_KEY" name:"temporal-tls-key"`
	TemporalTLSServerName string `group:"Temporal:" help:"The name that Temporal's certificate must bear." placeholder:"NAME" env:"SIGNALBOX_TEMPORAL_TLS_SERVER_NAME" name:"temporal-tls-server-name"`

	MaxConns        int           `group:"The database:" help:"Connections to the database." default:"16" env:"SIGNALBOX_MAX_CONNS"`
	QueryTimeout    time.Duration `group:"The database:" help:"How long one operation on the database may take, the wait for a connection included." default:"2s" env:"SIGNALBOX_QUERY_TIMEOUT"`
	StartTimeout    time.Duration `group:"Temporal:" help:"How long an answer waits for Temporal." default:"2s" env:"SIGNALBOX_START_TIMEOUT"`
	MaxBacklog      int           `group:"Limits:" help:"Starts that may wait for Temporal before sends are refused." default:"100000" env:"SIGNALBOX_MAX_BACKLOG"`
	MaxPayloadBytes int           `group:"Limits:" help:"The size limit of payload.data in bytes." default:"262144" env:"SIGNALBOX_MAX_PAYLOAD_BYTES"`
	MaxInFlight     int           `group:"Limits:" help:"Sends that may be under way at once." default:"4096" env:"SIGNALBOX_MAX_IN_FLIGHT"`
	TenantRate      float64       `group:"Limits:" help:"Events a second that any one tenant may send, in each process; 0 is no limit." default:"0" env:"SIGNALBOX_TENANT_RATE"`
	TenantBurst     int           `group:"Limits:" help:"How many of them at once; 0 is one second's worth." default:"0" env:"SIGNALBOX_TENANT_BURST"`

	RequestTimeout           time.Duration `group:"HTTP:" help:"How long one request may take." default:"30s" env:"SIGNALBOX_REQUEST_TIMEOUT"`
	MaxConnections           int           `group:"HTTP:" help:"Connections that may be open at once." default:"10000" env:"SIGNALBOX_MAX_CONNECTIONS"`
	MaxConnectionsPerAddress int           `group:"HTTP:" help:"How many of them one remote address may have; 0 is no bound, as it must be behind a proxy." default:"0" env:"SIGNALBOX_MAX_CONNECTIONS_PER_ADDRESS"`
	CORSOrigin               []string      `group:"HTTP:" help:"An origin whose pages may call, e.g. https://app.example.com; several with commas between." placeholder:"ORIGIN" env:"SIGNALBOX_CORS_ORIGIN" name:"cors-origin"`
	HSTS                     bool          `group:"HTTP:" help:"Clients come by TLS, which a proxy takes off: tell browsers to insist on it." env:"SIGNALBOX_HSTS" name:"hsts"`

	Playground    bool `group:"For developers:" help:"Serve GraphiQL at /playground, and answer introspection queries." env:"SIGNALBOX_PLAYGROUND"`
	Introspection bool `group:"For developers:" help:"Answer introspection queries." env:"SIGNALBOX_INTROSPECTION"`
	Suggestions   bool `group:"For developers:" help:"Suggest names of the schema in errors." env:"SIGNALBOX_SUGGESTIONS"`

	LogFormat   string `group:"Logs and profiles:" help:"How the log on standard error is written: text or json." enum:"text,json" default:"text" env:"SIGNALBOX_LOG_FORMAT"`
	LogLevel    string `group:"Logs and profiles:" help:"The least that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"SIGNALBOX_LOG_LEVEL"`
	PprofListen string `group:"Logs and profiles:" help:"Serve Go's profiles on this loopback address, e.g. 127.0.0.1:6060." placeholder:"ADDRESS" env:"SIGNALBOX_PPROF_LISTEN"`
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
		Temporal: app.TemporalOptions{
			Address: c.TemporalAddress, Namespace: c.TemporalNamespace, APIKey: c.TemporalAPIKey,
			TLS: app.TemporalTLS{
				Enabled: c.TemporalTLS || c.TemporalAPIKey != "", CAFile: c.TemporalTLSCA, CertFile: c.TemporalTLSCert,
				KeyFile: c.TemporalTLSKey, ServerName: c.TemporalTLSServerName,
			},
		},
		Listen: c.Listen, NoAuth: c.NoAuth, OIDC: c.oidc(), SecretKeys: c.SecretKeys,
		CORSOrigins: c.CORSOrigin, HSTS: c.HSTS, RequestTimeout: c.RequestTimeout,
		MaxConnections: c.MaxConnections, MaxConnectionsPerAddress: c.MaxConnectionsPerAddress,
		TenantLimits: signalbox.Limits{Rate: c.TenantRate, Burst: c.TenantBurst},
		Playground:   c.Playground, Introspection: c.Introspection || c.Playground, Suggestions: c.Suggestions,
		StartTimeout: c.StartTimeout, MaxBacklog: c.MaxBacklog, MaxPayloadBytes: c.MaxPayloadBytes, MaxInFlight: c.MaxInFlight,
		Logger: log,
	})
	if err != nil {
		return err
	}
	return a.Run(ctx, func(addr string) {
		if c.NoAuth {
			log.Warn("there is no authentication (--no-auth): whoever reaches this server is the default tenant's administrator, and so it listens on loopback only")
		}
		log.Info("signalbox listens", "graphql", "http://"+addr+"/graphql", "authentication", !c.NoAuth, "version", version())
	})
}

// oidc is nil where nothing is said of an issuer. Roles and the like without one are
// no reason to go on without: who gave them believes that tokens are taken.
func (c *serveCmd) oidc() *app.OIDCConfig {
	if c.OIDCIssuer == "" && c.OIDCAudience == "" && len(c.OIDCAlgorithms) == 0 && len(c.OIDCTenant) == 0 && len(c.OIDCRole) == 0 {
		return nil
	}
	roles := make(map[string][]string, len(c.OIDCRole))
	for role, permissions := range c.OIDCRole {
		for permission := range strings.SplitSeq(permissions, ",") {
			roles[role] = append(roles[role], strings.TrimSpace(permission))
		}
	}
	return &app.OIDCConfig{
		Issuer: c.OIDCIssuer, Audience: c.OIDCAudience, Algorithms: c.OIDCAlgorithms,
		TenantClaim: c.OIDCTenantClaim, TenantMap: c.OIDCTenant,
		PermissionsClaim: c.OIDCPermissionsClaim, RoleMap: roles,
	}
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
