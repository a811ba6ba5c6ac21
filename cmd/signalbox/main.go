// Command signalbox is the server as it runs in production, and its operator's
// tools. It parses and calls; internal/app does the work.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is every command with its flags; each flag can be set in the environment.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema up to this binary's, or show where it is."`
	Apply   applyCmd   `cmd:"" help:"Register event types and rules from a file, and say what changed."`
	Tenants tenantsCmd `cmd:"" help:"Make, list and change tenants."`
	Keys    keysCmd    `cmd:"" help:"Make, list, rotate and revoke API keys."`
	Audit   auditCmd   `cmd:"" help:"Show who changed what of a tenant, and when, newest first."`
	Secrets secretsCmd `cmd:"" help:"Make and rotate the keys of what is encrypted at rest."`
	Schema  schemaCmd  `cmd:"" help:"Print the JSON Schema of the file that apply takes, for editors."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		for _, line := range lines(err) {
			fmt.Fprintln(os.Stderr, "signalbox: "+line)
		}
		os.Exit(1)
	}
}

// output is where commands write what they were asked for.
type output struct{ stdout, stderr io.Writer }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c cli
	exited := false
	parser, err := kong.New(&c,
		kong.Name("signalbox"),
		kong.Description("A gateway from events to Temporal workflows."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exited = true }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(output{stdout, stderr}),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited { // --help has been printed
		return nil
	}
	if err != nil {
		return usageError(err)
	}
	return command.Run()
}

// usageError says where the help is of the command that the line got as far as.
func usageError(err error) error {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil {
			return fmt.Errorf("%w (see %s --help)", err, node.FullPath())
		}
	}
	return fmt.Errorf("%w (signalbox --help lists the commands)", err)
}
