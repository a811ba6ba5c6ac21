package crashtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	soon  = 90 * time.Second
	often = 20 * time.Millisecond
)

// buildDir holds the one binary of this test run.
var buildDir string

func TestMain(m *testing.M) {
	var err error
	buildDir, err = os.MkdirTemp("", "signalbox-crash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(buildDir)
	os.Exit(code)
}

// binary builds cmd/signalbox with its fault points, once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "signalbox")
	out, err := exec.Command("go", "build", "-tags", "faultpoints", "-o", path, "github.com/signalbox/signalbox/cmd/signalbox").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build cmd/signalbox: %w: %s", err, out)
	}
	return path, nil
})

// process is a child of the test, killed with it.
type process struct {
	name   string
	cmd    *exec.Cmd
	stderr string // file
	exited chan struct{}
	err    error // of Wait; to be read once exited is closed
}

func startProcess(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), name+"-*.log")
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	p := &process{name: name, cmd: cmd, stderr: log.Name(), exited: make(chan struct{})}
	cmd.Stderr = log
	cmd.SysProcAttr = childAttr()
	require.NoError(t, cmd.Start())
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the end of what %s said:\n%s", name, p.said())
		}
	})
	return p
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(s))
}

// wait is false where the process is still there after a while.
func (p *process) wait(within time.Duration) bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(within):
		return false
	}
}

// killed tells whether the process has ended by SIGKILL.
func (p *process) killed() bool {
	var exit *exec.ExitError
	if !errors.As(p.err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func (p *process) said() string {
	text, err := os.ReadFile(p.stderr)
	if err != nil {
		return err.Error()
	}
	const most = 6000
	if len(text) > most {
		text = text[len(text)-most:]
	}
	return string(text)
}

// server is a `signalbox serve`.
type server struct {
	*process
	url   string // of GraphQL
	began time.Time
}

type serverOptions struct {
	dsn, temporal, listen string
	fault                 string // SIGNALBOX_FAULTPOINT
	flags                 []string
}

// startServer does not wait until the server is ready: see ready.
func startServer(t *testing.T, o serverOptions) *server {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	cmd := exec.Command(path, append([]string{
		"serve", "--dsn", o.dsn, "--temporal-address", o.temporal, "--listen", o.listen,
	}, o.flags...)...)
	cmd.Env = append(environment(), "SIGNALBOX_FAULTPOINT="+o.fault)
	began := time.Now()
	return &server{process: startProcess(t, "signalbox", cmd), url: "http://" + o.listen + "/graphql", began: began}
}

// ready waits until the server can serve.
func (s *server) ready(t *testing.T) *server {
	t.Helper()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.url, "/graphql")+"/readyz", nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, soon, often, "the server is not ready")
	return s
}

// signalbox runs one of the operator's commands and gives its standard output.
func signalbox(t *testing.T, args ...string) string {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = environment()
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	require.NoError(t, err, "signalbox %s: %s", args[0], &log)
	return string(out)
}

// environment is ours without what would set the binary's flags.
func environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SIGNALBOX_") {
			env = append(env, entry)
		}
	}
	return env
}

// taken are the ports that were given to tests.
var taken sync.Map

// freePort is a port of 127.0.0.1 that nobody listens on, and that stays free until
// it is used: no other test is given it, and no system gives it to who asks for any.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 10_000 + rand.IntN(10_000)
		if _, given := taken.LoadOrStore(port, true); given {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			require.NoError(t, listener.Close())
			return port
		}
	}
	require.Fail(t, "no port is free")
	return 0
}

func freeAddress(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePort(t))
}
