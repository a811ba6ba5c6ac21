package devstack

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// DefaultDir is where a stack keeps its data unless told otherwise.
const DefaultDir = ".signalbox"

// Namespace is the Temporal namespace that every stack registers.
const Namespace = "default"

// DownloadPostgres as Options.PostgresBin takes the downloaded server even where
// one is installed.
const DownloadPostgres = "download"

// Options say what to run and where. The zero value of every field but Logger
// is usable.
type Options struct {
	// Dir holds data, logs and locks. Two stacks cannot share one, except for
	// a Postgres alone beside a Temporal alone.
	Dir string

	// PostgresPort, TemporalPort and UIPort are on 127.0.0.1; 0 picks a free
	// one, and a negative UIPort runs no UI.
	PostgresPort int
	TemporalPort int
	UIPort       int

	// PostgresDSN names a server that is already there; no Postgres is started
	// then. Its user must be allowed to create databases.
	PostgresDSN string

	// NoTemporal runs Postgres alone.
	NoTemporal bool

	// PostgresBin is the folder of the server's binaries. Empty searches the
	// usual places and downloads only if they hold none.
	PostgresBin string

	// PostgresRepository is the Maven repository that a download comes from;
	// empty is the library's own default.
	PostgresRepository string

	// PostgresCache keeps downloaded binaries for every stack of this user;
	// empty is the system's cache folder.
	PostgresCache string

	// Logger tells what a slow start is doing. Required.
	Logger *slog.Logger
}

func (o *Options) complete() error {
	var faults []error
	if o.Logger == nil {
		faults = append(faults, errors.New("devstack: a logger is required"))
	}
	if o.NoTemporal && o.PostgresDSN != "" {
		faults = append(faults, errors.New("neither Postgres nor Temporal is left to start"))
	}
	for _, p := range []struct {
		name string
		port int
	}{{"Postgres", o.PostgresPort}, {"Temporal", o.TemporalPort}, {"UI", o.UIPort}} {
		if p.port > 65535 {
			faults = append(faults, fmt.Errorf("%s port %d is out of range", p.name, p.port))
		}
	}
	if o.Dir == "" {
		o.Dir = DefaultDir
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		faults = append(faults, fmt.Errorf("find the data folder: %w", err))
	}
	o.Dir = dir
	return errors.Join(faults...)
}

// prepareDir makes the data folder and resolves links in its path, so that it
// can be compared with what the kernel says of a running process.
func (o *Options) prepareDir() error {
	// Others may pass through: as root, Postgres runs as another user. What is
	// worth hiding has its own mode.
	if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // see above
		return fmt.Errorf("make the data folder: %w", err)
	}
	dir, err := filepath.EvalSymlinks(o.Dir)
	if err != nil {
		return fmt.Errorf("find the data folder: %w", err)
	}
	o.Dir = dir
	return nil
}
