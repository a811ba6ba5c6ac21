package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/user"
	"syscall"

	"github.com/signalbox/signalbox/internal/catalogue"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// MigrateUp brings the schema of the database at dsn up to this binary's.
func MigrateUp(ctx context.Context, dsn string) ([]postgres.Migration, error) {
	return withDB(ctx, postgres.Config{DSN: dsn, Owner: true}, (*postgres.DB).MigrateUp)
}

// MigrationStatus lists the migrations that this binary knows.
func MigrationStatus(ctx context.Context, dsn string) ([]postgres.Migration, error) {
	return withDB(ctx, postgres.Config{DSN: dsn, Owner: true}, (*postgres.DB).MigrationStatus)
}

// Applied is what has come of a file.
type Applied struct {
	Changes  []signalbox.Change
	Warnings []signalbox.Warning
}

// cliActor is who uses an operator's command, as the audit log has it.
func cliActor() string {
	if u, err := user.Current(); err == nil {
		return "cli " + u.Username
	}
	return "cli"
}

// FileSchema is the JSON Schema of the file that Apply takes.
func FileSchema() []byte { return catalogue.FileSchema() }

// catalogueStore is the database as the catalogue knows it.
type catalogueStore struct{ *postgres.DB }

func (s catalogueStore) ScanEvents(ctx context.Context, tenant signalbox.ID, on []signalbox.Pattern, w signalbox.Window, page func([]signalbox.Event) error) (bool, error) {
	return s.DB.ScanEvents(ctx, tenant, postgres.EventScan{On: on, Window: w}, page)
}

func withDB[T any](ctx context.Context, cfg postgres.Config, do func(*postgres.DB, context.Context) (T, error)) (T, error) {
	db, err := postgres.Open(ctx, cfg)
	if err != nil {
		var none T
		return none, err
	}
	defer db.Close()
	return do(db, ctx)
}

// ListenLoopback listens on an address of this machine that no other can reach;
// flag is what the operator set it with.
func ListenLoopback(ctx context.Context, address, flag string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return nil, fmt.Errorf("%s takes a loopback address, e.g. 127.0.0.1:8080, and not %q", flag, address)
	}
	return Listen(ctx, address, flag)
}

// Listen listens on an address; flag is what the operator set it with.
func Listen(ctx context.Context, address, flag string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: stop what listens there, or choose another address with %s", address, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	return listener, nil
}
