package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/signalbox"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Apply what is missing."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations, and which are applied."`
}

type migrateUpCmd struct{ databaseFlags }

func (c *migrateUpCmd) Run(ctx context.Context, out output) error {
	applied, err := app.MigrateUp(ctx, c.DSN)
	for _, m := range applied {
		fmt.Fprintf(out.stdout, "applied %s in %s\n", m.Name, m.Took.Round(time.Millisecond))
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(out.stdout, "nothing to do: the schema is up to date")
	}
	return err
}

type migrateStatusCmd struct{ databaseFlags }

func (c *migrateStatusCmd) Run(ctx context.Context, out output) error {
	all, err := app.MigrationStatus(ctx, c.DSN)
	for _, m := range all {
		state := "missing"
		if !m.AppliedAt.IsZero() {
			state = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(out.stdout, "%-40s %s\n", m.Name, state)
	}
	return err
}

type applyCmd struct {
	operatorFlags

	File   string `short:"f" required:"" help:"The file, in YAML; - is standard input." placeholder:"FILE"`
	Tenant string `help:"Whose types and rules they are, a slug." default:"default" env:"SIGNALBOX_TENANT"`
	DryRun bool   `help:"Check everything and say what would change, and save nothing."`
}

func (c *applyCmd) Run(ctx context.Context, out output) error {
	text, err := readFile(c.File)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(out.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	applied, err := c.operator().Apply(ctx, c.Tenant, text, c.DryRun, log)
	if err != nil {
		return err
	}
	if len(applied.Changes) == 0 {
		fmt.Fprintln(out.stderr, "warning: the file has neither types nor rules in it")
	}
	for _, w := range applied.Warnings {
		fmt.Fprintln(out.stderr, "warning: "+w.Message)
	}
	printChanges(out.stdout, applied.Changes, c.DryRun)
	return nil
}

// shortDetails is up to how many lines a change tells of without being asked.
const shortDetails = 5

// printChanges names what was created or changed and how, and counts the rest.
func printChanges(w io.Writer, changes []signalbox.Change, dryRun bool) {
	unchanged := 0
	for _, c := range changes {
		if c.Action == signalbox.Unchanged {
			unchanged++
			continue
		}
		fmt.Fprintf(w, "%s %s %s\n", c.Kind, c.Name, c.Action)
		if dryRun || c.Action == signalbox.Changed && len(c.Details) <= shortDetails {
			for _, line := range c.Details {
				fmt.Fprintf(w, "  %s\n", line)
			}
		}
	}
	fmt.Fprintf(w, "%d changed, %d unchanged", len(changes)-unchanged, unchanged)
	if dryRun {
		fmt.Fprint(w, "; this was a dry run, nothing is saved")
	}
	fmt.Fprintln(w)
}

type schemaCmd struct{}

func (schemaCmd) Run(out output) error {
	_, err := out.stdout.Write(app.FileSchema())
	return err
}

func readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	text, err := os.ReadFile(name) //nolint:gosec // the operator names it.
	if err != nil {
		return nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	return text, nil
}

type versionCmd struct{}

func (versionCmd) Run(out output) error {
	_, err := fmt.Fprintln(out.stdout, "signalbox "+version())
	return err
}

// version is the module's version, or the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return "devel"
}
