package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// unavailableRetry is the hint given with UNAVAILABLE: a restart of Postgres
// takes about so long.
const unavailableRetry = time.Second

// fault is what an error of the database means for the statement that met it.
type fault int

const (
	faultNone fault = iota
	// faultConnection: the answer was lost, so the statement may have taken
	// effect or not. Only a statement that can be repeated may be tried again.
	faultConnection
	// faultBusy: the statement was undone for a reason that passes: a lock, a
	// deadlock, a serialization failure, no room.
	faultBusy
	// faultData: the reason lies in the data or in our SQL.
	faultData
)

// sqlState is the SQLSTATE of what Postgres has answered (PostgreSQL documentation,
// appendix A); "" of any other error, and of none.
func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// classify reads an error by the class of its SQLSTATE.
func classify(err error) fault {
	if err == nil {
		return faultNone
	}
	state := sqlState(err)
	if state == "" {
		return faultConnection
	}
	switch state[:2] {
	case "08", "57": // connection exceptions; operator intervention: shutdown, cancelled
		return faultConnection
	case "40", "53", "55", "25": // rollback; no resources, disk full; lock not available; read-only while it recovers
		return faultBusy
	case "58", "28", "3D": // system error; logins or the database refused, as in a restore
		return faultBusy
	default:
		return faultData
	}
}

// translate gives an error of the database its code. The text of the original
// stays within, for the log.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var known *signalbox.Error
	if errors.As(err, &known) {
		return err
	}
	if classify(err) == faultData || !isPassing(err) {
		return err
	}
	return &signalbox.Error{
		Code:       signalbox.CodeUnavailable,
		Message:    "the database cannot be reached in time; send again, with the same idempotency key if there is one",
		RetryAfter: unavailableRetry,
		Err:        err,
	}
}

// isPassing tells a network's or server's failure from an error of our own code,
// which must not hide behind UNAVAILABLE.
func isPassing(err error) bool {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &pg) || errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

func isUndefinedTable(err error) bool { return sqlState(err) == "42P01" }
func isNotPermitted(err error) bool   { return sqlState(err) == "42501" }

// isInTheWay tells a statement that another session was in the way of, by a lock or by
// a change at the same moment. What it did is undone, and it may be tried again. Two
// databases of one server share their roles, and the change of a role that both make
// at once has no SQLSTATE but that of an internal error.
func isInTheWay(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "55P03", "40P01", "40001": // lock not available; deadlock; serialization failure
		return true
	case "XX000":
		return strings.HasPrefix(pg.Message, "tuple concurrently ")
	default:
		return false
	}
}
