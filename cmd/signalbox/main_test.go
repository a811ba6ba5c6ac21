package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
)

// try runs a command line and gives what an operator sees.
func try(t *testing.T, ctx context.Context, args ...string) (stdout string, err error) { //nolint:revive // the test comes first, as in testify.
	t.Helper()
	var out, log bytes.Buffer
	err = run(ctx, args, &out, &log)
	if err != nil {
		require.NotContains(t, oneLine(err.Error()), "\n")
		require.NotContains(t, oneLine(err.Error()), "goroutine", "no stack")
	}
	return out.String(), err
}

func TestFaultsAreSentencesThatSayWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	dsn := pgtest.DSN(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":           {[]string{"serve", "--nonsense"}, "--help"},
		"bad number":             {[]string{"serve", "--max-backlog", "many"}, "max-backlog"},
		"negative limit":         {[]string{"serve", "--dsn", dsn, "--max-backlog=-1"}, "negative"},
		"no database":            {[]string{"serve"}, "set --dsn or SIGNALBOX_DSN"},
		"database is away":       {[]string{"serve", "--dsn", "postgres://u@127.0.0.1:1/x"}, "Postgres does not answer at 127.0.0.1:1"},
		"schema is behind":       {[]string{"serve", "--dsn", pgtest.EmptyDSN(t)}, "run `signalbox migrate up`"},
		"beyond loopback":        {[]string{"serve", "--no-auth", "--dsn", dsn, "--listen", "0.0.0.0:8080"}, "loopback only"},
		"every address":          {[]string{"serve", "--no-auth", "--dsn", dsn, "--listen", ":8080"}, "loopback only"},
		"a bad keyring":          {[]string{"serve", "--dsn", dsn, "--secret-keys", "k1"}, "entry 1 of the keyring"},
		"a star for CORS":        {[]string{"serve", "--dsn", dsn, "--cors-origin", "*"}, "not an origin"},
		"half an issuer":         {[]string{"serve", "--dsn", dsn, "--oidc-issuer", "https://id.example.com"}, "audience"},
		"roles of nobody's":      {[]string{"serve", "--dsn", dsn, "--oidc-role", "desk=events:read"}, "the OIDC issuer is missing"},
		"tenants of nobody's":    {[]string{"serve", "--dsn", dsn, "--oidc-tenant", "a=b"}, "the OIDC issuer is missing"},
		"two permissions in one": {[]string{"keys", "create", "--dsn", dsn, "--can", "events:send:order/*, events:read"}, "once for each"},
		"a time to come":         {[]string{"audit", "--dsn", dsn, "--since=-3h"}, "how far to look back"},
		"who may is moot":        {[]string{"serve", "--dsn", dsn, "--no-auth", "--oidc-issuer", "https://id.example.com", "--oidc-audience", "a"}, "leave one of them out"},
		"not an address":         {[]string{"serve", "--dsn", dsn, "--listen", "8080"}, "host:port"},
		"port taken":             {[]string{"serve", "--dsn", dsn, "--listen", taken.Addr().String()}, "choose another address with --listen"},
		"pprof beyond":           {[]string{"serve", "--dsn", dsn, "--pprof-listen", "0.0.0.0:6060"}, "--pprof-listen takes a loopback address"},
		"no such file":           {[]string{"apply", "--dsn", dsn, "-f", "/nowhere.yaml"}, "/nowhere.yaml"},
		"half a TLS pair":        {[]string{"serve", "--dsn", dsn, "--temporal-tls-cert", "x.pem"}, "needs both files"},
		"no such tenant":         {[]string{"apply", "--dsn", dsn, "--tenant", "nobody", "-f", write(t, "types: []")}, `there is no tenant "nobody"`},
		"a file's fault":         {[]string{"apply", "--dsn", dsn, "-f", write(t, "types: [{type: a}]")}, `type "a" has no operations`},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := try(t, ctx, c.args...)
			require.ErrorContains(t, err, c.want)
			require.NoError(t, ctx.Err())
		})
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.yaml")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestMigrateAndApply(t *testing.T) {
	dsn := pgtest.EmptyDSN(t)
	out, err := try(t, t.Context(), "migrate", "status", "--dsn", dsn)
	require.NoError(t, err)
	require.Contains(t, out, "missing")
	out, err = try(t, t.Context(), "migrate", "up", "--dsn", dsn)
	require.NoError(t, err)
	require.Contains(t, out, "applied 0001")
	out, err = try(t, t.Context(), "migrate", "up", "--dsn", dsn)
	require.NoError(t, err)
	require.Contains(t, out, "nothing to do")

	file := write(t, "types: [{type: a, operations: [b]}]\nrules: [{name: r, on: {event: 'a:b'}, start: {workflow: W, taskQueue: q}}]")
	out, err = try(t, t.Context(), "apply", "--dsn", dsn, "-f", file, "--dry-run")
	require.NoError(t, err)
	require.Contains(t, out, "rule r created\n  state: none → \"ENABLED\"\n")
	require.Contains(t, out, "2 changed, 0 unchanged; this was a dry run, nothing is saved\n")
	out, err = try(t, t.Context(), "apply", "--dsn", dsn, "-f", file)
	require.NoError(t, err)
	require.Equal(t, "event type a:b created\nrule r created\n2 changed, 0 unchanged\n", out)
	out, err = try(t, t.Context(), "apply", "--dsn", dsn, "-f", file)
	require.NoError(t, err)
	require.Equal(t, "0 changed, 2 unchanged\n", out)
	out, err = try(t, t.Context(), "apply", "--dsn", dsn, "-f", write(t, "rules: [{name: r, on: {event: 'a:b'}, when: payload.data.x > 1, start: {workflow: W, taskQueue: q}}]"))
	require.NoError(t, err)
	require.Equal(t, "rule r changed\n  when: none → \"payload.data.x > 1\"\n1 changed, 0 unchanged\n", out)
}

func TestEveryFaultOfAFileIsALine(t *testing.T) {
	dsn := pgtest.DSN(t)
	const rule = ", start: {workflow: W, taskQueue: q}}"
	for name, c := range map[string]struct{ file, first, second string }{
		"of the file itself": {
			"types: [{type: a}]\nrules:\n- {name: one, on: {event: 'a'}" + rule + "\n- {name: two, on: {event: 'a:b'}, when: 'x >'" + rule,
			`line 1: type "a" has no operations`, `line 3: rule "one": on takes type and operation`,
		},
		"of rules and what they read": {
			"types: [{type: a, operations: [{name: b, schema: {type: object, properties: {x: {type: string}}}}]}]\nrules:\n" +
				"- {name: one, on: {event: 'a:b'}, when: payload.data.y == 1" + rule + "\n- {name: two, on: {event: 'a:b'}, when: payload.data.x > 1" + rule,
			`rule "one": when `, `rule "two": when `,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := try(t, t.Context(), "apply", "--dsn", dsn, "-f", write(t, c.file))
			said := lines(err)
			require.GreaterOrEqual(t, len(said), 2)
			require.Contains(t, said[0], c.first)
			require.Contains(t, said[1], c.second)
			for _, line := range said {
				require.NotContains(t, line, "\n")
				require.NotContains(t, line, "CONFIGURATION")
			}
		})
	}
}

func TestWarningsAreBesideTheOutput(t *testing.T) {
	var out, log bytes.Buffer
	file := write(t, "rules: [{name: r, on: {event: 'a:b'}, start: {workflow: W, taskQueue: q}}]")
	require.NoError(t, run(t.Context(), []string{"apply", "--dsn", pgtest.DSN(t), "-f", file}, &out, &log))
	require.Equal(t, "rule r created\n1 changed, 0 unchanged\n", out.String())
	require.Contains(t, log.String(), "warning: rule \"r\": no registered event type fits a:b")
}

func TestSchemaIsPrinted(t *testing.T) {
	out, err := try(t, t.Context(), "schema")
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(out)))
	require.Contains(t, out, `"taskQueue"`)
}

func TestServeStopsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	var out bytes.Buffer
	log := &notifying{substring: "signalbox listens", found: make(chan struct{})}
	go func() {
		done <- run(ctx, []string{"serve", "--dsn", pgtest.DSN(t), "--listen", "127.0.0.1:0", "--temporal-address", "127.0.0.1:1"}, &out, log)
	}()
	select {
	case <-log.found: // Temporal being down is no reason not to start
	case err := <-done:
		t.Fatalf("ended early: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("not listening")
	}
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("it did not stop")
	}
}

// notifying is a log that tells when a text has come by.
type notifying struct {
	substring string
	once      sync.Once
	found     chan struct{}
}

func (n *notifying) Write(p []byte) (int, error) {
	if strings.Contains(string(p), n.substring) {
		n.once.Do(func() { close(n.found) })
	}
	return len(p), nil
}

func TestHelpAndVersion(t *testing.T) {
	out, err := try(t, t.Context())
	require.NoError(t, err)
	require.Contains(t, out, "serve")
	out, err = try(t, t.Context(), "version")
	require.NoError(t, err)
	require.Regexp(t, `^signalbox \S+\n$`, out)
}
