package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// The limits that the server itself puts on our statements, so that a lock or a
// slow disk turns into an error and never into a request that hangs.
const (
	lockTimeout      = 2 * time.Second
	statementTimeout = 10 * time.Second
	idleInTxTimeout  = 10 * time.Second
	connectTimeout   = 2 * time.Second
)

// Config says how to reach the database.
type Config struct {
	DSN string // a URL or a keyword string, as libpq has them
	// MaxConns bounds the pool; 0 means DefaultMaxConns. Accepting needs few,
	// since concurrent sends share one.
	MaxConns int
	// Timeout bounds every operation on behalf of a request, the wait for a
	// connection included; 0 means DefaultTimeout. What takes longer is UNAVAILABLE.
	Timeout time.Duration
	// Secrets seals and opens what is kept secret at rest; nil keeps it in the clear,
	// and cannot read what has been sealed.
	Secrets Sealer
	// Owner works as the DSN's own user, for whom there is no second wall: migrations do.
	Owner bool
}

// The defaults of Config.
const (
	DefaultMaxConns = 16
	DefaultTimeout  = 2 * time.Second
)

// DB is the database. It is safe for concurrent use.
type DB struct {
	pool    *pgxpool.Pool
	timeout time.Duration
	secrets Sealer
	// lists holds as many places as lists may be read at once, so that people who
	// look things up never take the connections that events need.
	lists *places
	looks *places // likewise for single events
	scans *places // and for scans over many events
	edits *places // and for edits of a catalogue
}

// Open makes the pool and asks the database for an answer once, so that a wrong
// DSN is said at start and in words.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.DSN == "" {
		return nil, errors.New("no database is named: set --dsn or SIGNALBOX_DSN, e.g. postgres://user:password@localhost:5432/signalbox")
	}
	poolConfig, err := pgxpool.ParseConfig(cfg.DSN)
	if err != nil {
		return nil, errors.New("the DSN cannot be read: it should look like postgres://user:password@localhost:5432/signalbox")
	}
	if cfg.MaxConns == 0 {
		cfg.MaxConns = DefaultMaxConns
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	poolConfig.MaxConns = int32(cfg.MaxConns) //nolint:gosec // a setting of some dozens.
	// The DSN's connect_timeout stands.
	if poolConfig.ConnConfig.ConnectTimeout == 0 {
		poolConfig.ConnConfig.ConnectTimeout = connectTimeout
	}
	params := poolConfig.ConnConfig.RuntimeParams
	params["application_name"] = "signalbox"
	params["timezone"] = "UTC"
	params["lock_timeout"] = milliseconds(lockTimeout)
	params["statement_timeout"] = milliseconds(statementTimeout)
	params["idle_in_transaction_session_timeout"] = milliseconds(idleInTxTimeout)

	if !cfg.Owner {
		poolConfig.AfterConnect = standBehindTheWall
	}

	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err != nil {
		return nil, fmt.Errorf("make the connection pool: %w", err)
	}
	db := &DB{
		pool:    pool,
		timeout: cfg.Timeout,
		secrets: cfg.Secrets,
		lists:   newPlaces("lists", max(1, cfg.MaxConns/4)),
		looks:   newPlaces("lookups", max(2, cfg.MaxConns/2)),
		scans:   newPlaces("scans", maxScans),
		edits:   newPlaces("edits", maxEdits),
	}
	pingCtx, cancel := context.WithTimeout(ctx, 2*poolConfig.ConnConfig.ConnectTimeout)
	defer cancel()
	if err := pool.Ping(pingCtx); err != nil {
		pool.Close()
		var known *signalbox.Error
		if errors.As(err, &known) {
			return nil, errors.New(known.Message)
		}
		return nil, unreachable(poolConfig.ConnConfig, err)
	}
	return db, nil
}

// Close waits for what is under way and closes every connection.
func (db *DB) Close() { db.pool.Close() }

// query collects the rows of one statement on a tenant's rows, within the operation
// timeout. Its first argument is the tenant.
func query[T any](ctx context.Context, db *DB, scan pgx.RowToFunc[T], sql string, tenant signalbox.ID, args ...any) (found []T, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	var batch pgx.Batch
	enterTenant(&batch, tenant)
	queue(&batch, sql, tenant, args...).Query(collect(&found, scan))
	return found, translate(db.pool.SendBatch(ctx, &batch).Close())
}

// queryAll collects the rows of one of the functions that look over all tenants.
func queryAll[T any](ctx context.Context, db *DB, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	rows, err := db.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, scan)
	return found, translate(err)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
