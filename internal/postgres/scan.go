package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// maxScans bounds the scans under way at once in one process: each keeps a core
	// of the database's busy.
	maxScans      = 2
	eventsPerPage = 1000
)

// EventScan chooses events for a look at many: those that fit any of the patterns,
// within the window.
type EventScan struct {
	On     []signalbox.Pattern
	Window signalbox.Window
}

// ScanEvents hands the events that s chooses to page, newest first and some at a
// time, and tells whether there were more than the window's limit. No transaction
// is open meanwhile. It ends at page's first error, which it answers as it is.
//
// A scan may take long: each of its queries is bounded, the whole by ctx alone. Few
// run at once; beyond that the answer is OVERLOADED.
func (db *DB) ScanEvents(ctx context.Context, tenant signalbox.ID, s EventScan, page func([]signalbox.Event) error) (truncated bool, err error) {
	if len(s.On) == 0 {
		return false, nil
	}
	leave, err := db.scans.enter(ctx, tenant, db.timeout, "too many scans of stored events are under way; ask again later")
	if err != nil {
		return false, err
	}
	defer leave()
	var before signalbox.ID
	if !s.Window.Before.IsZero() {
		before = signalbox.FirstID(s.Window.Before)
	}
	for left := s.Window.Limit; ; {
		want := min(left, eventsPerPage)
		// One more than is wanted tells whether there is more.
		found, err := db.scanPage(ctx, tenant, s, before, want+1)
		if err != nil {
			return false, err
		}
		more := len(found) > want
		found = found[:min(want, len(found))]
		if len(found) > 0 {
			if err := page(found); err != nil {
				return false, err
			}
			before = found[len(found)-1].ID
		}
		left -= len(found)
		if !more || left == 0 {
			return more, nil
		}
	}
}

func (db *DB) scanPage(ctx context.Context, tenant signalbox.ID, s EventScan, before signalbox.ID, n int) ([]signalbox.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	sql, w := scanQuery(tenant, s, before, n)
	found := make([]signalbox.Event, 0, n)
	var batch pgx.Batch
	enterTenant(&batch, tenant)
	queue(&batch, sql, tenant, w.args[1:]...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			e, err := scanEvent(rows)
			if err != nil {
				return err
			}
			found = append(found, e)
		}
		return rows.Err()
	})
	if err := db.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, scanError(err)
	}
	return found, nil
}

func scanError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &signalbox.Error{
			Code:    signalbox.CodeUnavailable,
			Message: "the stored events take too long to read: choose a shorter window, or a pattern without *",
			Err:     err,
		}
	}
	return translate(err)
}

// scanQuery reads each exact name from its own stretch of the index by name, and
// merges them; patterns with a star, which may overlap, go over everything once, by
// time. OFFSET 0 keeps them out of the plan for that: behind row-level security the
// planner may not look at what is stored to guess how much fits them, guesses that
// hardly anything does, and reads and sorts everything for every page.
func scanQuery(tenant signalbox.ID, s EventScan, before signalbox.ID, n int) (string, *where) {
	w := whereTenant("e.tenant_id", tenant)
	if !s.Window.From.IsZero() {
		w.and("e.id >= $%d", signalbox.FirstID(s.Window.From))
	}
	if !before.IsZero() {
		w.and("e.id < $%d", before)
	}
	limit := w.arg(n)
	hasStar := func(p signalbox.Pattern) bool { return strings.Contains(p.Type+p.Operation, "*") }
	if slices.ContainsFunc(s.On, hasStar) {
		var fits []string
		for _, p := range s.On {
			fits = append(fits, nameFits(w, "e.type", p.Type)+" AND "+nameFits(w, "e.operation", p.Operation))
		}
		return "SELECT " + eventColumnList + " FROM (SELECT * FROM events e" + w.sql() + " ORDER BY e.id DESC OFFSET 0) e WHERE " +
			strings.Join(fits, " OR ") + " ORDER BY e.id DESC LIMIT " + limit, w
	}
	var each []string
	names := make(map[signalbox.Pattern]bool, len(s.On))
	for _, p := range s.On {
		if names[p] {
			continue
		}
		names[p] = true
		each = append(each, "(SELECT * FROM events e"+w.sql()+
			" AND e.type = "+w.arg(p.Type)+" AND e.operation = "+w.arg(p.Operation)+" ORDER BY e.id DESC LIMIT "+limit+")")
	}
	return "SELECT " + eventColumnList + " FROM (" + strings.Join(each, " UNION ALL ") + ") e ORDER BY e.id DESC LIMIT " + limit, w
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`)

// nameFits is the condition that a column fits a name of a pattern.
func nameFits(w *where, column, name string) string {
	switch {
	case name == "*":
		return "true"
	case strings.Contains(name, "*"):
		return column + " LIKE " + w.arg(likeEscapes.Replace(name))
	default:
		return column + " = " + w.arg(name)
	}
}
