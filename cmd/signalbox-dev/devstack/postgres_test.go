package devstack

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// The ways for root to run Postgres where changing users does not do, each one
// made to work by itself: which one a machine needs depends on what it allows.
func TestPostgresRunsAsEveryPlatformIdentity(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	closed := t.TempDir()
	require.NoError(t, os.Chmod(closed, 0o700))
	for i, id := range platformIdentities(serverUsers(closed)) {
		t.Run(id.name, func(t *testing.T) {
			o := Options{Dir: filepath.Join(closed, string(rune('a'+i))), Logger: slog.New(slog.DiscardHandler)}
			require.NoError(t, o.prepareDir())
			found, err := findPostgres(t.Context(), "", 0)
			require.NoError(t, err)
			data := filepath.Join(o.Dir, "postgres")
			require.NoError(t, os.Mkdir(data, 0o700))
			chosen, err := chooseIdentity(t.Context(), []identity{id}, found.path("postgres"), data)
			require.NoError(t, err)
			require.NoError(t, writePassword(o.Dir, chosen))
			require.NoError(t, initdb(t.Context(), o, found, chosen, data))

			ports, err := freePorts(t.Context(), 1)
			require.NoError(t, err)
			password, err := readPassword(o.Dir)
			require.NoError(t, err)
			server := &postgresServer{dsn: dsn(password, ports[0], "postgres")}
			require.NoError(t, server.launch(t.Context(), o, found, chosen, data, ports[0]))
			conn, err := pgx.Connect(t.Context(), server.dsn)
			require.NoError(t, err)
			_, err = conn.Exec(t.Context(), `CREATE TABLE t (n int)`)
			require.NoError(t, err)
			require.NoError(t, conn.Close(t.Context()))
			require.NoError(t, server.stop(t.Context(), stopPostgres...))
		})
	}
}

// Data changes hands when the machine changes what it allows.
func TestDataOfOneIdentityIsGivenToAnother(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	users := serverUsers(dir)
	require.NotEmpty(t, users)
	require.NoError(t, own(dir, dropTo(users[0])))
	for _, path := range []string{dir, filepath.Join(dir, "file")} {
		uid, ok := ownerOf(path)
		require.True(t, ok)
		require.Equal(t, users[0].uid, uid)
	}
}

func TestAPostgresThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	require.NoError(t, o.prepareDir())
	data := filepath.Join(o.Dir, "postgres")
	require.NoError(t, os.Mkdir(data, 0o700))
	found, err := findPostgres(t.Context(), "", 0)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(passwordPath(o.Dir), []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(strconv.Itoa(found.major)+"\n"), 0o600))
	_, err = startPostgres(t.Context(), o, 1)
	require.ErrorContains(t, err, "Postgres did not start: ")
	require.ErrorContains(t, err, "(see "+filepath.Join(o.Dir, "postgres.log")+")")
	require.NotContains(t, err.Error(), "\n")
}

func TestLostPasswordSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := readPassword(t.TempDir())
	require.ErrorContains(t, err, "to start anew")
}

func TestStopIsBoundedAndCanBeCalledTwice(t *testing.T) {
	t.Parallel()
	stack, err := Start(t.Context(), Options{Dir: t.TempDir(), NoTemporal: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NotEmpty(t, stack.PostgresDSN)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, stack.Stop(over), "even without time, Postgres ends")
	require.NoError(t, stack.Stop(t.Context()))
	select {
	case err := <-stack.Failed():
		t.Fatal("it was asked to end: ", err)
	default:
	}
}
