package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// retention bounds how long a finished run can be looked at, and so how
	// long a start that is tried again is recognised as a repetition.
	retention = 7 * 24 * time.Hour

	temporalStartTimeout = 60 * time.Second
	temporalStopTimeout  = 10 * time.Second
)

// temporalServer is the real server, all four services, in this process.
type temporalServer struct {
	server temporal.Server
	log    *serverLog
	// idle is closed when the server's Start has returned; until then Stop must
	// not be called.
	idle chan struct{}
}

// startTemporal brings the server up on the Postgres at serverDSN and waits
// until workflows can be started. The failed function is told if the server
// gives up later.
func startTemporal(ctx context.Context, o Options, serverDSN string, ports temporalPorts, failed func(error)) (*temporalServer, error) {
	ctx, cancel := context.WithTimeout(ctx, temporalStartTimeout)
	defer cancel()
	logged, err := openServerLog(filepath.Join(o.Dir, "temporal.log"))
	if err != nil {
		return nil, err
	}
	gaveUp := make(chan error, 1)
	logger := temporalLogger{
		logger: slog.New(slog.NewTextHandler(logged.file, &slog.HandlerOptions{Level: slog.LevelWarn})),
		fatal: func(err error) {
			select {
			case gaveUp <- err:
			default:
			}
			failed(err)
		},
	}
	s := &temporalServer{log: logged, idle: make(chan struct{})}
	if err := s.start(ctx, o, serverDSN, ports, logger, gaveUp); err != nil {
		return nil, errors.Join(err, s.stop(context.WithoutCancel(ctx)))
	}
	if err := awaitTemporal(ctx, ports.frontend); err != nil {
		return nil, errors.Join(fmt.Errorf("wait for Temporal to answer (see %s): %w", logged.path, err), s.stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// start runs the server's own start, which takes no context, beside the context
// and the server's habit of ending the process.
func (s *temporalServer) start(ctx context.Context, o Options, serverDSN string, ports temporalPorts, logger temporalLogger, gaveUp <-chan error) error {
	stores, err := temporalStores(serverDSN)
	if err != nil {
		close(s.idle)
		return err
	}
	started := make(chan error, 1)
	go func() {
		defer close(s.idle)
		started <- s.startServices(ctx, o, serverDSN, stores, ports, logger)
	}()
	select {
	case err := <-started:
		if err != nil {
			return fmt.Errorf("start Temporal (see %s): %w", s.log.path, err)
		}
		return nil
	case err := <-gaveUp:
		return err
	case <-ctx.Done():
		return fmt.Errorf("start Temporal (see %s): %w", s.log.path, context.Cause(ctx))
	}
}

func (s *temporalServer) startServices(ctx context.Context, o Options, serverDSN string, stores map[string]config.DataStore, ports temporalPorts, logger temporalLogger) error {
	if err := prepareDatabases(ctx, o, serverDSN, stores, logger); err != nil {
		return err
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(temporalConfig(ports, stores)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(ports.staticHosts()),
		temporal.WithLogger(logger),
		temporal.WithDynamicConfigClient(dynamicSettings()),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
	)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return errors.Join(err, server.Stop())
	}
	s.server = server
	return nil
}

// stop ends the services. They take as long as they like; after a while they
// are left to end with the process, which loses nothing that was acknowledged.
func (s *temporalServer) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, temporalStopTimeout)
	defer cancel()
	stopped := make(chan error, 1)
	go func() {
		<-s.idle
		if s.server != nil {
			stopped <- s.server.Stop()
			return
		}
		stopped <- nil
	}()
	select {
	case err := <-stopped:
		return errors.Join(err, s.log.file.Close())
	case <-ctx.Done():
		return fmt.Errorf("Temporal is still busy: %w", ctx.Err())
	}
}

// awaitTemporal registers the namespace and waits until every shard of it can
// take a start. The server's listeners are there before that.
func awaitTemporal(ctx context.Context, port int) error {
	c, err := client.NewLazyClient(client.Options{HostPort: hostPort(port), Namespace: Namespace, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer c.Close()
	return retry(ctx, func(ctx context.Context) error {
		_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        Namespace,
			Description:                      "Made by signalbox-dev.",
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		var exists *serviceerror.NamespaceAlreadyExists
		if err != nil && !errors.As(err, &exists) {
			return err
		}
		// Ids fall on shards by their hash; these reach all four many times over.
		for i := range 8 * historyShards {
			_, err := c.DescribeWorkflowExecution(ctx, fmt.Sprintf("signalbox-dev-probe-%d", i), "")
			var notFound *serviceerror.NotFound
			if !errors.As(err, &notFound) {
				return fmt.Errorf("look for a workflow: %w", err)
			}
		}
		return nil
	})
}

func retry(ctx context.Context, try func(context.Context) error) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := try(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// quiet keeps the client's log out of ours: it only tells of attempts before
// the server was there.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
