package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/signalbox/signalbox/cmd/signalbox-dev/devstack"
)

// The variables that a command run by deps finds in its environment.
const (
	testPostgresEnv = "SIGNALBOX_TEST_POSTGRES"
	testTemporalEnv = "SIGNALBOX_TEST_TEMPORAL"
)

type depsCmd struct {
	stackFlags

	NoTemporal  bool   `help:"Run Postgres alone."`
	NoPostgres  bool   `help:"Run Temporal alone, on the Postgres of --postgres-dsn."`
	PostgresDSN string `name:"postgres-dsn" help:"Postgres to use with --no-postgres."`
	Ephemeral   bool   `help:"Use a temporary folder and remove it at the end."`

	Command []string `arg:"" optional:"" passthrough:"partial" help:"Command to run, after --."`
}

// Validate is called by kong.
func (c *depsCmd) Validate() error {
	switch {
	case c.NoPostgres && c.NoTemporal:
		return errors.New("--no-postgres and --no-temporal leave nothing to run")
	case c.NoPostgres && c.PostgresDSN == "":
		return errors.New("--no-postgres needs --postgres-dsn")
	case !c.NoPostgres && c.PostgresDSN != "":
		return errors.New("--postgres-dsn goes with --no-postgres")
	default:
		return nil
	}
}

// addresses is the line of JSON that deps prints.
type addresses struct {
	Postgres  string `json:"postgres"`
	Temporal  string `json:"temporal,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	UI        string `json:"ui,omitempty"`
}

// Run is called by kong.
func (c *depsCmd) Run(ctx context.Context) (err error) {
	if c.Ephemeral {
		dir, err := os.MkdirTemp("", "signalbox-dev-")
		if err != nil {
			return fmt.Errorf("make a temporary folder: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		// As root, Postgres runs as another user, who must get in.
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
			return fmt.Errorf("make a temporary folder: %w", err)
		}
		c.Dir = dir
	}
	logger := c.logger()
	options := c.options(logger)
	options.NoTemporal = c.NoTemporal
	options.PostgresDSN = c.PostgresDSN

	began := time.Now()
	stack, err := devstack.Start(ctx, options)
	if err != nil {
		return err
	}
	defer stopLast(ctx, &err, stack.Stop)
	logger.DebugContext(ctx, "ready", slog.Duration("after", time.Since(began)), slog.Any("parts", stack.Timings))

	if len(c.Command) > 0 {
		return runCommand(ctx, c.Command, stack)
	}
	if err := printAddresses(stack); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-stack.Failed():
		return err
	}
}

func printAddresses(stack *devstack.Stack) error {
	a := addresses{Postgres: stack.PostgresDSN, Temporal: stack.TemporalAddress, UI: stack.UIURL}
	if a.Temporal != "" {
		a.Namespace = devstack.Namespace
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(a)
}

// runCommand gives the command our terminal and waits for it. A signal to us is
// passed on, and the command's own way of ending decides.
func runCommand(ctx context.Context, command []string, stack *devstack.Stack) error {
	if command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		return errors.New("no command after --")
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // running it is the point
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), testPostgresEnv+"="+stack.PostgresDSN)
	if stack.TemporalAddress != "" {
		cmd.Env = append(cmd.Env, testTemporalEnv+"="+stack.TemporalAddress)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exitError{code: exitCode(exit)}
	case err != nil:
		return fmt.Errorf("run %s: %w", command[0], err)
	default:
		return nil
	}
}

// exitCode is the shell's number for how a command ended.
func exitCode(exit *exec.ExitError) int {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}
