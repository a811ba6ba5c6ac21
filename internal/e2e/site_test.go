package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/pgtest"
)

// binary is cmd/signalbox, built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "signalbox")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/signalbox/signalbox/cmd/signalbox").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/signalbox: %w: %s", err, out)
	}
	return path, nil
})

// site is a database as an operator has it, who uses the commands and no other door.
type site struct {
	t       *testing.T
	dsn     string
	secrets string // SIGNALBOX_SECRET_KEYS
}

// newSite has its schema, and one secrets key.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dsn: pgtest.EmptyDSN(t)}
	s.secrets = s.ok("secrets", "keygen", "--id", "k1")
	s.ok("migrate", "up")
	return s
}

func (s *site) command(ctx context.Context, args ...string) *exec.Cmd {
	s.t.Helper()
	path, err := binary()
	require.NoError(s.t, err)
	cmd := exec.CommandContext(ctx, path, args...)
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SIGNALBOX_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, "SIGNALBOX_DSN="+s.dsn, "SIGNALBOX_SECRET_KEYS="+s.secrets)
	return cmd
}

// run is a command with what it writes.
func (s *site) run(args ...string) (stdout, stderr string, err error) {
	s.t.Helper()
	_, err = binary() // which takes what it takes, and not of the command's time
	require.NoError(s.t, err)
	ctx, cancel := context.WithTimeout(s.t.Context(), soon)
	defer cancel()
	var out, log bytes.Buffer
	cmd := s.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &log
	err = cmd.Run()
	return strings.TrimSpace(out.String()), strings.TrimSpace(log.String()), err
}

// ok runs a command that is to succeed and gives its standard output.
func (s *site) ok(args ...string) string {
	s.t.Helper()
	out, log, err := s.run(args...)
	require.NoError(s.t, err, "signalbox %s: %s", strings.Join(args, " "), log)
	return out
}

// refused runs a command that is to fail with exit code 1, and gives the one line
// that it says.
func (s *site) refused(args ...string) string {
	s.t.Helper()
	out, log, err := s.run(args...)
	var exit *exec.ExitError
	require.ErrorAs(s.t, err, &exit, "signalbox %s: %s", strings.Join(args, " "), log)
	require.Equal(s.t, 1, exit.ExitCode())
	require.Empty(s.t, out)
	require.NotContains(s.t, log, "\n")
	return log
}

// key makes a key of a tenant that has these permissions.
func (s *site) key(tenant string, can ...string) string {
	s.t.Helper()
	args := []string{"keys", "create", "--tenant", tenant}
	for _, one := range can {
		args = append(args, "--can", one)
	}
	return s.ok(args...)
}

// keyID is the part of a key's text that is no secret, as an id.
func keyID(t *testing.T, key string) string {
	t.Helper()
	parts := strings.SplitN(key, "_", 3)
	require.Len(t, parts, 3)
	h := parts[1]
	require.Len(t, h, 32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// secretOf is the part of a key's text that nobody else may learn. There may be a _ in it, too.
func secretOf(key string) string { return strings.SplitN(key, "_", 3)[2] }

// instance is a `signalbox serve`.
type instance struct {
	t   *testing.T
	url string
	cmd *exec.Cmd
	log *logtest.Log
	end chan error
}

// serve starts a server on a free port and waits until it is ready; it is stopped
// with the test.
func (s *site) serve(flags ...string) *instance {
	s.t.Helper()
	args := append([]string{
		"serve", "--listen", "127.0.0.1:0", "--temporal-address", server.temporal, "--log-format", "json",
		"--query-timeout", "20s",
	}, flags...) // where a busy machine makes the database slow, it is no fault of what is tested
	i := &instance{t: s.t, cmd: s.command(context.WithoutCancel(s.t.Context()), args...), log: &logtest.Log{}, end: make(chan error, 1)}
	i.cmd.Stderr = i.log
	require.NoError(s.t, i.cmd.Start())
	go func() { i.end <- i.cmd.Wait() }()
	s.t.Cleanup(i.stop)
	require.Eventually(s.t, func() bool {
		for line := range strings.Lines(i.log.String()) {
			var said struct{ GraphQL string }
			if json.Unmarshal([]byte(line), &said) == nil && said.GraphQL != "" {
				i.url = said.GraphQL
				return true
			}
		}
		return len(i.end) > 0 // it has ended
	}, soon, often, "the server does not start")
	require.NotEmpty(s.t, i.url, "the server has ended: %s", i.log.End())
	return i
}

// restart starts the server anew, with what secrets the site has now, at the address
// that it had.
func (s *site) restart(i *instance) *instance {
	s.t.Helper()
	i.stop()
	return s.serve("--listen", strings.TrimSuffix(strings.TrimPrefix(i.url, "http://"), "/graphql"))
}

// stop is a SIGTERM, as a rolling restart sends it.
func (i *instance) stop() {
	if i.cmd.Process == nil || i.end == nil {
		return
	}
	_ = i.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-i.end:
		if err != nil {
			i.t.Errorf("%s has not ended well: %v", i.url, err)
		}
	case <-time.After(soon):
		_ = i.cmd.Process.Kill()
	}
	i.end = nil
	if i.t.Failed() {
		i.t.Logf("the end of what %s said:\n%s", i.url, i.log.End())
	}
}

// reply is a GraphQL answer with what HTTP says of it.
type reply struct {
	answer

	status int
	header http.Header
}

// code is the first error's; "" where there is none.
func (r reply) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	code, _ := r.Errors[0].Extensions["code"].(string)
	return code
}

func (i *instance) ask(ctx context.Context, key, query, variables string) (reply, error) {
	return ask(ctx, i.url, key, query, variables)
}

// ask makes one request; an error is one of the connection.
func ask(ctx context.Context, url, key, query, variables string) (reply, error) {
	if variables == "" {
		variables = "null"
	}
	text, err := json.Marshal(query)
	if err != nil {
		return reply{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(fmt.Sprintf(`{"query":%s,"variables":%s}`, text, variables)))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	r := reply{status: resp.StatusCode, header: resp.Header}
	if err := json.NewDecoder(resp.Body).Decode(&r.answer); err != nil {
		return reply{}, errors.Join(fmt.Errorf("read the answer (HTTP %d)", resp.StatusCode), err)
	}
	return r, nil
}

// must is ask where there is to be an answer, whatever it says.
func (i *instance) must(key, query, variables string) reply {
	i.t.Helper()
	r, err := i.ask(within(i.t), key, query, variables)
	require.NoError(i.t, err)
	return r
}

// sendOne sends an event of a type with nothing in it.
func (i *instance) sendOne(key, typ, operation string) reply {
	i.t.Helper()
	return i.must(key, sendQuery, fmt.Sprintf(`{"input":{"type":%q,"operation":%q,"payload":{"id":"e-1"}}}`, typ, operation))
}
