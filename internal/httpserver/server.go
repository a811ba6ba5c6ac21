package httpserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// The limits of every connection. A request's own deadline is the road's.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 20 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	readyTimeout      = 2 * time.Second
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
	// Principal says who is calling.
	Principal func(r *http.Request) (signalbox.Principal, error)
	// LoopbackOnly refuses requests whose Host is not this machine's own name for
	// itself, which is what stands against a web page that rebinds its DNS name to
	// 127.0.0.1 while there is no authentication.
	LoopbackOnly bool
	Logger       *slog.Logger
}

// New makes the server. The caller listens, serves and shuts it down.
func New(cfg Config) (*http.Server, error) {
	if cfg.GraphQL == nil || cfg.Ready == nil || cfg.Principal == nil || cfg.Logger == nil {
		return nil, errors.New("httpserver.New: a part of the config is missing")
	}
	r := chi.NewRouter()
	r.Use(withRequestID, withRecovery(cfg.Logger))
	if cfg.Stopping != nil {
		r.Use(lastRequests(cfg.Stopping))
	}
	if cfg.LoopbackOnly {
		r.Use(onlyLoopbackHosts)
	}
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok") })
	r.Get("/readyz", ready(cfg.Ready))
	r.Group(func(r chi.Router) {
		r.Use(withPrincipal(cfg.Principal))
		r.Handle("/graphql", cfg.GraphQL)
	})
	if cfg.Playground != nil {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/playground", http.StatusFound) })
		r.Handle("/playground", cfg.Playground)
		r.Handle("/playground/*", cfg.Playground)
	}
	return &http.Server{
		Handler:           r,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
	}, nil
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
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
