package graph

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// A request has one deadline, its context's. What asks the database ends with it; a
// send that is under way then is seen through, within limits of its own, so that
// what has been committed is answered as such; what has not begun does not begin.
// Should something not end all the same, the client is told after Limits.Patience,
// and the connection does not hang.

// lateRetry is the hint to whoever had no answer in time.
const lateRetry = time.Second

// late is the error of what had no time left.
func late(cause error) *signalbox.Error {
	return &signalbox.Error{
		Code: signalbox.CodeUnavailable, Err: cause, RetryAfter: lateRetry,
		Message: "there was no answer in time; try again, and send an event again with the same idempotency key",
	}
}

// answer executes an operation and answers it once: with what came of it, or with
// UNAVAILABLE where nothing comes.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, media string, tenant signalbox.ID, op *operation, vars map[string]any) {
	var out once
	if deadline, bounded := r.Context().Deadline(); bounded {
		stuck := time.AfterFunc(time.Until(deadline)+h.cfg.Limits.Patience, func() {
			out.do(func() {
				w.Header().Set("Connection", "close") // its goroutine is not free for another request
				h.refuse(w, r, media, &httpError{http.StatusServiceUnavailable, late(context.DeadlineExceeded)})
				_ = http.NewResponseController(w).Flush() // what fails is the client's connection
			})
		})
		defer stuck.Stop()
	}
	defer func() {
		if v := recover(); v != nil {
			out.do(func() { h.contain(w, r, media, v) })
		}
	}()
	ctx, hints := withHints(r.Context())
	response, failed := h.inTurn(ctx, r, tenant, op, vars)
	if hints.limited.Load() {
		h.brake.hold(ctx, tenant)
	}
	if op.onlySends && hints.free.Load() {
		h.waitATurn(ctx, tenant)
	}
	if failed == nil && response != nil && len(response.Data) > small {
		if failed = h.hold(tenant, op, len(response.Data)); failed == nil {
			defer h.room.give(tenant, len(response.Data))
		}
	}
	out.do(func() {
		switch {
		case failed != nil:
			h.refuse(w, r, media, failed)
		case response != nil: // nil: the client has gone
			hint(w.Header(), hints.longest())
			write(w, r, media, http.StatusOK, response)
		}
	})
}

// inTurn executes an operation. A send does not wait for a turn: it has limits of its
// own, and waits for others most of the time.
func (h *Handler) inTurn(ctx context.Context, r *http.Request, tenant signalbox.ID, op *operation, vars map[string]any) (*graphql.Response, *httpError) {
	if !op.onlySends {
		leave, err := h.operations.enter(ctx, tenant)
		if err != nil {
			return nil, &httpError{http.StatusServiceUnavailable, err}
		}
		defer leave()
	}
	return h.execute(ctx, r, op, vars), nil
}

// waitATurn has a refusal take as long as anything else that a tenant may ask for
// without end; it comes in any case.
func (h *Handler) waitATurn(ctx context.Context, tenant signalbox.ID) {
	if leave, err := h.operations.enter(ctx, tenant); err == nil {
		leave()
	}
}

// hold finds room for an answer on its way out, however slowly its client reads it.
// What has been changed is answered in any case.
func (h *Handler) hold(tenant signalbox.ID, op *operation, bytes int) *httpError {
	if op.def.Operation != ast.Query {
		h.room.force(tenant, bytes)
		return nil
	}
	if err := h.room.take(tenant, bytes); err != nil {
		return &httpError{http.StatusServiceUnavailable, err}
	}
	return nil
}

// once lets one of several write the answer. Others that come meanwhile wait until
// it is written: none of them may end the request under it.
type once struct {
	mu   sync.Mutex
	done bool
}

func (o *once) do(write func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.done {
		o.done = true
		write()
	}
}

// inTime keeps fields that ask for something from beginning once the request's
// deadline has passed, or its client has gone.
func inTime(ctx context.Context, next graphql.Resolver) (any, error) {
	if ctx.Err() != nil && graphql.GetFieldContext(ctx).IsResolver {
		return nil, errLogged{late(ctx.Err())}
	}
	return next(ctx)
}

// over tells whether the request has ended before it was executed, and gives the
// answer: none to a client that has gone.
func (h *Handler) over(ctx context.Context) (*graphql.Response, bool) {
	err := ctx.Err()
	switch {
	case err == nil:
		return nil, false
	case errors.Is(err, context.DeadlineExceeded):
		e := late(err)
		hintsOf(ctx).note(e)
		return &graphql.Response{Errors: h.requestError(ctx, e)}, true
	default:
		return nil, true
	}
}
