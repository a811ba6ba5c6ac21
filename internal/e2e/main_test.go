package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// binaryEnv names the dev binary; `make test` builds it and sets this.
const binaryEnv = "SIGNALBOX_TEST_DEV_BINARY"

const (
	startTimeout = 2 * time.Minute // a first start on a busy machine
	soon         = 2 * time.Minute
	often        = 50 * time.Millisecond
)

var (
	// server is the one that most tests share.
	server *devServer
	// buildDir holds what tests build.
	buildDir string
)

type devServer struct {
	url, temporal, dsn string
	curl               string // the line that it prints
	key                string // lets in whoever has it, to do anything
	secretKeys         string // opens what is sealed in the database
	cmd                *exec.Cmd
}

func TestMain(m *testing.M) {
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "signalbox-e2e-")
	if err == nil {
		buildDir = dir
		server, err = start(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	code := m.Run()
	if err := server.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: the server did not stop cleanly:", err)
		code = 1
	}
	_ = os.RemoveAll(dir)
	return code
}

var printed = regexp.MustCompile(`^ +(GraphQL|Temporal|Postgres|API key) +(\S+)$`)

// start runs `signalbox-dev run` on free ports and reads what it prints.
func start(dir string) (*devServer, error) {
	binary := os.Getenv(binaryEnv)
	if binary == "" {
		return nil, fmt.Errorf("the dev binary is needed: run the tests with `make test`, or name it in %s", binaryEnv)
	}
	s := &devServer{cmd: exec.Command(binary, "run", "--dir", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0",
		"--postgres-port", "0", "--temporal-port", "0", "--no-ui")}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan error, 1)
	go func() { ready <- s.read(out) }()
	select {
	case err := <-ready:
		secretKeys, fault := os.ReadFile(filepath.Join(dir, "data", "secrets.key"))
		s.secretKeys = string(secretKeys)
		return s, errors.Join(err, fault)
	case <-time.After(startTimeout):
		return nil, errors.Join(errors.New("the dev server was not ready in time"), s.cmd.Process.Kill())
	}
}

func (s *devServer) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if m := printed.FindStringSubmatch(line); m != nil {
			*map[string]*string{"GraphQL": &s.url, "Temporal": &s.temporal, "Postgres": &s.dsn, "API key": &s.key}[m[1]] = m[2]
		}
		if strings.HasPrefix(line, "  curl ") {
			s.curl = line
			return nil
		}
	}
	return errors.Join(errors.New("the dev server ended before it was ready"), lines.Err())
}

func (s *devServer) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// answer is a GraphQL response.
type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

// post sends a GraphQL request with raw variables.
func post(t *testing.T, query, variables string) answer {
	t.Helper()
	return postHeader(t, query, variables, nil)
}

func postHeader(t *testing.T, query, variables string, header map[string]string) answer {
	t.Helper()
	if variables == "" {
		variables = "null"
	}
	text, err := json.Marshal(query)
	require.NoError(t, err)
	body := fmt.Sprintf(`{"query":%s,"variables":%s}`, text, variables)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+server.key)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var a answer
	require.NoError(t, json.Unmarshal(raw, &a), "%s", raw)
	return a
}

// into decodes the data of an answer that has no errors; numbers keep their digits.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	require.Empty(t, a.Errors)
	d := json.NewDecoder(bytes.NewReader(a.Data))
	d.UseNumber()
	require.NoError(t, d.Decode(v))
}

type sent struct {
	Success    bool
	Outcome    string
	EventID    string
	Duplicate  bool
	Workflows  []struct{ Type, ID, RunID string }
	Dispatches []struct {
		ID, Rule, Status string
		LastError        *struct{ Code, Message string }
	}
	Decisions []struct{ Rule, Verdict string }
}

const sendQuery = `mutation($input: SendCustomEventInput!) { sendCustomEvent(input: $input) {
  success outcome eventID duplicate workflows { type id runID }
  dispatches { id rule status lastError { code message } } decisions { rule verdict } } }`

func send(t *testing.T, input string) sent {
	t.Helper()
	var out struct{ SendCustomEvent sent }
	post(t, sendQuery, `{"input":`+input+`}`).into(t, &out)
	return out.SendCustomEvent
}

func temporal(t *testing.T) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: server.temporal, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	t.Cleanup(cancel)
	return ctx
}
