package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is every flag and environment variable that there is.
type cli struct {
	Run  runCmd  `cmd:"" default:"withargs" help:"Run Signalbox with all that it needs (the default)."`
	Deps depsCmd `cmd:"" help:"Run only Postgres and Temporal, and print their addresses as one line of JSON. With -- and a command, run that command and stop when it ends."`
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with a result, so that deferred work is done before the exit.
func run(args []string) int {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("signalbox-dev"),
		kong.Description("Signalbox on an embedded Postgres and an embedded Temporal."),
		kong.DefaultEnvars("SIGNALBOX_DEV"),
		kong.UsageOnError(),
	)
	if err != nil {
		return fault(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fault(fmt.Errorf("%w (try signalbox-dev --help)", err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C is not caught any more: it ends the process at once, and
	// the kernel ends Postgres with it.
	context.AfterFunc(ctx, stop)

	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run()
	var exit exitError
	switch {
	case errors.As(err, &exit):
		return exit.code
	case err != nil && ctx.Err() == nil:
		return fault(err)
	default:
		return 0
	}
}

// exitError carries the exit code of a command that was run, which has said
// itself what went wrong.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// fault tells the user in one line.
func fault(err error) int {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' })
	fmt.Fprintln(os.Stderr, "signalbox-dev: "+strings.Join(lines, "; "))
	return 1
}
