package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// maxEdits bounds the edits under way at once in one process: each holds a
	// connection while its plan is made, or while it waits for another's.
	maxEdits = 3
	// editTimeout bounds one edit as a whole. Ten thousand rules are compiled in it.
	editTimeout = time.Minute
)

// errDryRun undoes an edit that was only to be tried.
var errDryRun = errors.New("a dry run is undone")

// planError is an error of a plan on its way through the transaction.
type planError struct{ err error }

func (e planError) Error() string { return e.err.Error() }

// Edit changes a tenant's catalogue in one transaction, under a lock that edits of
// the same tenant share. plan is given the tenant and its whole catalogue and
// answers the whole that is wanted:
//
//   - A rule that is absent is deleted. Its versions stay, and a rule that later has
//     its name counts on from them.
//   - A rule in any state but DRAFT is published: where its definition differs from
//     the version in force it becomes the next one. Its state and its draft are no
//     part of a version. Its Version is not read.
//   - A rule in state DRAFT has never been published, and its definition is stored as
//     its draft.
//   - An event type that is absent stays. Schemas beyond those stored become the next
//     versions; those stored never change.
//   - Settings that are nil stay.
//
// The revision grows if anything differs. What is answered is the catalogue as it is
// then stored; with dryRun it is what would be, and nothing is.
//
// Errors: NOT_FOUND for an unknown tenant; plan's own, as it is; UNAVAILABLE where
// the database is away or other edits take too long.
func (db *DB) Edit(ctx context.Context, by signalbox.Principal, dryRun bool, plan func(t signalbox.Tenant, now signalbox.Catalogue) (signalbox.Catalogue, error)) (signalbox.Catalogue, error) {
	if by.Actor == "" {
		return signalbox.Catalogue{}, errors.New("an edit of the catalogue has no actor")
	}
	leave, err := db.edits.enter(ctx, by.Tenant.ID, db.timeout, "too many edits of the catalogue are under way; try again later")
	if err != nil {
		return signalbox.Catalogue{}, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, editTimeout)
	defer cancel()
	var stored signalbox.Catalogue
	err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		stored, err = db.edit(ctx, tx, by, plan)
		if err == nil && dryRun {
			return errDryRun // the answer is of the real thing, which is then undone
		}
		return err
	})
	var planned planError
	switch {
	case errors.Is(err, errDryRun):
		return stored, nil
	case errors.As(err, &planned):
		return signalbox.Catalogue{}, planned.err
	case err != nil:
		return signalbox.Catalogue{}, editError(err)
	}
	return stored, nil
}

func (db *DB) edit(ctx context.Context, tx pgx.Tx, by signalbox.Principal, plan func(signalbox.Tenant, signalbox.Catalogue) (signalbox.Catalogue, error)) (signalbox.Catalogue, error) {
	// The plan may take longer than a transaction may idle otherwise.
	if _, err := tx.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', $1, true)`, milliseconds(editTimeout)); err != nil {
		return signalbox.Catalogue{}, err
	}
	if _, err := tx.Exec(ctx, setTenant, by.Tenant.ID.String()); err != nil {
		return signalbox.Catalogue{}, err
	}
	t, err := db.readTenant(ctx, tx, by.Tenant.ID, selectTenant+` FOR UPDATE`)
	if err != nil {
		return signalbox.Catalogue{}, err
	}
	now, err := readCatalogue(ctx, tx, t)
	if err != nil {
		return signalbox.Catalogue{}, err
	}
	wanted, err := plan(t, copyOf(now))
	if err != nil {
		return signalbox.Catalogue{}, planError{err}
	}
	d, err := differenceOf(now, wanted)
	if err != nil {
		return signalbox.Catalogue{}, err
	}
	if d.isEmpty() {
		return now, nil
	}
	if err := db.write(ctx, tx, t.ID, d); err != nil {
		return signalbox.Catalogue{}, err
	}
	if t, err = db.readTenant(ctx, tx, t.ID, selectTenant); err != nil {
		return signalbox.Catalogue{}, err
	}
	stored, err := readCatalogue(ctx, tx, t)
	if err != nil {
		return signalbox.Catalogue{}, err
	}
	return stored, writeAudit(ctx, tx, t.ID, by.Actor, d.audit(t.Slug, now, stored)...)
}

// copyOf lets a plan change its lists in place.
func copyOf(c signalbox.Catalogue) signalbox.Catalogue {
	settings := *c.Settings
	return signalbox.Catalogue{Types: slices.Clone(c.Types), Rules: slices.Clone(c.Rules), Settings: &settings}
}

// editError says of a few errors what they mean here.
func editError(err error) error {
	switch sqlState(err) {
	case "55P03": // lock_not_available
		return &signalbox.Error{
			Code:       signalbox.CodeUnavailable,
			Message:    "another edit of this catalogue is under way; try again later",
			RetryAfter: unavailableRetry,
			Err:        err,
		}
	case "22P05", "22021": // untranslatable_character, character_not_in_repertoire
		return &signalbox.Error{Code: signalbox.CodeInvalidInput, Message: "a text has a NUL character in it, which cannot be stored", Err: err}
	default:
		return translate(fmt.Errorf("edit the catalogue: %w", err))
	}
}
