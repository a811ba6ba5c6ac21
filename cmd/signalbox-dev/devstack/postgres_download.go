package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// downloadable are the builds that the library pins, by major version.
var downloadable = map[int]embeddedpostgres.PostgresVersion{
	14: embeddedpostgres.V14,
	15: embeddedpostgres.V15,
	16: embeddedpostgres.V16,
	17: embeddedpostgres.V17,
	18: embeddedpostgres.V18,
}

const newestDownload = 17

// downloadPostgres fetches server binaries into the cache, unless they are
// there already. They appear under their final name only when complete, so a
// download that was cut short is simply done again.
func downloadPostgres(ctx context.Context, o Options, dataMajor int) (installation, error) {
	major := dataMajor
	if major == 0 {
		major = newestDownload
	}
	version, ok := downloadable[major]
	if !ok {
		return installation{}, fmt.Errorf("the data in %s was written by Postgres %d: install that version, or remove the folder to start anew", o.Dir, major)
	}
	cache, err := postgresCache(o)
	if err != nil {
		return installation{}, err
	}
	home := filepath.Join(cache, "postgres-"+string(version))
	if found, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
		return found, nil
	}
	o.Logger.InfoContext(ctx, "downloading Postgres; this happens once", slog.String("version", string(version)))

	done := make(chan error, 1)
	go func() { done <- fetchBinaries(o, version, cache, home) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		// The library's download cannot be interrupted. What it leaves behind
		// has a temporary name.
		err = ctx.Err()
	}
	if err != nil {
		return installation{}, fmt.Errorf("download Postgres (or install it, or name its folder with --postgres-bin): %w", err)
	}
	return inspect(ctx, filepath.Join(home, "bin"))
}

// fetchBinaries uses the library for what it is good at, the download. It
// offers that only as the first step of starting a server, and the later steps
// do not suit us: they refuse to run as root. So it is given an encoding that
// initdb refuses, and that refusal is the sign that the binaries are all there.
func fetchBinaries(o Options, version embeddedpostgres.PostgresVersion, cache, home string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil { //nolint:gosec // another user runs these binaries
		return err
	}
	scratch, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	if err := os.Chmod(scratch, 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	port, err := freePorts(context.WithoutCancel(context.Background()), 1)
	if err != nil {
		return err
	}
	unpacked := filepath.Join(scratch, "unpacked")
	config := embeddedpostgres.DefaultConfig().
		Version(version).
		Port(uint32(port[0])). //nolint:gosec // a port fits
		CachePath(filepath.Join(scratch, "archive")).
		RuntimePath(filepath.Join(scratch, "runtime")).
		DataPath(filepath.Join(scratch, "data")).
		BinariesPath(unpacked).
		Encoding("binaries-only").
		Logger(discard{})
	if o.PostgresRepository != "" {
		config = config.BinaryRepositoryURL(strings.TrimRight(o.PostgresRepository, "/"))
	}
	server := embeddedpostgres.NewDatabase(config)
	err = server.Start()
	if err == nil {
		return errors.Join(errors.New("the server started instead of refusing its encoding"), server.Stop())
	}
	if !strings.HasPrefix(err.Error(), "unable to init database") {
		return err
	}
	if err := os.Rename(unpacked, home); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// postgresCache is shared by all stacks of a user. As root it is one that other
// users can enter, since Postgres runs as one of them.
func postgresCache(o Options) (string, error) {
	if o.PostgresCache != "" {
		return filepath.Abs(o.PostgresCache)
	}
	if os.Geteuid() == 0 {
		return "/var/cache/signalbox-dev", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return filepath.Join(o.Dir, "cache"), nil //nolint:nilerr // no home: keep it with the data
	}
	return filepath.Join(dir, "signalbox-dev"), nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
