package limit

import (
	"fmt"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// PayloadBytes is the least of the limits on payload.data that a principal has; its
// Value is 0 where there is none.
func (l *Limiter) PayloadBytes(p *signalbox.Principal) signalbox.LimitReached {
	return l.least(p, "payloadBytes", func(of signalbox.Limits) int { return of.PayloadBytes })
}

// Batch is nil where a principal may send that many events in one request, or else
// INVALID_INPUT.
func (l *Limiter) Batch(p *signalbox.Principal, events int) error {
	least := l.least(p, "batch", func(of signalbox.Limits) int { return of.Batch })
	return exceeded(events, least, "/inputs", "inputs has %d events; the limit is %g: send them in several requests")
}

// Page is nil where a principal may ask for that many elements of a list at once, or
// else INVALID_INPUT.
func (l *Limiter) Page(p *signalbox.Principal, first int) error {
	least := l.least(p, "page", func(of signalbox.Limits) int { return of.Page })
	return exceeded(first, least, "/first", "first is %d; the limit is %g: ask for the rest after endCursor")
}

func exceeded(asked int, least signalbox.LimitReached, path, sentence string) error {
	if least.Value == 0 || float64(asked) <= least.Value {
		return nil
	}
	return &signalbox.Error{
		Code: signalbox.CodeInvalidInput, Path: path, Message: fmt.Sprintf(sentence, asked, least.Value), Limit: &least,
	}
}

// least is the least of a principal's limits of one name.
func (l *Limiter) least(p *signalbox.Principal, name string, of func(signalbox.Limits) int) signalbox.LimitReached {
	least := signalbox.LimitReached{Name: name, Scope: signalbox.ScopeServer}
	for _, s := range l.scoped(p) {
		if v := float64(of(s.limits)); v > 0 && (least.Value == 0 || v < least.Value) {
			least.Value, least.Scope = v, s.of
		}
	}
	return least
}
