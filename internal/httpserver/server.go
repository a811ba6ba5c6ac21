package httpserver

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// The limits of every connection.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 20 * time.Second // of header and body
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	maxTargetBytes    = 16 << 10
	readyTimeout      = 2 * time.Second
	// answerTime is what is left, after a request's deadline, for an answer to be
	// made and to reach a slow client.
	answerTime = 30 * time.Second
)

// The defaults.
const (
	DefaultRequestTimeout = 30 * time.Second
	DefaultMaxConnections = 10_000 // for LimitListener
)

// Config is what the server serves.
type Config struct {
	GraphQL    http.Handler
	Playground http.Handler // nil: there is none
	// Stopping tells whether connections are to be given up after the request under
	// way, so that a stop finds them idle; nil means never.
	Stopping func() bool
	// Ready is nil when requests can be served.
	Ready func(ctx context.Context) error
	// Authenticate says who is calling. It is asked of every request for data, before
	// the body is read; its error is an answer, which the handler gives in its own
	// manner.
	Authenticate func(r *http.Request) (signalbox.Principal, error)
	// RequestTimeout is the deadline of a request for data; 0 means
	// DefaultRequestTimeout.
	RequestTimeout time.Duration
	// LoopbackOnly refuses requests whose Host is not this machine's own name for
	// itself, which is what stands against a web page that rebinds its DNS name to
	// 127.0.0.1 while there is no authentication.
	LoopbackOnly bool
	// Ambient is set where whoever reaches the server is let in, with no credential
	// in the request: requests that browsers send for pages of other origins are
	// refused then.
	Ambient bool
	// CORSOrigins are those whose pages may read answers, as scheme://host[:port];
	// none by default.
	CORSOrigins []string
	// HSTS says that clients come by TLS, which a proxy takes off.
	HSTS   bool
	Logger *slog.Logger
}

// New makes the server. The caller listens, serves and shuts it down.
func New(cfg Config) (*http.Server, error) {
	if cfg.GraphQL == nil || cfg.Ready == nil || cfg.Authenticate == nil || cfg.Logger == nil {
		return nil, errors.New("httpserver.New: a part of the config is missing")
	}
	if cfg.RequestTimeout < 0 {
		return nil, errors.New("the time limit of requests cannot be negative")
	}
	if err := checkOrigins(cfg.CORSOrigins); err != nil {
		return nil, err
	}
	timeout := cmp.Or(cfg.RequestTimeout, DefaultRequestTimeout)
	graphql, err := door(&cfg, timeout)
	if err != nil {
		return nil, err
	}

	r := chi.NewRouter()
	r.Use(withRequestID, withSecurityHeaders(cfg.HSTS), withRecovery(cfg.Logger), lastIfChunked, shortTargets)
	if cfg.Stopping != nil {
		r.Use(lastRequests(cfg.Stopping))
	}
	if cfg.LoopbackOnly {
		r.Use(onlyLoopbackHosts)
	}
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		writeText(w, http.StatusNotFound, "there is nothing here: GraphQL is at /graphql")
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", "GET")
		if r.URL.Path == "/graphql" {
			w.Header().Set("Allow", "GET, POST, OPTIONS")
		}
		writeText(w, http.StatusMethodNotAllowed, "this is not served with the request's method")
	})
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok") })
	r.Get("/readyz", ready(cfg.Ready))
	r.Handle("/graphql", graphql)
	if cfg.Playground != nil {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/playground", http.StatusFound) })
		r.Handle("/playground", cfg.Playground)
		r.Handle("/playground/*", cfg.Playground)
	}
	return &http.Server{
		Handler:           r,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       min(readTimeout, timeout),
		WriteTimeout:      timeout + answerTime,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// OPTIONS * is answered by the router, as everything is.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
	}, nil
}

// door is what requests for data go through: CORS answers preflights, which have no
// credential; then the deadline runs, and who is calling is asked.
func door(cfg *Config, timeout time.Duration) (http.Handler, error) {
	who := oneCredential(cfg.Authenticate)
	if cfg.Ambient {
		protection, err := protectionWith(cfg.CORSOrigins)
		if err != nil {
			return nil, err
		}
		who = sameOrigin(protection, who)
	}
	h := withDeadline(timeout)(withCaller(who)(cfg.GraphQL))
	h = withoutOptions(h)
	if len(cfg.CORSOrigins) > 0 {
		h = withCORS(cfg.CORSOrigins)(h)
	}
	return h, nil
}

// withoutOptions answers OPTIONS without asking who is calling: a preflight that
// CORS does not allow, and whoever wants to know the methods.
func withoutOptions(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			w.Header().Set("Allow", "GET, POST, OPTIONS")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ready(check func(ctx context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			writeText(w, http.StatusServiceUnavailable, "not ready: "+signalbox.AsError(err).Message)
			return
		}
		writeText(w, http.StatusOK, "ready")
	}
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
