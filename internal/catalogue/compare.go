package catalogue

import (
	"context"
	"time"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Compare sums up what was decided, when events were sent, by a rule in shadow and
// by an enabled one. Nothing is evaluated anew.
//
// An event counts where both rules had their say: each has a decision stored with
// it, is not on its name, or is one of the misses that were too many to keep. An
// event from before the shadow rule was there says nothing about it.
func (x *Explainer) Compare(ctx context.Context, tenant signalbox.ID, shadow, enabled string, w signalbox.Window) (*signalbox.Comparison, error) {
	began := time.Now()
	w, err := checkWindow(w)
	if err != nil {
		return nil, err
	}
	s, err := x.live.of(tenant)
	if err != nil {
		return nil, err
	}
	a, err := s.rule(shadow)
	if err != nil {
		return nil, err
	}
	b, err := s.rule(enabled)
	if err != nil {
		return nil, err
	}
	var c signalbox.Comparison
	var times span
	c.Truncated, err = x.store.ScanEvents(ctx, tenant, patternsOf(a, b), w, func(page []signalbox.Event) error {
		for i := range page {
			if compare(&c, &page[i], a, b) {
				times.add(&page[i])
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	c.Oldest, c.Newest, c.Took = times.oldest, times.newest, time.Since(began)
	return &c, nil
}

// compare takes in one event, and tells whether it counts.
func compare(c *signalbox.Comparison, e *signalbox.Event, shadow, enabled *routing.Rule) bool {
	a, asked := verdictOf(e, shadow)
	if !asked {
		return false
	}
	b, asked := verdictOf(e, enabled)
	if !asked {
		return false
	}
	c.Scanned++
	byShadow, byEnabled := matchedThen(a), matchedThen(b)
	switch {
	case byShadow && byEnabled:
		c.Both++
	case byShadow:
		c.OnlyShadow.Add(e.ID)
	case byEnabled:
		c.OnlyEnabled.Add(e.ID)
	}
	if a == signalbox.VerdictError {
		c.ShadowErrors.Add(e.ID)
	}
	if b == signalbox.VerdictError {
		c.EnabledErrors.Add(e.ID)
	}
	return true
}

// matchedThen: a rule may have been in shadow at the time and be enabled now, or the
// other way round. Its condition held in either case.
func matchedThen(v signalbox.Verdict) bool {
	return v == signalbox.VerdictMatched || v == signalbox.VerdictShadow
}

// verdictOf is what a rule said of an event at the time, and whether it was asked.
func verdictOf(e *signalbox.Event, r *routing.Rule) (verdict signalbox.Verdict, asked bool) {
	if d := decisionOf(e.Decisions, r.Name); d != nil {
		return d.Verdict, d.Verdict != signalbox.VerdictDisabled
	}
	if !r.Covers(e.Type, e.Operation) || e.Omitted > 0 {
		return signalbox.VerdictFiltered, true
	}
	return "", false
}
