package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/dispatch"
	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	soon  = 2 * time.Minute
	often = 20 * time.Millisecond
)

// site is a whole server on a database of its own.
type site struct {
	t        *testing.T
	dsn, url string
	operator app.Operator
	log      *logtest.Log
}

// serve starts a server that asks for keys.
func serve(t *testing.T) *site {
	t.Helper()
	temporal := os.Getenv("SIGNALBOX_TEST_TEMPORAL")
	require.NotEmpty(t, temporal, "tests need a real Temporal: run them with `make test`, or name one in SIGNALBOX_TEST_TEMPORAL")
	s := &site{t: t, dsn: pgtest.DSN(t), log: &logtest.Log{}}
	s.operator = app.Operator{DSN: s.dsn}
	server, err := app.New(t.Context(), app.Options{
		DSN: s.dsn, Temporal: dispatch.DialOptions{Address: temporal}, Listen: "127.0.0.1:0", Introspection: true, Suggestions: true,
		QueryTimeout: soon, // where a busy machine makes the database slow, it is no fault of what is tested
		Logger:       slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(t.Context())) })
	require.NoError(t, server.Start(t.Context()))
	s.url = "http://" + server.Addr() + "/graphql"
	return s
}

// tenant makes a tenant, whose first key works at once.
func (s *site) tenant(slug string, edit signalbox.TenantEdit) {
	s.t.Helper()
	_, err := s.operator.CreateTenant(s.t.Context(), slug, edit)
	require.NoError(s.t, err)
	key := s.key(slug, "tenant:admin")
	s.ok(key, `{ viewer { tenant } }`, nil)
}

// key makes a key of a tenant and answers its text.
func (s *site) key(tenant string, permissions ...string) string {
	s.t.Helper()
	return s.issue(tenant, signalbox.KeyEdit{}, permissions...).Text
}

func (s *site) issue(tenant string, e signalbox.KeyEdit, permissions ...string) app.IssuedKey {
	s.t.Helper()
	var err error
	e.Permissions, err = signalbox.ParsePermissions(permissions)
	require.NoError(s.t, err)
	key, err := s.operator.CreateKey(s.t.Context(), tenant, e)
	require.NoError(s.t, err)
	return key
}

// answer is what came back.
type answer struct {
	Status int
	Text   string
	Data   map[string]json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code string }
	}
}

// ask posts a document with that credential, "" for none.
func (s *site) ask(credential, query string, variables map[string]any) *answer {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(s.t, err)
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, bytes.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	if credential != "" {
		r.Header.Set("Authorization", "Bearer "+credential)
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	a := &answer{Status: res.StatusCode, Text: string(text)}
	var decoded struct {
		Data   map[string]json.RawMessage
		Errors json.RawMessage
	}
	require.NoError(s.t, json.Unmarshal(text, &decoded), a.Text)
	a.Data = decoded.Data
	if decoded.Errors != nil {
		require.NoError(s.t, json.Unmarshal(decoded.Errors, &a.Errors), a.Text)
	}
	return a
}

// ok is ask, where there must be no error.
func (s *site) ok(credential, query string, variables map[string]any) *answer {
	s.t.Helper()
	a := s.ask(credential, query, variables)
	require.Empty(s.t, a.code(), "%s: %s", query, a.Text)
	return a
}

var resultCode = regexp.MustCompile(`"error":\{"code":"([A-Z_]+)"`)

// code is that of the first error, also of a batch's result; "" where there is none.
func (a *answer) code() string {
	if len(a.Errors) > 0 {
		return a.Errors[0].Extensions.Code
	}
	if found := resultCode.FindStringSubmatch(a.Text); found != nil {
		return found[1]
	}
	return ""
}

// at is what stands under a path of names, as text without quotes; "" where nothing
// does. In a list it is the first element's.
func (a *answer) at(path string) string {
	var v any
	if json.Unmarshal([]byte(a.Text), &map[string]any{}) == nil {
		var whole struct{ Data any }
		_ = json.Unmarshal([]byte(a.Text), &whole)
		v = whole.Data
	}
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		object, _ := v.(map[string]any)
		v = object[name]
	}
	text, _ := v.(string)
	return text
}

// rootFieldsServed are the names of the fields of Query and Mutation.
func (s *site) rootFieldsServed(credential string) []string {
	s.t.Helper()
	var served struct {
		QueryType, MutationType struct{ Fields []struct{ Name string } }
	}
	a := s.ok(credential, `{ __schema { queryType { fields { name } } mutationType { fields { name } } } }`, nil)
	require.NoError(s.t, json.Unmarshal(a.Data["__schema"], &served))
	var names []string
	for _, f := range append(served.QueryType.Fields, served.MutationType.Fields...) {
		names = append(names, f.Name)
	}
	return names
}
