package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/catalogue"
	"github.com/signalbox/signalbox/internal/dashboard"
	"github.com/signalbox/signalbox/internal/dispatch"
	"github.com/signalbox/signalbox/internal/httpserver"
	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/limit"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	partitionsEvery = time.Hour
	// drainPause lets balancers see that the server is not ready, and clients give up
	// their connections, before any is closed.
	drainPause = 300 * time.Millisecond
	// shutdownTimeout bounds the wait for requests under way.
	shutdownTimeout = 10 * time.Second
)

// App is a Signalbox server.
type App struct {
	opts     Options
	db       *postgres.DB
	live     *catalogue.Live
	limiter  *limit.Limiter
	server   *http.Server
	listener net.Listener
	down     teardown
	stopping atomic.Bool
	served   chan error
	// begin sets going what speaks to Temporal. A server that cannot serve starts no
	// workflows, and says one line: why it cannot.
	begin func()
}

// New makes every part, reaches the database once and sets going what keeps up with
// it; Start opens the door and sets going the rest. Temporal is not asked: it may be
// down.
func New(ctx context.Context, options Options) (*App, error) {
	opts, err := options.complete()
	if err != nil {
		return nil, err
	}
	a := &App{opts: opts, down: teardown{log: opts.Logger}, served: make(chan error, 1)}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.down.run(ctx))
	}
	return a, nil
}

// build is the one straight line along which everything is made. What it starts it
// puts on the teardown stack at once.
func (a *App) build(ctx context.Context) error {
	o, log := a.opts, a.opts.Logger
	if err := a.openDatabase(ctx); err != nil {
		return err
	}
	live, err := catalogue.NewLive(ctx, a.db, o.Temporal.Namespace, log)
	if err != nil {
		return err
	}
	a.live = live
	a.down.background("catalogue", live.Run)

	temporal, err := dispatch.Dial(o.Temporal)
	if err != nil {
		return err
	}
	a.down.push("temporal client", func(context.Context) error { temporal.Close(); return nil })

	marker := postgres.NewMarker(a.db, log)
	a.down.push("marks", marker.Stop)
	runner, err := dispatch.NewRunner(dispatch.Config{
		Temporal:   temporal.WorkflowService(),
		Mark:       marker.Mark,
		TenantSlug: live.TenantSlug,
		Logger:     log,
	})
	if err != nil {
		return err
	}
	relay := dispatch.NewRelay(a.db, runner, log)
	a.begin = func() {
		a.down.background("relay", relay.Run)
		a.down.background("temporal probe", func(ctx context.Context) { dispatch.Probe(ctx, temporal.WorkflowService(), o.Temporal) })
	}
	road, err := a.buildRoad(runner, relay)
	if err != nil {
		return err
	}
	return a.buildHTTP(road)
}

// openDatabase refuses one that this binary cannot work with.
func (a *App) openDatabase(ctx context.Context) error {
	o := a.opts
	if o.Migrate {
		if _, err := MigrateUp(ctx, o.DSN); err != nil {
			return err
		}
	}
	config := postgres.Config{DSN: o.DSN, MaxConns: o.MaxConns, Timeout: o.QueryTimeout}
	var err error
	if config.Secrets, err = sealer(o.SecretKeys); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, config)
	if err != nil {
		return err
	}
	a.db = db
	a.down.push("database", func(context.Context) error { db.Close(); return nil })
	if err := db.CheckVersion(ctx); err != nil {
		return err
	}
	if err := db.CheckSecrets(ctx); err != nil {
		return asSentence(err)
	}
	if err := db.EnsurePartitions(ctx, time.Now()); err != nil {
		return fmt.Errorf("make the weekly partitions: %w", err)
	}
	a.down.background("partitions", a.keepPartitions)
	return nil
}

func (a *App) buildRoad(starter ingest.Starter, relay ingest.Relay) (*ingest.Service, error) {
	o := a.opts
	gauge, err := limit.NewGauge(limit.GaugeConfig{Count: a.db.CountPending, Backlog: o.MaxBacklog, Alone: a.live.Alone, Now: time.Now, Random: rand.Float64})
	if err != nil {
		return nil, err
	}
	a.down.background("backlog gauge", gauge.Run)

	limits := payload.DefaultLimits()
	if o.MaxPayloadBytes > 0 {
		limits.MaxBytes = o.MaxPayloadBytes
	}
	limiter, err := limit.New(limit.Config{
		Server:   o.TenantLimits.Within(signalbox.Limits{PayloadBytes: limits.MaxBytes, Batch: signalbox.MaxBatch}),
		InFlight: o.MaxInFlight, Alone: a.live.Alone, Now: time.Now, Random: rand.Float64,
	})
	if err != nil {
		return nil, err
	}
	a.limiter = limiter
	return ingest.New(ingest.Config{
		Catalogue: a.live,
		Store: struct {
			*postgres.Appender
			*postgres.DB
		}{postgres.NewAppender(a.db), a.db},
		Starter: starter,
		Relay:   relay,
		Backlog: gauge,
		Limiter: limiter,
		Limits: ingest.Limits{
			Payload: limits, StartTimeout: o.StartTimeout, Lease: dispatch.Lease,
		},
		Logger: o.Logger,
	})
}

func (a *App) buildHTTP(road *ingest.Service) error {
	o, log := a.opts, a.opts.Logger
	store := catalogueStore{a.db}
	editor, err := catalogue.NewEditor(catalogue.EditorConfig{Store: store, Live: a.live, Logger: log})
	if err != nil {
		return err
	}
	explainer, err := catalogue.NewExplainer(a.live, store)
	if err != nil {
		return err
	}
	access, err := a.buildAccess()
	if err != nil {
		return err
	}
	handler, err := graph.New(graph.Config{
		Sender:        road,
		Tester:        road,
		Events:        a.db,
		Dispatches:    a.db,
		Catalogue:     a.live,
		RuleEditor:    editor,
		TypeEditor:    editor,
		Explainer:     explainer,
		History:       a.db,
		Keys:          a.db,
		KeyEditor:     access.keys,
		Tenants:       access.tenants,
		Directory:     a.db,
		Audit:         a.db,
		Principal:     httpserver.Principal,
		RequestID:     httpserver.RequestID,
		Logger:        log,
		PerTenant:     o.TenantLimits,
		Introspection: o.Introspection,
		Suggestions:   o.Suggestions,
	})
	if err != nil {
		return err
	}
	var playground http.Handler
	if o.Playground {
		playground = dashboard.Playground(dashboard.PlaygroundConfig{Endpoint: "/graphql", Headers: o.PlaygroundHeaders})
	}
	a.server, err = httpserver.New(httpserver.Config{
		GraphQL:        handler,
		Playground:     playground,
		Ready:          a.ready,
		Stopping:       a.stopping.Load,
		Authenticate:   access.authenticate,
		RequestTimeout: o.RequestTimeout,
		LoopbackOnly:   o.NoAuth || len(o.PlaygroundHeaders) > 0,
		Ambient:        o.NoAuth,
		CORSOrigins:    o.CORSOrigins,
		HSTS:           o.HSTS,
		Logger:         log,
	})
	return err
}

func (a *App) ready(ctx context.Context) error {
	if a.stopping.Load() {
		return signalbox.Errorf(signalbox.CodeUnavailable, "the server is stopping")
	}
	return a.db.CheckVersion(ctx)
}

func (a *App) keepPartitions(ctx context.Context) {
	tick := time.NewTicker(partitionsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := a.db.EnsurePartitions(ctx, time.Now()); err != nil && ctx.Err() == nil {
				a.opts.Logger.Error("the weekly partitions cannot be made; there are some for weeks ahead", "error", err)
			}
		}
	}
}

// Start listens and serves, and returns at once.
func (a *App) Start(ctx context.Context) error {
	listener, err := Listen(ctx, a.opts.Listen, "--listen")
	if err != nil {
		return err
	}
	listener = httpserver.LimitListener(listener, a.opts.MaxConnections, a.opts.MaxConnectionsPerAddress)
	a.listener = listener
	a.begin()
	go func() { a.served <- a.server.Serve(listener) }()
	a.down.push("http server", func(ctx context.Context) error {
		time.Sleep(drainPause)
		ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
		defer cancel()
		if err := a.server.Shutdown(ctx); err != nil {
			return errors.Join(err, a.server.Close())
		}
		return nil
	})
	return nil
}

// Addr is where the server listens, once started.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Stop refuses new work, sees through what is under way, and takes everything
// down, within bounded time. It may be called twice.
func (a *App) Stop(ctx context.Context) error {
	a.stopping.Store(true)
	return a.down.run(context.WithoutCancel(ctx))
}

// Run starts, serves until ctx ends or the server fails, and stops.
func (a *App) Run(ctx context.Context, started func(addr string)) error {
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, a.Stop(ctx))
	}
	if started != nil {
		started(a.Addr())
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-a.served:
	}
	return errors.Join(err, a.Stop(ctx))
}
