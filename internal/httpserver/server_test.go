package httpserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/httpserver"
	"github.com/signalbox/signalbox/internal/signalbox"
)

type door struct {
	http.Handler
	log   *bytes.Buffer
	ready error
	who   error
	ends  bool
}

func newDoor(t *testing.T, graphql http.HandlerFunc) *door {
	t.Helper()
	d := &door{log: &bytes.Buffer{}}
	server, err := httpserver.New(httpserver.Config{
		GraphQL: graphql,
		Ready:   func(context.Context) error { return d.ready },
		Authenticate: func(*http.Request) (signalbox.Principal, error) {
			return signalbox.Principal{Tenant: signalbox.Tenant{Slug: "acme"}}, d.who
		},
		Stopping:     func() bool { return d.ends },
		LoopbackOnly: true,
		Logger:       slog.New(slog.NewTextHandler(d.log, nil)),
	})
	require.NoError(t, err)
	require.NotZero(t, server.ReadHeaderTimeout)
	require.NotZero(t, server.MaxHeaderBytes)
	d.Handler = server.Handler
	return d
}

func (d *door) get(path string, change ...func(*http.Request)) (int, http.Header, string) {
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body)
	return w.Code, w.Header(), string(body)
}

func TestReadiness(t *testing.T) {
	d := newDoor(t, nil)
	status, _, body := d.get("/readyz")
	require.Equal(t, http.StatusOK, status, body)
	d.ready = signalbox.Errorf(signalbox.CodeUnavailable, "the database is away")
	status, _, body = d.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "the database is away")
	d.ready = errors.New("dial tcp 10.0.0.7: secret")
	_, _, body = d.get("/readyz")
	require.NotContains(t, body, "secret")
	status, _, _ = d.get("/healthz")
	require.Equal(t, http.StatusOK, status, "alive all the same")
}

func TestAPanicShowsTheRequestIDAlone(t *testing.T) {
	d := newDoor(t, func(http.ResponseWriter, *http.Request) { panic("secret") })
	status, header, body := d.get("/graphql")
	require.Equal(t, http.StatusInternalServerError, status)
	require.NotContains(t, body, "secret")
	require.Contains(t, body, header.Get("X-Request-Id"))
	require.Contains(t, d.log.String(), "secret")
	require.Contains(t, d.log.String(), header.Get("X-Request-Id"))
}

func TestRequestIDs(t *testing.T) {
	var seen string
	d := newDoor(t, func(_ http.ResponseWriter, r *http.Request) {
		seen = httpserver.RequestID(r.Context())
		p, err := httpserver.Principal(r.Context())
		if err != nil || p.Tenant.Slug != "acme" {
			t.Errorf("principal %v: %v", p, err)
		}
	})
	with := func(id string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Request-Id", id) }
	}
	_, header, _ := d.get("/graphql", with("abc-1.2_3"))
	require.Equal(t, "abc-1.2_3", seen)
	require.Equal(t, seen, header.Get("X-Request-Id"))
	for _, bad := range []string{"", "a b", "a\"b", strings.Repeat("x", 65), "ü"} {
		d.get("/graphql", with(bad))
		require.Len(t, seen, 16, "%q is replaced", bad)
	}
}

// A page on the web can make its own name resolve to 127.0.0.1 and then speak to
// us as if it were of our origin; the Host header gives it away.
func TestOnlyLoopbackHostsAreAnswered(t *testing.T) {
	d := newDoor(t, func(http.ResponseWriter, *http.Request) {})
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "127.0.0.1:8080": 200, "127.9.9.9": 200, "[::1]:8080": 200, "[::1]": 200,
		"evil.example": 403, "evil.example:8080": 403, "10.0.0.1": 403, "localhost.evil.example": 403, "": 403,
	} {
		status, _, _ := d.get("/graphql", func(r *http.Request) { r.Host = host })
		require.Equal(t, want, status, "%q", host)
	}
}

// Who is not known is the handler's to refuse: it does so in its own manner.
func TestTheHandlerLearnsWhoIsNotKnown(t *testing.T) {
	var err error
	d := newDoor(t, func(_ http.ResponseWriter, r *http.Request) { _, err = httpserver.Principal(r.Context()) })
	d.who = signalbox.Errorf(signalbox.CodeUnauthenticated, "no key")
	d.get("/graphql")
	require.ErrorIs(t, err, d.who)
	d.who = nil
	d.get("/graphql")
	require.NoError(t, err)
	d.get("/graphql", func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer a", "Bearer b"} })
	require.Equal(t, signalbox.CodeUnauthenticated, signalbox.ErrorCode(err), "two credentials are none")
	_, err = httpserver.Principal(t.Context())
	require.Equal(t, signalbox.CodeUnauthenticated, signalbox.ErrorCode(err))
}

// Health is anybody's to ask, and so are a server's methods.
func TestWhatNeedsNoCredential(t *testing.T) {
	asked := false
	server, err := httpserver.New(httpserver.Config{
		GraphQL: http.NotFoundHandler(),
		Ready:   func(context.Context) error { return nil },
		Authenticate: func(*http.Request) (signalbox.Principal, error) {
			asked = true
			return signalbox.Principal{}, nil
		},
		CORSOrigins: []string{"https://app.example"},
		Logger:      slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	for _, c := range [][2]string{{"GET", "/healthz"}, {"GET", "/readyz"}, {"GET", "/nothing"}, {"POST", "/healthz"}, {"OPTIONS", "/graphql"}} {
		r := httptest.NewRequest(c[0], c[1], nil)
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		server.Handler.ServeHTTP(httptest.NewRecorder(), r)
		require.False(t, asked, "%v", c)
	}
}

func TestNewRefusesAMissingPart(t *testing.T) {
	_, err := httpserver.New(httpserver.Config{})
	require.Error(t, err)
}

func TestAStoppingServerGivesUpItsConnections(t *testing.T) {
	d := newDoor(t, func(http.ResponseWriter, *http.Request) {})
	_, header, _ := d.get("/graphql")
	require.Empty(t, header.Get("Connection"))
	d.ends = true
	_, header, _ = d.get("/graphql")
	require.Equal(t, "close", header.Get("Connection"))
}
