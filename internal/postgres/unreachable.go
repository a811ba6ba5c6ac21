package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// unreachable says in one sentence why there is no connection, and what to do. The
// driver tells of every address, with TLS and without, and so most things twice; and
// a server that refuses is not one that does not answer.
func unreachable(at *pgx.ConnConfig, err error) error {
	server := fmt.Sprintf("%s:%d", at.Host, at.Port)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "28P01", "28000": // invalid_password, invalid_authorization_specification
			return fmt.Errorf("Postgres at %s does not let %s into the database %s: %s; set the right user and password in --dsn or SIGNALBOX_DSN", server, at.User, at.Database, refused.Message)
		case "3D000": // invalid_catalog_name
			return fmt.Errorf("Postgres at %s has no database %q: make it, or name another in --dsn or SIGNALBOX_DSN", server, at.Database)
		default:
			return fmt.Errorf("Postgres at %s refuses connections: %s (SQLSTATE %s)", server, refused.Message, refused.Code)
		}
	}
	var dial *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		err = name
	case errors.As(err, &dial):
		err = dial
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("no answer in time")
	}
	return fmt.Errorf("Postgres does not answer at %s (database %s): %w", server, at.Database, err)
}
