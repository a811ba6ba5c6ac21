package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/signalbox/signalbox/cmd/signalbox-dev/demo"
	"github.com/signalbox/signalbox/cmd/signalbox-dev/devstack"
)

type runCmd struct {
	stackFlags
}

// Run is called by kong. It starts from the ground up and stops from the top
// down: Postgres and Temporal, the demo worker, and above them the app, which
// needs nothing of the stack but its DSN and address.
func (c *runCmd) Run(ctx context.Context) (err error) {
	logger := c.logger()
	began := time.Now()
	stack, err := devstack.Start(ctx, c.options(logger))
	if err != nil {
		return err
	}
	defer stopLast(ctx, &err, stack.Stop)

	worker, err := demo.Start(ctx, demo.Config{
		Address:   stack.TemporalAddress,
		Namespace: devstack.Namespace,
		Logger:    c.quietLogger(),
	})
	if err != nil {
		return err
	}
	defer stopLast(ctx, &err, worker.Stop)

	printURLs(os.Stdout, stack, time.Since(began))
	select {
	case <-ctx.Done():
		return nil
	case err := <-stack.Failed():
		return err
	}
}

// stopLast is deferred after each start. Ctrl-C has ended the context by then,
// so stopping gets time of its own.
func stopLast(ctx context.Context, err *error, stop func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	*err = errors.Join(*err, stop(ctx))
}

func printURLs(out io.Writer, stack *devstack.Stack, after time.Duration) {
	fmt.Fprintf(out, "ready after %s\n\n", after.Round(10*time.Millisecond))
	for _, line := range []struct{ name, url string }{
		{"Temporal UI", stack.UIURL},
		{"Temporal", stack.TemporalAddress},
		{"Postgres", stack.PostgresDSN},
	} {
		if line.url != "" {
			fmt.Fprintf(out, "  %-12s %s\n", line.name, line.url)
		}
	}
}
