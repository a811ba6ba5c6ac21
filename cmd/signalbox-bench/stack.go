package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// stackTimeout allows for a first start, which may have to download Postgres.
	stackTimeout  = 5 * time.Minute
	serverTimeout = 20 * time.Second
	// startTimeout makes a stall of a busy machine a slow start: by default an
	// answer after two seconds is PENDING, and a round of starts has to be all starts.
	startTimeout = "SIGNALBOX_START_TIMEOUT=30s"
)

// catalogue is what the server routes: an operation that no rule is on, one that
// starts a workflow, and one whose workflow notes when it ran.
const catalogue = `
types:
  - type: bench
    operations: [accepted, started, timed]
rules:
  - name: bench-start
    on: {type: bench, operation: started}
    start: {workflow: ` + workflowType + `, taskQueue: ` + startQueue + `}
  - name: bench-latency
    on: {type: bench, operation: timed}
    start: {workflow: ` + workflowType + `, taskQueue: ` + latencyQueue + `}
`

// addresses is the line of JSON that `signalbox-dev deps` prints.
type addresses struct {
	Postgres  string `json:"postgres"`
	Temporal  string `json:"temporal"`
	Namespace string `json:"namespace"`
}

// bench is a run: the stack, the processes around it, and what has been measured.
type bench struct {
	flags  *runCmd
	log    io.Writer
	report report

	stack  addresses
	tenant [16]byte
	db     *pgx.Conn
	server *server
	load   *link
	worker *link // of startQueue; nil until something is started
	// started is how many workflows that worker has been given.
	started int

	processes []*process // in the order in which they were started
}

func newBench(ctx context.Context, flags *runCmd, log io.Writer) (*bench, error) {
	b := &bench{flags: flags, log: log}
	if err := b.build(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bench) build(ctx context.Context) error {
	b.say("starting Postgres and Temporal")
	deps, err := start("signalbox-dev", nil, nil, b.flags.DevBinary, "deps", "--ephemeral", "--no-ui", "--postgres-port", "0", "--temporal-port", "0")
	if err != nil {
		return err
	}
	b.processes = append(b.processes, deps)
	line, err := deps.line(ctx, stackTimeout)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &b.stack); err != nil {
		return fmt.Errorf("signalbox-dev deps printed no addresses: %w", err)
	}
	if _, err := b.command(ctx, "", "migrate", "up"); err != nil {
		return err
	}
	if err := b.apply(ctx, catalogue); err != nil {
		return err
	}
	if b.db, err = pgx.Connect(ctx, b.stack.Postgres); err != nil {
		return err
	}
	if err := b.db.QueryRow(ctx, `SELECT id FROM tenants WHERE slug = 'default'`).Scan(&b.tenant); err != nil {
		return err
	}
	if err := b.startServer(ctx, b.stack.Temporal, false); err != nil {
		return err
	}
	b.load, err = b.startClient("load")
	return err
}

// command runs a command of the server's binary and gives its standard output.
func (b *bench) command(ctx context.Context, stdin string, args ...string) (string, error) {
	tool := exec.CommandContext(ctx, b.flags.ServerBinary, args...) //nolint:gosec // the operator names it.
	tool.Env = append(os.Environ(), "SIGNALBOX_DSN="+b.stack.Postgres)
	tool.Stdin = strings.NewReader(stdin)
	var said strings.Builder
	tool.Stderr = &said
	text, err := tool.Output()
	if err != nil {
		return "", fmt.Errorf("signalbox %s: %w: %s%s", args[0], err, text, said.String())
	}
	return string(text), nil
}

func (b *bench) apply(ctx context.Context, file string) error {
	_, err := b.command(ctx, file, "apply", "-f", "-")
	return err
}

// close ends every process, the newest first.
func (b *bench) close() error {
	if b.db != nil {
		_ = b.db.Close(context.Background())
	}
	var faults []error
	for _, p := range slices.Backward(b.processes) {
		faults = append(faults, p.stop())
	}
	b.processes = nil
	return errors.Join(faults...)
}

func (b *bench) end(p *process) error {
	b.processes = slices.DeleteFunc(b.processes, func(one *process) bool { return one == p })
	return p.stop()
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.log, format+"\n", args...) }

// server is a `signalbox serve`.
type server struct {
	*process

	address string // host:port
	pprof   string // host:port, or ""
}

// startServer runs a server against a Temporal, which may be an address where
// there is none. Where it asks for no keys, all requests are the default tenant's.
func (b *bench) startServer(ctx context.Context, temporal string, keys bool) error {
	s := &server{}
	args := []string{"serve", "--listen", "127.0.0.1:0", "--temporal-address", temporal, "--temporal-namespace", b.stack.Namespace, "--log-format", "json"}
	if !keys {
		args = append(args, "--no-auth")
	}
	if b.flags.Pprof != "" {
		var err error
		if s.pprof, err = freeAddress(ctx); err != nil {
			return err
		}
		args = append(args, "--pprof-listen", s.pprof)
	}
	ready := make(chan string, 1)
	var err error
	s.process, err = start("signalbox", append([]string{"SIGNALBOX_DSN=" + b.stack.Postgres, startTimeout}, b.flags.ServerEnv...), func(line string) {
		var said struct {
			GraphQL string `json:"graphql"`
		}
		if json.Unmarshal([]byte(line), &said) == nil && said.GraphQL != "" {
			ready <- strings.TrimSuffix(strings.TrimPrefix(said.GraphQL, "http://"), "/graphql")
		}
	}, b.flags.ServerBinary, args...)
	if err != nil {
		return err
	}
	b.server = s
	b.processes = append(b.processes, s.process)
	select {
	case s.address = <-ready:
		return nil
	case <-s.ended:
		return s.broken(errors.New("ended before it was ready"))
	case <-time.After(serverTimeout):
		return s.broken(errors.New("not ready in time"))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// freeAddress is one where nothing listens now.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
