package main

import (
	"context"
	"fmt"
	"io"
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
	databaseFlags

	File   string `short:"f" required:"" help:"The file, in YAML; - is standard input."`
	Tenant string `help:"Whose types and rules they are." default:"default" env:"SIGNALBOX_TENANT"`
}

func (c *applyCmd) Run(ctx context.Context, out output) error {
	text, err := readFile(c.File)
	if err != nil {
		return err
	}
	changes, err := app.Apply(ctx, c.DSN, c.Tenant, text)
	if err != nil {
		return err
	}
	printChanges(out.stdout, changes)
	return nil
}

// printChanges names what was created or changed and counts the rest.
func printChanges(w io.Writer, changes []signalbox.Change) {
	unchanged := 0
	for _, c := range changes {
		if c.Action == signalbox.Unchanged {
			unchanged++
			continue
		}
		fmt.Fprintf(w, "%s %s %s\n", c.Kind, c.Name, c.Action)
	}
	fmt.Fprintf(w, "%d changed, %d unchanged\n", len(changes)-unchanged, unchanged)
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
