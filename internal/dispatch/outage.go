package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	outageSaidEvery = time.Minute
	// outageOverAfter is for how long no start must have been turned away before one
	// that is taken ends an outage: of a Temporal that takes some and not others, the
	// log would say both many times a second.
	outageOverAfter = 5 * time.Second
)

// outages tell in the log that Temporal turns starts of a namespace away, at once,
// every minute while it lasts, and when it is over. Nothing is lost meanwhile, and so
// nothing else says it. Tenants that share a namespace share its outage.
type outages struct {
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	under map[string]*outage // by namespace
}

type outage struct {
	since, said, latest time.Time
	turnedAway          int // attempts
}

func newOutages(log *slog.Logger) *outages {
	return &outages{log: log, now: time.Now, under: make(map[string]*outage)}
}

// turnedAway counts an attempt that failed with err, for a reason that passes. What
// was cancelled here is none of Temporal's doing.
func (o *outages) turnedAway(namespace string, code signalbox.DispatchErrorCode, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	now := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.under[namespace]
	if out == nil {
		out = &outage{since: now}
		o.under[namespace] = out
	}
	out.latest = now
	out.turnedAway++
	if out.said.IsZero() || now.Sub(out.said) >= outageSaidEvery {
		out.said = now
		o.log.Warn("Temporal takes no starts; events are accepted, and their starts wait and are tried again",
			"namespace", namespace, "code", code, "error", err, "since", out.since, "attempts", out.turnedAway)
	}
}

// taken ends the namespace's outage, if there is one.
func (o *outages) taken(namespace string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.under[namespace]
	if out == nil {
		return
	}
	now := o.now()
	if now.Sub(out.latest) < outageOverAfter {
		return
	}
	delete(o.under, namespace)
	o.log.Info("Temporal takes starts again", "namespace", namespace, "after", now.Sub(out.since).Round(time.Second), "attempts", out.turnedAway)
}
