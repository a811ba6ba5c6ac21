package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "signalbox"
	appDB     = "signalbox"

	// readyTimeout leaves room for crash recovery of a long write-ahead log.
	readyTimeout = 60 * time.Second

	// maxLogBytes is where a log file is set aside at the next start.
	maxLogBytes = 8 << 20
)

// settings of the server beyond its defaults. Durability is untouched, and
// written out so that no configuration file can weaken it unseen.
var settings = []string{
	"listen_addresses=" + loopback,
	"unix_socket_directories=", // its path may be too long for a socket
	"fsync=on",
	"synchronous_commit=on",
	"full_page_writes=on",
	"max_connections=200",
	"shared_buffers=256MB",
	"wal_buffers=16MB",
	"max_wal_size=2GB",
	"checkpoint_timeout=15min",
	"jit=off", // compiling costs more than short statements take
	"logging_collector=off",
	"log_destination=stderr",
	"log_min_messages=warning",
	"log_line_prefix=%m [%p] ",
	"log_timezone=UTC",
	"timezone=UTC",
	"cluster_name=signalbox-dev",
}

// postgresServer is the running child.
type postgresServer struct {
	*process
	dsn string
}

// startPostgres brings the server up on the data in o.Dir, making that data
// first if there is none. The caller holds the lock and has checked the port.
func startPostgres(ctx context.Context, o Options, port int) (*postgresServer, error) {
	data := filepath.Join(o.Dir, "postgres")
	major, err := dataMajor(data)
	if err != nil {
		return nil, err
	}
	found, err := locatePostgres(ctx, o, major)
	if err != nil {
		return nil, err
	}
	id, err := prepareData(ctx, o, found, data, major == 0)
	if err != nil {
		return nil, err
	}
	password, err := readPassword(o.Dir)
	if err != nil {
		return nil, err
	}
	server := &postgresServer{dsn: dsn(password, port, appDB)}
	if err := server.launch(ctx, o, found, id, data, port); err != nil {
		return nil, err
	}
	if err := ensureDatabase(ctx, dsn(password, port, "postgres"), appDB); err != nil {
		return nil, errors.Join(err, server.stop(context.WithoutCancel(ctx), stopPostgres...))
	}
	return server, nil
}

func locatePostgres(ctx context.Context, o Options, major int) (installation, error) {
	if o.PostgresBin != DownloadPostgres {
		found, err := findPostgres(ctx, o.PostgresBin, major)
		if err == nil {
			o.Logger.DebugContext(ctx, "found Postgres", slog.Int("version", found.major), slog.String("folder", found.bin))
			return found, nil
		}
		if !errors.Is(err, errNoPostgres) || o.PostgresBin != "" {
			return installation{}, err
		}
	}
	return downloadPostgres(ctx, o, major)
}

// launch starts the server and waits until it answers. A server that was killed
// leaves children that take a moment to notice; until then a new one refuses to
// start, so that refusal is waited out.
func (s *postgresServer) launch(ctx context.Context, o Options, found installation, id identity, data string, port int) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		logged, err := s.spawn(ctx, o, found, id, data, port)
		if err != nil {
			return err
		}
		if err = s.awaitReady(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			stopErr := s.stop(ctx, stopPostgres...)
			return errors.Join(fmt.Errorf("wait for Postgres to answer: %w", context.Cause(ctx)), stopErr)
		}
		reason := logged.complaint()
		if !strings.Contains(reason, "still in use") {
			return fmt.Errorf("Postgres did not start: %s (see %s)", reason, logged.path)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *postgresServer) spawn(ctx context.Context, o Options, found installation, id identity, data string, port int) (*serverLog, error) {
	logged, err := openServerLog(filepath.Join(o.Dir, "postgres.log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = logged.file.Close() }() // the child has its own descriptor
	args := []string{"-D", data, "-p", strconv.Itoa(port)}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := id.command(context.WithoutCancel(ctx), found.path("postgres"), args...) // it outlives the start
	cmd.Stdout, cmd.Stderr = logged.file, logged.file
	if s.process, err = startProcess(cmd); err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	return logged, nil
}

func (s *postgresServer) awaitReady(ctx context.Context) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		conn, err := pgx.Connect(attempt, s.dsn)
		cancel()
		if conn != nil {
			_ = conn.Close(ctx)
		}
		if err == nil || isMissingDatabase(err) {
			return nil
		}
		select {
		case <-s.done:
			return errors.New("the server ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func dsn(password string, port int, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, password),
		Host:     hostPort(port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Whoever can log in as the superuser can run programs as the server's user, so
// other users of the machine are kept out by a password that only this user can
// read.
func passwordPath(dir string) string { return filepath.Join(dir, "postgres.password") }

func readPassword(dir string) (string, error) {
	text, err := os.ReadFile(passwordPath(dir))
	if err != nil {
		return "", fmt.Errorf("read the password of the data (if it is lost, remove %s to start anew): %w", filepath.Join(dir, "postgres"), err)
	}
	return strings.TrimSpace(string(text)), nil
}

func writePassword(dir string, id identity) error {
	path := passwordPath(dir)
	if err := os.WriteFile(path, []byte(rand.Text()+"\n"), 0o600); err != nil {
		return err
	}
	return os.Lchown(path, id.uid, id.gid) // initdb reads it
}
