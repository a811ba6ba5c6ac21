package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// asMain makes the test binary be signalbox-dev, so that the tests drive real
// processes, and kill them, without building a second binary.
const asMain = "SIGNALBOX_DEV_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

const (
	startLimit = 60 * time.Second
	stopLimit  = 45 * time.Second
)

// dev is a running signalbox-dev.
type dev struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *lines
	stderr *lines
	ended  chan struct{}
}

type launch struct {
	args   []string
	binary string // the test binary unless given
	user   *syscall.Credential
	env    []string
}

func start(t *testing.T, args ...string) *dev {
	t.Helper()
	return launch{args: args}.start(t)
}

func (l launch) start(t *testing.T) *dev {
	t.Helper()
	if l.binary == "" {
		binary, err := os.Executable()
		require.NoError(t, err)
		l.binary = binary
	}
	d := &dev{t: t, stdout: newLines(), stderr: newLines(), ended: make(chan struct{})}
	d.cmd = exec.Command(l.binary, l.args...)
	d.cmd.Env = append(append(os.Environ(), asMain+"=1"), l.env...)
	d.cmd.Stdout, d.cmd.Stderr = d.stdout, d.stderr
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: l.user}
	require.NoError(t, d.cmd.Start())
	go func() {
		defer close(d.ended)
		_ = d.cmd.Wait() // its result is in ProcessState
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s: stderr:\n%s", strings.Join(l.args, " "), d.stderr.text())
		}
		d.interrupt()
	})
	return d
}

// ready waits for the line of JSON.
func (d *dev) ready() addresses {
	d.t.Helper()
	var a addresses
	d.waitForLine("{", func(line string) {
		require.NoError(d.t, json.Unmarshal([]byte(line), &a), line)
	})
	return a
}

func (d *dev) waitForLine(prefix string, use func(string)) {
	d.t.Helper()
	deadline := time.After(startLimit)
	for {
		select {
		case line := <-d.stdout.ch:
			if strings.HasPrefix(line, prefix) {
				use(line)
				return
			}
		case <-d.ended:
			require.FailNow(d.t, "it ended too early", "%v: %s", d.cmd.ProcessState, d.stderr.text())
		case <-deadline:
			require.FailNow(d.t, "it is not ready", d.stderr.text())
		}
	}
}

// exit waits for the end.
func (d *dev) exit() int {
	d.t.Helper()
	select {
	case <-d.ended:
		return d.cmd.ProcessState.ExitCode()
	case <-time.After(startLimit):
		require.FailNow(d.t, "it does not end", d.stderr.text())
		return -1
	}
}

func (d *dev) signal(s os.Signal) {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(s))
	select {
	case <-d.ended:
	case <-time.After(stopLimit):
		require.FailNow(d.t, "it does not end", "after %v: %s", s, d.stderr.text())
	}
}

// interrupt is what the cleanup of a test does; the test may have done it.
func (d *dev) interrupt() {
	select {
	case <-d.ended:
	default:
		d.signal(os.Interrupt)
	}
}

// lines collects output and offers it line by line.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
	in  *io.PipeWriter
	ch  chan string
}

func newLines() *lines {
	r, w := io.Pipe()
	l := &lines{in: w, ch: make(chan string, 1000)}
	go func() {
		scanner := bufio.NewScanner(r)
		for scanner.Scan() {
			select {
			case l.ch <- scanner.Text():
			default: // nobody reads this stream by line
			}
		}
	}()
	return l
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	l.all.Write(p)
	l.mu.Unlock()
	return l.in.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// processes lists what runs with a text in its command line, other than us.
func processes(t *testing.T, text string) []string {
	t.Helper()
	out, err := exec.Command("ps", "-axww", "-o", "pid=,command=").Output()
	require.NoError(t, err)
	var found []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, text) && !strings.HasPrefix(strings.TrimSpace(line), fmt.Sprint(os.Getpid())+" ") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func requireNoProcess(t *testing.T, dir string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(processes(t, dir)) == 0 }, stopLimit, 20*time.Millisecond,
		"left behind: %v", processes(t, dir))
}

// openDir is a folder that every user can reach.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "signalbox-dev-test-")
	require.NoError(t, err)
	dir, err = filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func query[T any](t *testing.T, dsn, sql string, args ...any) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	rows, err := conn.Query(ctx, sql, args...)
	require.NoError(t, err)
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	require.NoError(t, err)
	return value
}

func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
}
