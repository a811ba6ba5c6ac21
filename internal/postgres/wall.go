package postgres

import (
	"context"
	"errors"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// The second wall. Every statement on a tenant's rows names the tenant as its $1,
// and that is the first wall. Should one ever forget to, row-level security stands
// behind it: the server works as a role that sees the rows of the tenant which its
// transaction has set, and none where it has set none.

// AppRole is as whom the server works; the migrations make it.
const AppRole = "signalbox_app"

// setTenant is the first statement of every transaction on a tenant's rows. It holds
// until the transaction's end.
const setTenant = `SELECT set_config('app.tenant', $1, true)`

// standBehindTheWall gives up what the login role may do beyond AppRole.
func standBehindTheWall(ctx context.Context, conn *pgx.Conn) error {
	user := pgx.Identifier{conn.Config().User}.Sanitize()
	_, err := conn.Exec(ctx, `SET ROLE `+AppRole)
	switch sqlState(err) {
	case "22023": // invalid_parameter_value: there is no such role
		return &signalbox.Error{
			Code: signalbox.CodeConfiguration, Err: err,
			Message: "the database has no role " + AppRole + ": run `signalbox migrate up`, which makes it",
		}
	case "42501": // insufficient_privilege
		return &signalbox.Error{
			Code: signalbox.CodeConfiguration, Err: err,
			Message: "the database's user " + user + " may not act as " + AppRole + ": let an administrator run GRANT " + AppRole + " TO " + user,
		}
	default:
		return err
	}
}

// enterTenant makes what follows in the batch a tenant's.
func enterTenant(batch *pgx.Batch, tenant signalbox.ID) { batch.Queue(setTenant, tenant.String()) }

// queue adds a statement on a tenant's rows, whose $1 is the tenant.
func queue(batch *pgx.Batch, sql string, tenant signalbox.ID, args ...any) *pgx.QueuedQuery {
	return batch.Queue(scoped(sql), append([]any{tenant}, args...)...)
}

// runs goes over a list that is sorted by tenant, tenant by tenant.
func runs[T any](list []T, tenantOf func(*T) signalbox.ID) iter.Seq2[signalbox.ID, []T] {
	return func(yield func(signalbox.ID, []T) bool) {
		for len(list) > 0 {
			tenant, n := tenantOf(&list[0]), 1
			for n < len(list) && tenantOf(&list[n]) == tenant {
				n++
			}
			if !yield(tenant, list[:n:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// checkWall is an error unless row-level security holds for this connection. It
// does not for superusers, for roles with BYPASSRLS, for who owns the tables, and
// where somebody has switched it off.
func (db *DB) checkWall(ctx context.Context) error {
	const sql = `
SELECT coalesce(string_agg(c.relname, ', ' ORDER BY c.relname), '')
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.polname = 'own_tenant' AND n.nspname = current_schema() AND NOT row_security_active(c.oid)`
	var open string
	if err := db.pool.QueryRow(ctx, sql).Scan(&open); err != nil {
		return translate(err)
	}
	if open == "" {
		return nil
	}
	return errors.New("row-level security does not hold for the role " + AppRole + " on " + open +
		", so that nothing in the database keeps tenants apart there: run ALTER ROLE " + AppRole +
		" NOSUPERUSER NOBYPASSRLS, see that another role owns the tables, and that none has been altered to DISABLE ROW LEVEL SECURITY")
}
