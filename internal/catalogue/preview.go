package catalogue

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Preview holds a draft against the rule of its name that is in force, over stored
// events that either is on. A rule that is switched off, or a draft itself,
// is not in force: everything that the draft matches is then newly matched.
func (x *Explainer) Preview(ctx context.Context, tenant signalbox.ID, name string, draft signalbox.RuleDefinition, w signalbox.Window) (*signalbox.Preview, error) {
	began := time.Now()
	w, err := checkWindow(w)
	if err != nil {
		return nil, err
	}
	s, err := x.live.of(tenant)
	if err != nil {
		return nil, err
	}
	b := backtest{snapshot: s}
	if b.draft, err = s.draft(name, draft); err != nil {
		return nil, err
	}
	if r := s.table.Rule(name); r != nil && (r.State == signalbox.RuleEnabled || r.State == signalbox.RuleShadow) {
		b.current = r
	}
	scan, cancel := context.WithTimeout(ctx, maxPreview)
	defer cancel()
	b.preview.Truncated, err = x.store.ScanEvents(scan, tenant, patternsOf(b.draft, b.current), w, func(page []signalbox.Event) error {
		return b.page(scan, page)
	})
	if scan.Err() != nil && ctx.Err() == nil {
		return nil, signalbox.Errorf(signalbox.CodeInvalidInput, "asking the rule about these events takes longer than %s: choose a smaller window", maxPreview)
	}
	if err != nil {
		return nil, err
	}
	b.preview.Oldest, b.preview.Newest = b.span.oldest, b.span.newest
	b.preview.Took = time.Since(began)
	return &b.preview, nil
}

// backtest is one preview under way.
type backtest struct {
	snapshot *snapshot
	draft    *routing.Rule
	current  *routing.Rule // nil where none is in force
	preview  signalbox.Preview
	span     span
}

// judged is what the two rules say of one event.
type judged struct {
	draft   signalbox.Decision // with no verdict where the draft is not on the event
	current signalbox.Verdict
}

// page takes in some events, newest first. They are judged side by side, on half of
// the cores, since sends need some too; and added up in their order.
func (b *backtest) page(ctx context.Context, events []signalbox.Event) error {
	verdicts := make([]judged, len(events))
	workers := max(1, runtime.GOMAXPROCS(0)/2)
	var wg sync.WaitGroup
	for first := range workers {
		wg.Go(func() {
			for i := first; i < len(events) && ctx.Err() == nil; i += workers {
				verdicts[i] = b.judge(&events[i])
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range events {
		b.add(&events[i], &verdicts[i])
	}
	return nil
}

func (b *backtest) judge(e *signalbox.Event) judged {
	facts := b.snapshot.stored(e)
	var j judged
	if covers(b.draft, e) {
		j.draft, _ = b.draft.Decide(facts)
	}
	if covers(b.current, e) {
		d, _ := b.current.Decide(facts)
		j.current = d.Verdict
	}
	return j
}

func (b *backtest) add(e *signalbox.Event, j *judged) {
	p := &b.preview
	p.Scanned++
	b.span.add(e)
	matched, before := j.draft.Verdict == signalbox.VerdictMatched, j.current == signalbox.VerdictMatched
	if matched {
		p.Matched++
	}
	switch {
	case matched && !before:
		p.NewlyMatched.Add(e.ID)
	case before && !matched:
		p.NoLonger.Add(e.ID)
	}
	if j.draft.Verdict == signalbox.VerdictError {
		if p.Errors.Count == 0 {
			p.FirstError = j.draft.Sentence()
		}
		p.Errors.Add(e.ID)
	}
}
