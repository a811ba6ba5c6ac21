package postgres_test

import (
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
)

func TestWhyThereIsNoConnectionIsOneSentence(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	dsn := func(change func(*url.URL)) string {
		u, err := url.Parse(pgtest.DSN(t))
		require.NoError(t, err)
		change(u)
		return u.String()
	}
	for name, c := range map[string]struct{ dsn, want string }{
		"wrong password": {
			dsn(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wrong") }),
			`^Postgres at \S+ does not let \S+ into the database \S+: password authentication failed for user "\S+"; set the right user and password in --dsn or SIGNALBOX_DSN$`,
		},
		"no such database": {
			dsn(func(u *url.URL) { u.Path = "/nowhere" }),
			`^Postgres at \S+ has no database "nowhere": make it, or name another in --dsn or SIGNALBOX_DSN$`,
		},
		"nobody listens": {
			"postgres://u@127.0.0.1:1/x",
			`^Postgres does not answer at 127\.0\.0\.1:1 \(database x\): dial tcp 127\.0\.0\.1:1: connect: connection refused$`,
		},
		"no such host": {
			"postgres://u@nowhere.invalid/x",
			`^Postgres does not answer at nowhere\.invalid:5432 \(database x\): `,
		},
		"nothing comes back": {
			"postgres://u@" + silent.Addr().String() + "/x?sslmode=disable&connect_timeout=1",
			`^Postgres does not answer at \S+ \(database x\): `,
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := postgres.Open(t.Context(), postgres.Config{DSN: c.dsn})
			require.Error(t, err)
			require.Regexp(t, c.want, err.Error())
			require.Less(t, time.Since(began), time.Minute)
		})
	}
}
