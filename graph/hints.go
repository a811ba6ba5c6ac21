package graph

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

type hintsKey struct{}

// hints are what all errors of an answer say of trying again.
type hints struct {
	// most is the longest of them, after which everything may be tried again: the header
	// can have but one.
	most    atomic.Int64
	limited atomic.Bool // one was for its sender's rate
	// free tells that something was refused and took nothing of its sender's rate.
	free atomic.Bool
}

func withHints(ctx context.Context) (context.Context, *hints) {
	h := &hints{}
	return context.WithValue(ctx, hintsKey{}, h), h
}

func hintsOf(ctx context.Context) *hints {
	h, _ := ctx.Value(hintsKey{}).(*hints)
	return h
}

func (h *hints) note(e *signalbox.Error) {
	if h == nil {
		return
	}
	switch e.Code {
	case signalbox.CodeRateLimited:
		h.limited.Store(true)
	case signalbox.CodeForbidden, signalbox.CodeOverloaded:
		h.free.Store(true)
	default:
	}
	for after := int64(e.RetryAfter); ; {
		most := h.most.Load()
		if after <= most || h.most.CompareAndSwap(most, after) {
			return
		}
	}
}

func (h *hints) longest() time.Duration { return time.Duration(h.most.Load()) }
