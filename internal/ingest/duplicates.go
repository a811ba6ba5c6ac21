package ingest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// isDuplicate tells of an event that was there before it was sent.
func (one *send) isDuplicate() bool {
	return one.record.Err == nil && one.record.Owner != one.record.Event.ID
}

// duplicatePoll is how soon a duplicate looks whether the starts that the original's
// sender waits for have been made; it doubles with each look.
const duplicatePoll = 25 * time.Millisecond

// originals answers duplicates: with the events which their keys belong to, as those
// are now. It waits for the starts as the originals do. Only the first look may
// fail the sends: once the events are known, a database that goes away costs the news
// of their starts, and no more time than the budget. All are looked up together: whoever
// sends a thousand again because no answer came is not to make a thousand queries.
func (s *Service) originals(ctx context.Context, tenant signalbox.ID, duplicates []*send) {
	stored, err := s.lookUp(context.WithoutCancel(ctx), tenant, duplicates)
	if err != nil {
		for _, one := range duplicates {
			one.result.Err = err
		}
		return
	}
	settled := func(one *send) bool {
		return one.in.Wait == WaitAccepted || !firstAttemptUnderWay(stored[one.record.Owner].Dispatches)
	}
	waiting := slices.DeleteFunc(slices.Clone(duplicates), settled)
	for pause := duplicatePoll; len(waiting) > 0 && ctx.Err() == nil; pause *= 2 {
		select {
		case <-time.After(pause):
			newer, err := s.lookUp(ctx, tenant, waiting)
			if err != nil {
				continue // what has been seen is answer enough
			}
			maps.Copy(stored, newer)
			waiting = slices.DeleteFunc(waiting, settled)
		case <-ctx.Done():
		}
	}
	for _, one := range duplicates {
		found, there := stored[one.record.Owner]
		if !there {
			one.result.Err = signalbox.Errorf(signalbox.CodeNotFound, "there is no event with the id %s any more, to which the idempotency key belongs", one.record.Owner)
			continue
		}
		one.result.Result = &Result{Event: found.Event, Dispatches: found.Dispatches, Warnings: one.warnings, Duplicate: true}
	}
}

// lookUp is the events that duplicates stand for, by id.
func (s *Service) lookUp(ctx context.Context, tenant signalbox.ID, duplicates []*send) (map[signalbox.ID]signalbox.StoredEvent, error) {
	by := make(map[signalbox.ID]signalbox.StoredEvent, len(duplicates))
	for _, one := range duplicates {
		by[one.record.Owner] = signalbox.StoredEvent{}
	}
	found, err := s.cfg.Store.EventsByID(ctx, tenant, slices.Collect(maps.Keys(by)))
	clear(by)
	for i := range found {
		by[found[i].ID] = found[i]
	}
	return by, err
}

// firstAttemptUnderWay tells whether any start is PENDING for no other reason than
// that its first attempt has not come back.
func firstAttemptUnderWay(dispatches []signalbox.Dispatch) bool {
	for _, d := range dispatches {
		if d.Status == signalbox.StatusPending && d.Attempts > 0 && d.LastError == nil {
			return true
		}
	}
	return false
}
