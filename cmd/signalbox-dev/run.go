package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/signalbox/signalbox/cmd/signalbox-dev/demo"
	"github.com/signalbox/signalbox/cmd/signalbox-dev/devstack"
	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/signalbox"
)

type runCmd struct {
	stackFlags

	Listen string `default:"127.0.0.1:8080" help:"Where Signalbox listens; port 0 picks a free one."`
	NoDemo bool   `name:"no-demo" help:"Leave the demo's event types, rules and worker out."`
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

	if !c.NoDemo {
		stopWorker, err := c.startWorker(ctx, stack)
		if err != nil {
			return err
		}
		defer stopLast(ctx, &err, stopWorker)
	}

	server, key, err := c.startApp(ctx, stack)
	if err != nil {
		return err
	}
	defer stopLast(ctx, &err, server.Stop)

	printURLs(os.Stdout, stack, server.Addr(), key, time.Since(began))
	fmt.Fprintf(os.Stdout, "For the signalbox command (make build puts it into bin/):\n\n%s\n\n", exportLine(stack.PostgresDSN, c.path(secretKeyFile)))
	fmt.Fprintf(os.Stdout, "Send an event:\n\n%s\n\n", curlLine("http://"+server.Addr()+"/graphql", key))
	select {
	case <-ctx.Done():
		return nil
	case err := <-stack.Failed():
		return err
	}
}

// startApp is what `signalbox migrate up`, `signalbox keys create`, `signalbox apply`
// and `signalbox serve` do in production. It gives the key that lets in.
func (c *runCmd) startApp(ctx context.Context, stack *devstack.Stack) (server *app.App, key string, err error) {
	if _, err := app.MigrateUp(ctx, stack.PostgresDSN); err != nil {
		return nil, "", err
	}
	operator := app.Operator{DSN: stack.PostgresDSN}
	if operator.SecretKeys, err = c.secretKeys(); err != nil {
		return nil, "", err
	}
	if key, err = c.key(ctx, operator); err != nil {
		return nil, "", err
	}
	if !c.NoDemo {
		if _, err := operator.Apply(ctx, signalbox.DefaultTenantSlug, demo.Catalogue, false, c.quietLogger()); err != nil {
			return nil, "", err
		}
	}
	server, err = app.New(ctx, app.Options{
		DSN:           stack.PostgresDSN,
		SecretKeys:    operator.SecretKeys,
		Temporal:      app.TemporalOptions{Address: stack.TemporalAddress, Namespace: devstack.Namespace},
		Listen:        c.Listen,
		Playground:    true,
		Introspection: true,
		Suggestions:   true,
		// Whoever may load the page gets the key: the page is this machine's alone.
		PlaygroundHeaders: map[string]string{"Authorization": "Bearer " + key},
		Logger:            c.quietLogger(),
	})
	if err != nil {
		return nil, "", err
	}
	if err := server.Start(ctx); err != nil {
		return nil, "", errors.Join(err, server.Stop(ctx))
	}
	return server, key, nil
}

// startWorker runs the demo worker, whose log goes to a file: a worker repeats
// itself for as long as a workflow that it does not know is waiting.
func (c *runCmd) startWorker(ctx context.Context, stack *devstack.Stack) (stop func(context.Context) error, err error) {
	out, err := os.Create(filepath.Join(c.Dir, "worker.log"))
	if err != nil {
		return nil, fmt.Errorf("open the worker's log: %w", err)
	}
	worker, err := demo.Start(ctx, demo.Config{
		Address:   stack.TemporalAddress,
		Namespace: devstack.Namespace,
		Logger:    slog.New(slog.NewTextHandler(out, nil)),
	})
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return func(ctx context.Context) error { return errors.Join(worker.Stop(ctx), out.Close()) }, nil
}

// stopLast is deferred after each start. Ctrl-C has ended the context by then,
// so stopping gets time of its own.
func stopLast(ctx context.Context, err *error, stop func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	*err = errors.Join(*err, stop(ctx))
}

func printURLs(out io.Writer, stack *devstack.Stack, listen, key string, after time.Duration) {
	fmt.Fprintf(out, "ready after %s\n\n", after.Round(10*time.Millisecond))
	for _, line := range []struct{ name, value string }{
		{"GraphQL", "http://" + listen + "/graphql"},
		{"Playground", "http://" + listen + "/playground"},
		{"Temporal UI", stack.UIURL},
		{"Temporal", stack.TemporalAddress},
		{"Postgres", stack.PostgresDSN},
		{"API key", key},
	} {
		if line.value != "" {
			fmt.Fprintf(out, "  %-12s %s\n", line.name, line.value)
		}
	}
	fmt.Fprintln(out)
}

// exportLine lets the operator's commands work on this database.
func exportLine(dsn, secretKeys string) string {
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	return "  export SIGNALBOX_DSN=" + quote(dsn) + " SIGNALBOX_SECRET_KEYS_FILE=" + quote(secretKeys)
}

// curlLine is one line that works when it is pasted into a POSIX shell.
func curlLine(graphql, key string) string {
	return `  curl -s ` + graphql + ` -H 'Authorization: Bearer ` + key + `' -H 'Content-Type: application/json' -d '{"query":"mutation($input: SendCustomEventInput!) { sendCustomEvent(input: $input) { success outcome workflows { type id runID } } }","variables":{"input":{"type":"inventory","operation":"low_stock_alert","payload":{"id":"item-42","data":{"current":3,"threshold":10}}}}}'`
}
