package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

var freePortFlags = []string{"--postgres-port=0", "--temporal-port=0", "--ui-port=0"}

func deps(dir string, more ...string) []string {
	return append(append([]string{"deps", "--dir", dir}, freePortFlags...), more...)
}

// One folder through the life that a developer gives it. Not in parallel: how
// quick a start is, is part of it.
func TestDepsKeepsItsDataThroughStopsAndKills(t *testing.T) {
	dir := openDir(t)

	first := start(t, deps(dir)...)
	a := first.ready()
	require.Equal(t, "default", a.Namespace)
	execute(t, a.Postgres, `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`)
	require.Equal(t, "on on", query[string](t, a.Postgres, `SELECT current_setting('fsync') || ' ' || current_setting('synchronous_commit')`))
	run := startWorkflow(t, a.Temporal, "kept")
	requireUI(t, a.UI)

	second := start(t, deps(dir)...)
	require.Equal(t, 1, second.exit())
	require.Equal(t, "signalbox-dev: "+dir+" is in use by signalbox-dev (pid "+strconv.Itoa(first.cmd.Process.Pid)+"): stop that one or choose another folder with --dir\n", second.stderr.text())

	first.signal(os.Interrupt)
	require.Equal(t, 0, first.cmd.ProcessState.ExitCode())
	requireNoProcess(t, dir)

	began := time.Now()
	third := start(t, deps(dir)...)
	b := third.ready()
	require.Less(t, time.Since(began), startLimit/3, "a second start is quick")
	require.Equal(t, 1, query[int](t, b.Postgres, `SELECT n FROM kept`))
	requireWorkflow(t, b.Temporal, "kept", run)

	execute(t, b.Postgres, `INSERT INTO kept VALUES (2)`)
	third.signal(os.Kill)
	fourth := start(t, deps(dir)...)
	c := fourth.ready()
	require.Equal(t, 2, query[int](t, c.Postgres, `SELECT count(*)::int FROM kept`))
	requireWorkflow(t, c.Temporal, "kept", run)

	fourth.signal(syscall.SIGTERM)
	require.Equal(t, 0, fourth.cmd.ProcessState.ExitCode())
	requireNoProcess(t, dir)
}

func TestPostgresRecoversFromWhatAKilledRunLeft(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	data := filepath.Join(dir, "postgres")
	pidFile := filepath.Join(data, "postmaster.pid")
	alone := deps(dir, "--no-temporal")

	d := start(t, alone...)
	a := d.ready()
	require.Empty(t, a.Temporal)
	execute(t, a.Postgres, `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`)
	options := readFile(t, filepath.Join(data, "postmaster.opts"))

	// It is killed together with its Postgres, which leaves its pid behind.
	require.NoError(t, syscall.Kill(atoi(t, pidOf(t, pidFile)), syscall.SIGKILL))
	require.Equal(t, 1, d.exit())
	require.Contains(t, d.stderr.text(), "Postgres ended by itself")

	// The pid goes to another process, which must not be taken for a server.
	stranger := exec.Command("sleep", "60")
	require.NoError(t, stranger.Start())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = stranger.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = stranger.Process.Kill() // gone if the test failed for that
		<-gone
	})
	rest := strings.SplitN(readFile(t, pidFile), "\n", 2)[1]
	writeFile(t, pidFile, strconv.Itoa(stranger.Process.Pid)+"\n"+rest)
	d = start(t, alone...)
	require.Equal(t, 1, query[int](t, d.ready().Postgres, `SELECT n FROM kept`))
	select {
	case <-gone:
		t.Fatal("it stopped a process that is not Postgres")
	default:
	}
	d.signal(os.Interrupt)

	// A Postgres of this very folder that nobody looks after is stopped.
	binary, _, _ := strings.Cut(options, ` "`)
	orphan := exec.Command(binary)
	for _, m := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(options, -1) {
		orphan.Args = append(orphan.Args, m[1])
	}
	orphan.Dir = "/"
	orphan.SysProcAttr = &syscall.SysProcAttr{Credential: ownerOf(t, data)}
	require.NoError(t, orphan.Start())
	go func() { _ = orphan.Wait() }() // so that it is not left as a zombie
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(pidFile)
		return err == nil && strings.Contains(string(text), "ready")
	}, startLimit, 20*time.Millisecond)
	d = start(t, alone...)
	require.Equal(t, 1, query[int](t, d.ready().Postgres, `SELECT n FROM kept`))
	require.Contains(t, d.stderr.text(), "stopping the Postgres that a killed run left behind")
	d.signal(os.Interrupt)
	requireNoProcess(t, dir)
}

// Tests of the app kill Temporal alone and bring it back.
func TestTemporalCanBeKilledAlone(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	postgres := start(t, deps(dir, "--no-temporal")...).ready().Postgres
	alone := []string{"deps", "--dir", dir, "--no-postgres", "--postgres-dsn", postgres, "--no-ui", "--temporal-port=0"}
	temporal := start(t, alone...)
	a := temporal.ready()
	require.Equal(t, postgres, a.Postgres)
	require.Empty(t, a.UI)
	run := startWorkflow(t, a.Temporal, "survivor")

	temporal.signal(os.Kill)
	require.Equal(t, 1, query[int](t, postgres, `SELECT 1`))
	_, port, err := net.SplitHostPort(a.Temporal)
	require.NoError(t, err)
	alone[len(alone)-1] = "--temporal-port=" + port
	again := start(t, alone...)
	require.Equal(t, a.Temporal, again.ready().Temporal)
	requireWorkflow(t, a.Temporal, "survivor", run)
}

func TestDepsRunsACommandAndTakesItsExitCode(t *testing.T) {
	t.Parallel()
	d := launch{args: []string{
		"deps", "--ephemeral", "--no-temporal", "--postgres-port=0", "-v", "--",
		"sh", "-c", `echo "dsn $SIGNALBOX_TEST_POSTGRES"; exit 7`,
	}}.start(t)
	require.Equal(t, 7, d.exit())
	require.Regexp(t, `^dsn postgres://signalbox:\w+@127\.0\.0\.1:\d+/signalbox\?sslmode=disable\n$`, d.stdout.text())
	require.NotContains(t, d.stderr.text(), "exit code")
}

func TestAnEphemeralFolderIsRemoved(t *testing.T) {
	t.Parallel()
	tmp := openDir(t)
	d := launch{args: []string{"deps", "--ephemeral", "--no-temporal", "--postgres-port=0"}, env: []string{"TMPDIR=" + tmp}}.start(t)
	d.ready()
	entries, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	d.signal(os.Interrupt)
	entries, err = os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, entries)
	requireNoProcess(t, tmp)
}

func TestFaultsOfTheUserAreOneLine(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	dir := openDir(t)

	tests := []struct {
		name string
		args []string
		want string
	}{
		{"postgres port", deps(dir, "--postgres-port="+port), `port ` + port + ` is in use: stop what listens there or choose another with --postgres-port`},
		{"temporal port", deps(dir, "--temporal-port="+port), `port ` + port + ` is in use: stop what listens there or choose another with --temporal-port`},
		{"ui port", deps(dir, "--ui-port="+port), `port ` + port + ` is in use: stop what listens there or choose another with --ui-port`},
		{"no port", deps(dir, "--ui-port=70000"), `UI port 70000 is out of range`},
		{"no postgres", deps(dir, "--postgres-bin="+dir), dir + ` holds no Postgres server: name the folder of postgres and initdb with --postgres-bin`},
		{"nothing", deps(dir, "--no-postgres", "--no-temporal"), `deps: --no-postgres and --no-temporal leave nothing to run (try signalbox-dev --help)`},
		{"no dsn", deps(dir, "--no-postgres"), `deps: --no-postgres needs --postgres-dsn (try signalbox-dev --help)`},
		{"bad dsn", deps(dir, "--no-postgres", "--postgres-dsn=postgres://nobody@127.0.0.1:"+port+"/x?sslmode=disable&connect_timeout=1"), `start Temporal \(see .*\): connect to Postgres: .*`},
		{"unknown flag", deps(dir, "--nonsense"), `unknown flag --nonsense \(try signalbox-dev --help\)`},
		{"unknown command", []string{"deps", "--ephemeral", "--no-temporal", "--postgres-port=0", "--", "/no/such/command"}, `run /no/such/command: .*no such file or directory`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := start(t, tt.args...)
			require.Equal(t, 1, d.exit())
			said := strings.TrimSpace(d.stderr.text())
			if strings.Contains(tt.want, ".*") || strings.Contains(tt.want, `\(`) {
				require.Regexp(t, `(?m)^signalbox-dev: `+tt.want+`$`, said)
			} else {
				require.Equal(t, "signalbox-dev: "+tt.want, said)
			}
			require.Empty(t, d.stdout.text())
			require.NotContains(t, said, "goroutine")
		})
	}
	requireNoProcess(t, dir)
}

func startWorkflow(t *testing.T, address, id string) (runID string) {
	t.Helper()
	c := dial(t, address)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: "nobody-listens"}, "Any")
	require.NoError(t, err)
	return run.GetRunID()
}

func requireWorkflow(t *testing.T, address, id, runID string) {
	t.Helper()
	described, err := dial(t, address).DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	require.Equal(t, runID, described.GetWorkflowExecutionInfo().GetExecution().GetRunId())
}

func dial(t *testing.T, address string) client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{HostPort: address, DataConverter: converter.GetDefaultDataConverter()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func pidOf(t *testing.T, path string) string {
	t.Helper()
	pid, _, _ := strings.Cut(readFile(t, path), "\n")
	return pid
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

func ownerOf(t *testing.T, path string) *syscall.Credential {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	stat, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
}
