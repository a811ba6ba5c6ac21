package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// prepareData sees to it that there is a data folder that some identity can
// run a server on.
func prepareData(ctx context.Context, o Options, found installation, data string, fresh bool) (identity, error) {
	if !fresh {
		return chooseIdentity(ctx, identities(o.Dir), found.path("postgres"), data)
	}
	// Made beside its place and renamed when complete: a start that is cut
	// short leaves nothing that looks like data. Its initdb may still be at
	// work, so each attempt has a name of its own.
	if leftovers, err := filepath.Glob(data + ".new-*"); err == nil {
		for _, leftover := range leftovers {
			_ = os.RemoveAll(leftover) // or at the next start
		}
	}
	making, err := os.MkdirTemp(o.Dir, "postgres.new-")
	if err != nil {
		return identity{}, fmt.Errorf("make the data folder: %w", err)
	}
	id, err := chooseIdentity(ctx, identities(o.Dir), found.path("initdb"), making)
	if err != nil {
		return identity{}, err
	}
	o.Logger.InfoContext(ctx, "making a Postgres database; this happens once")
	if err := writePassword(o.Dir, id); err != nil {
		return identity{}, fmt.Errorf("write the password: %w", err)
	}
	if err := initdb(ctx, o, found, id, making); err != nil {
		return identity{}, err
	}
	if err := os.Rename(making, data); err != nil {
		return identity{}, fmt.Errorf("put the data in place: %w", err)
	}
	return id, nil
}

func initdb(ctx context.Context, o Options, found installation, id identity, data string) error {
	cmd := id.command(ctx, found.path("initdb"),
		"--pgdata="+data,
		"--username="+superuser,
		"--pwfile="+passwordPath(o.Dir),
		"--auth=scram-sha-256",
		// The same order of text on every machine.
		"--encoding=UTF8", "--locale=C",
	)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	p, err := startProcess(cmd)
	if err == nil {
		<-p.done
		err = p.err
	}
	if err != nil {
		return fmt.Errorf("make the Postgres data as %s: %w: %s", id.name, err, complaintIn(said.String()))
	}
	return nil
}

// admin is a connection that creates databases.
type admin struct{ *pgx.Conn }

func connectAdmin(ctx context.Context, dsn string) (admin, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return admin{}, fmt.Errorf("connect to Postgres: %w", err)
	}
	return admin{conn}, nil
}

func (a admin) close(ctx context.Context) { _ = a.Close(context.WithoutCancel(ctx)) }

func (a admin) exists(ctx context.Context, database string) (there bool, err error) {
	err = a.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for database %s: %w", database, err)
	}
	return there, nil
}

// create takes template0, whose encoding can be chosen: the server may be the
// user's own, with another default.
func (a admin) create(ctx context.Context, database string) error {
	_, err := a.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{database}.Sanitize()+` TEMPLATE template0 ENCODING 'UTF8'`)
	if err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	return nil
}

func ensureDatabase(ctx context.Context, dsn, database string) error {
	a, err := connectAdmin(ctx, dsn)
	if err != nil {
		return err
	}
	defer a.close(ctx)
	there, err := a.exists(ctx, database)
	if err != nil || there {
		return err
	}
	return a.create(ctx, database)
}

func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

func isMissingDatabase(err error) bool { return sqlState(err) == "3D000" }

// serverLog is the log file of a child, and where this run's part begins.
type serverLog struct {
	path string
	from int64
	file *os.File
}

// openServerLog opens a log for appending, after setting an overgrown one aside.
func openServerLog(path string) (*serverLog, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("set the log aside: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // our own folder
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the log: %w", err), f.Close())
	}
	return &serverLog{path: path, from: info.Size(), file: f}, nil
}

// complaint is what the server said last before it gave up.
func (l *serverLog) complaint() string {
	f, err := os.Open(filepath.Clean(l.path))
	if err != nil {
		return "its log cannot be read"
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.NewSectionReader(f, l.from, 1<<20))
	if err != nil {
		return "its log cannot be read"
	}
	return complaintIn(string(text))
}

func complaintIn(text string) string {
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, mark := range []string{"FATAL:", "ERROR:", "PANIC:", "error:"} {
			if _, what, ok := strings.Cut(line, mark); ok {
				return strings.TrimSpace(what)
			}
		}
		if line != "" {
			last = line
		}
	}
	if last == "" {
		return "it said nothing"
	}
	return last
}
