// Package pgtest gives each test a migrated database of its own on a real
// Postgres, cloned from a template, which takes some tens of milliseconds.
//
// The server is the one that SIGNALBOX_TEST_POSTGRES names; `make test` starts one
// and sets it. No server is a failure, never a skip.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/migrations"
)

// Env names the server: a DSN whose user may create databases.
const Env = "SIGNALBOX_TEST_POSTGRES"

// patience is what a test's operations and connections get instead of a request's two
// seconds, which a machine that is busy with something else may well use up.
const patience = 30 * time.Second

// templateLock is the advisory lock under which the template is made, since test
// binaries of several packages run at once.
const templateLock = 7_461_627

var template = sync.OnceValues(makeTemplate)

// Open gives the test a database of its own.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	return Connect(t, DSN(t))
}

// Connect opens a pool that is closed with the test.
func Connect(t testing.TB, dsn string) *postgres.DB {
	t.Helper()
	return With(t, postgres.Config{DSN: dsn})
}

// Owner opens a pool of the database's owner, for whom there is no second wall.
func Owner(t testing.TB, dsn string) *postgres.DB {
	t.Helper()
	return With(t, postgres.Config{DSN: dsn, Owner: true})
}

// With opens a pool of these settings, with patience where they say nothing of it.
func With(t testing.TB, cfg postgres.Config) *postgres.DB {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	db, err := postgres.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

// DSN makes a database for the test, with the migrations applied and this week's
// partitions made, and removes it with the test.
func DSN(t testing.TB) string {
	t.Helper()
	from, err := template()
	require.NoError(t, err)
	return create(t, " TEMPLATE "+from)
}

// EmptyDSN makes a database without a schema, and removes it with the test.
func EmptyDSN(t testing.TB) string {
	t.Helper()
	_, err := template() // says what to do where there is no server
	require.NoError(t, err)
	return create(t, "")
}

func create(t testing.TB, from string) string {
	t.Helper()
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	name := "t_" + hex.EncodeToString(b[:])
	require.NoError(t, exec("CREATE DATABASE "+name+from))
	t.Cleanup(func() {
		var err error
		for range 3 { // Postgres gives those who are connected five seconds each time
			if err = exec(fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err == nil {
				return
			}
		}
		require.NoError(t, err)
	})
	return withDatabase(os.Getenv(Env), name)
}

// makeTemplate migrates one database for all tests of this schema, unless an
// earlier run has.
func makeTemplate() (string, error) {
	dsn := os.Getenv(Env)
	if dsn == "" {
		return "", fmt.Errorf("tests need a real Postgres: run them with `make test`, or name a server in %s", Env)
	}
	name := "template_" + fingerprint()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, templateLock); err != nil {
		return "", err
	}
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil || there {
		return name, err
	}
	half := name + "_half" // renamed when whole, so that a killed run leaves no broken template
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + half, "CREATE DATABASE " + half} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", err
		}
	}
	db, err := postgres.Open(ctx, postgres.Config{DSN: withDatabase(dsn, half), Owner: true})
	if err != nil {
		return "", err
	}
	_, err = db.MigrateUp(ctx)
	if err == nil {
		err = db.EnsurePartitions(ctx, time.Now())
	}
	db.Close()
	if err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", half, name))
	return name, err
}

// fingerprint changes with the migrations and with the week, whose partitions the
// template has.
func fingerprint() string {
	h := sha256.New()
	year, week := time.Now().UTC().ISOWeek() // as partitions are
	fmt.Fprint(h, year, week)
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			panic(err)
		}
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, os.Getenv(Env))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

func withDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(fmt.Sprintf("%s is not a URL", Env))
	}
	u.Path = "/" + name
	q := u.Query()
	q.Set("connect_timeout", strconv.Itoa(int(patience.Seconds())))
	u.RawQuery = q.Encode()
	return u.String()
}
