package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"
)

// The flags of signalbox-dev that choose a port, for the sentences that say so.
const (
	postgresPortFlag = "--postgres-port"
	temporalPortFlag = "--temporal-port"
	uiPortFlag       = "--ui-port"
)

// stopTimeout bounds Stop whatever its caller says.
const stopTimeout = 30 * time.Second

// Stack is what has been started. Its fields are empty for parts that were not.
type Stack struct {
	// PostgresDSN is for the owner of a database named signalbox. It is the one
	// in Options where Postgres was already there.
	PostgresDSN string
	// TemporalAddress is host:port of the frontend.
	TemporalAddress string
	// UIURL is where a browser finds Temporal's UI.
	UIURL string
	// Timings say how long each part took to start.
	Timings map[string]time.Duration

	teardown *teardown
	failed   chan error
}

// Start brings up what the options ask for, in order, and undoes it again if a
// part of it fails. Locks and ports are checked before anything is started.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	if err := o.prepareDir(); err != nil {
		return nil, err
	}
	s := &Stack{
		PostgresDSN: o.PostgresDSN,
		Timings:     map[string]time.Duration{},
		teardown:    &teardown{logger: o.Logger},
		failed:      make(chan error, 1),
	}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, o Options) error {
	runPostgres, runTemporal := o.PostgresDSN == "", !o.NoTemporal
	runUI := runTemporal && o.UIPort >= 0
	if err := s.lock(ctx, o, runPostgres, runTemporal); err != nil {
		return err
	}
	ports, err := choosePorts(ctx, o, runPostgres, runTemporal, runUI)
	if err != nil {
		return err
	}
	if runPostgres {
		if err := s.timed("postgres", func() error { return s.startPostgres(ctx, o, ports.postgres) }); err != nil {
			return err
		}
	}
	if runTemporal {
		if err := s.timed("temporal", func() error { return s.startTemporal(ctx, o, ports.temporal) }); err != nil {
			return err
		}
	}
	if runUI {
		return s.timed("ui", func() error { return s.startUI(ctx, ports.ui, ports.temporal.frontend) })
	}
	return nil
}

func (s *Stack) timed(part string, start func() error) error {
	began := time.Now()
	err := start()
	s.Timings[part] = time.Since(began)
	return err
}

// lock takes what is ours alone, and clears away what a killed run has left.
func (s *Stack) lock(ctx context.Context, o Options, runPostgres, runTemporal bool) error {
	for _, part := range []struct {
		name string
		run  bool
	}{{"postgres", runPostgres}, {"temporal", runTemporal}} {
		if !part.run {
			continue
		}
		release, err := lockPart(o.Dir, part.name)
		if err != nil {
			return err
		}
		s.teardown.push("lock of "+part.name, release)
	}
	if !runPostgres {
		return nil
	}
	return reclaim(ctx, filepath.Join(o.Dir, "postgres"), o.Logger)
}

type stackPorts struct {
	postgres, ui int
	temporal     temporalPorts
}

func choosePorts(ctx context.Context, o Options, runPostgres, runTemporal, runUI bool) (stackPorts, error) {
	var ports stackPorts
	var faults []error
	choose := func(run bool, into *int, port int, flag string) {
		if !run {
			return
		}
		chosen, err := choosePort(ctx, port, flag)
		*into = chosen
		faults = append(faults, err)
	}
	choose(runPostgres, &ports.postgres, o.PostgresPort, postgresPortFlag)
	choose(runTemporal, &ports.temporal.frontend, o.TemporalPort, temporalPortFlag)
	choose(runUI, &ports.ui, o.UIPort, uiPortFlag)
	if runTemporal {
		inner, err := freePorts(ctx, 3)
		if err != nil {
			return ports, err
		}
		ports.temporal.history, ports.temporal.matching, ports.temporal.worker = inner[0], inner[1], inner[2]
	}
	return ports, errors.Join(faults...)
}

func (s *Stack) startPostgres(ctx context.Context, o Options, port int) error {
	server, err := startPostgres(ctx, o, port)
	if err != nil {
		return err
	}
	s.PostgresDSN = server.dsn
	stopping := make(chan struct{})
	s.teardown.push("postgres", func(ctx context.Context) error {
		close(stopping)
		return server.stop(ctx, stopPostgres...)
	})
	go func() {
		<-server.done
		select {
		case <-stopping:
		default:
			s.fail(fmt.Errorf("Postgres ended by itself (see %s)", filepath.Join(o.Dir, "postgres.log")))
		}
	}()
	return nil
}

func (s *Stack) startTemporal(ctx context.Context, o Options, ports temporalPorts) error {
	o.Logger.DebugContext(ctx, "starting Temporal", slog.Int("port", ports.frontend))
	server, err := startTemporal(ctx, o, s.PostgresDSN, ports, s.fail)
	if err != nil {
		return err
	}
	s.TemporalAddress = hostPort(ports.frontend)
	s.teardown.push("temporal", server.stop)
	return nil
}

func (s *Stack) startUI(ctx context.Context, port, temporalPort int) error {
	stop, err := startUI(ctx, port, temporalPort)
	if err != nil {
		return err
	}
	s.UIURL = "http://" + hostPort(port)
	s.teardown.push("temporal's ui", stop)
	return nil
}

// Failed yields an error if a part ends without having been asked to. The rest
// is still running then, and is to be stopped.
func (s *Stack) Failed() <-chan error { return s.failed }

func (s *Stack) fail(err error) {
	select {
	case s.failed <- err:
	default: // one reason is enough
	}
}

// Stop ends every part, the last one first. It takes no longer than its context
// or half a minute, and can be called again.
func (s *Stack) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	return s.teardown.run(ctx)
}
