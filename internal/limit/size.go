package limit

import (
	"fmt"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// PayloadBytes is the least of the limits on payload.data that a principal has; its
// Value is 0 where there is none.
func (l *Limiter) PayloadBytes(p *signalbox.Principal) signalbox.LimitReached {
	return p.Least(l.server, "payloadBytes", func(of signalbox.Limits) int { return of.PayloadBytes })
}

// batch is nil where a principal may send that many events in one request, or else
// INVALID_INPUT.
func (l *Limiter) batch(p *signalbox.Principal, events int) error {
	least := p.Least(l.server, "batch", func(of signalbox.Limits) int { return of.Batch })
	if least.Value == 0 || float64(events) <= least.Value {
		return nil
	}
	return &signalbox.Error{
		Code: signalbox.CodeInvalidInput, Path: "/inputs", Limit: &least,
		Message: fmt.Sprintf("inputs has %d events; the limit is %g: send them in several requests", events, least.Value),
	}
}
