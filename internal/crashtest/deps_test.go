package crashtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// depsTimeout leaves room for the first start, which makes databases.
const depsTimeout = 90 * time.Second

// deps is a `signalbox-dev deps` of the test's own, whose servers it may kill.
type deps struct {
	*process
	Postgres string `json:"postgres"`
	Temporal string `json:"temporal"`
}

// startDeps starts what args leave on the data in dir and waits until it answers.
func startDeps(t *testing.T, dir string, args ...string) *deps {
	t.Helper()
	binary := os.Getenv("SIGNALBOX_TEST_DEV_BINARY")
	require.NotEmpty(t, binary, "tests that kill Postgres or Temporal start their own with signalbox-dev: run them with `make test`, or name its binary in SIGNALBOX_TEST_DEV_BINARY")
	cmd := exec.Command(binary, append([]string{"deps", "--dir", dir, "--no-ui"}, args...)...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	d := &deps{process: startProcess(t, "signalbox-dev", cmd)}
	t.Cleanup(func() { // before the one that kills: Postgres is to go first
		_ = d.cmd.Process.Signal(syscall.SIGTERM)
		d.wait(soon)
	})
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(out).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		require.NoError(t, json.Unmarshal([]byte(text), d), "signalbox-dev said: %s", d.said())
	case <-time.After(depsTimeout):
		require.Fail(t, "signalbox-dev deps does not start", d.said())
	}
	return d
}

// depsDir is a folder that the user whom Postgres runs as can reach too.
func depsDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "signalbox-crash-deps-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// ownPostgres is a Postgres of the test's own, at a port that stays.
type ownPostgres struct {
	*deps
	dir, port string
}

func newPostgres(t *testing.T) *ownPostgres {
	t.Helper()
	p := &ownPostgres{dir: depsDir(t), port: strconv.Itoa(freePort(t))}
	p.start(t)
	return p
}

func (p *ownPostgres) start(t *testing.T) {
	t.Helper()
	p.deps = startDeps(t, p.dir, "--no-temporal", "--postgres-port", p.port)
}

// end sends the postmaster a signal, SIGQUIT being `pg_ctl stop -m immediate`, and
// waits until it is gone, and with it the deps that started it.
func (p *ownPostgres) end(t *testing.T, s syscall.Signal) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "postgres", "postmaster.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, s))
	require.True(t, p.wait(soon), "Postgres does not end")
}

// database makes a database and brings its schema up.
func (p *ownPostgres) database(t *testing.T, name string) string {
	t.Helper()
	_, err := rows(t.Context(), p.Postgres, noRow, "CREATE DATABASE "+name)
	require.NoError(t, err)
	dsn := strings.Replace(p.Postgres, "/signalbox?", fmt.Sprintf("/%s?", name), 1)
	require.NotEqual(t, p.Postgres, dsn)
	signalbox(t, "migrate", "up", "--dsn", dsn)
	return dsn
}
