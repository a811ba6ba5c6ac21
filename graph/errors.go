package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// errLogged marks an unforeseen error that the log has already.
type errLogged struct{ error }

func (e errLogged) Unwrap() error { return e.error }

// presentError is the one translation of our errors to GraphQL's: code to
// extensions.code. What is unforeseen goes into the log, once, and the client
// learns the request's id.
func (h *Handler) presentError(ctx context.Context, err error) *gqlerror.Error {
	out := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var from *gqlerror.Error
	if errors.As(err, &from) {
		if from.Path != nil {
			out.Path = from.Path
		}
		out.Locations = from.Locations
		var ours *signalbox.Error
		if cause := from.Unwrap(); cause == nil || !errors.As(cause, &ours) && !isOurCause(cause) {
			// gqlgen's own words: coercing an argument that resolvers never saw.
			out.Message = from.Message
			out.Extensions = map[string]any{"code": signalbox.CodeInvalidInput}
			return out
		}
	}
	e := signalbox.AsError(err)
	out.Message, out.Extensions = e.Message, h.extensions(ctx, e)
	h.log(ctx, e, err)
	return out
}

// isOurCause tells errors of resolvers, which must not be shown, from gqlgen's own
// about arguments, which are for the client.
func isOurCause(cause error) bool {
	var inner *gqlerror.Error
	return !errors.As(cause, &inner)
}

func (h *Handler) log(ctx context.Context, e *signalbox.Error, err error) {
	var logged errLogged
	if errors.As(err, &logged) {
		return
	}
	switch e.Code {
	case signalbox.CodeInternal:
		h.cfg.Logger.ErrorContext(ctx, "a request met an unforeseen error", "requestID", h.cfg.RequestID(ctx), "error", e.Err)
	case signalbox.CodeUnavailable:
		h.cfg.Logger.WarnContext(ctx, "a request met an unavailable database", "requestID", h.cfg.RequestID(ctx), "error", e.Err)
	default: // the client's to mend
	}
}

func (h *Handler) extensions(ctx context.Context, e *signalbox.Error) map[string]any {
	x := map[string]any{"code": e.Code}
	if e.Path != "" {
		x["path"] = e.Path
	}
	if len(e.Violations) > 0 {
		x["violations"] = e.Violations
	}
	if len(e.Suggestions) > 0 {
		x["suggestions"] = e.Suggestions
	}
	if e.RetryAfter > 0 {
		x["retryAfterMs"] = e.RetryAfter.Milliseconds()
	}
	if id := h.cfg.RequestID(ctx); id != "" {
		x["requestId"] = id
	}
	return x
}

// requestError is an error of the request as a whole: nothing was executed.
func (h *Handler) requestError(ctx context.Context, err error) gqlerror.List {
	var list gqlerror.List
	if errors.As(err, &list) {
		for _, one := range list {
			one.Extensions = map[string]any{"code": signalbox.CodeInvalidInput}
			if id := h.cfg.RequestID(ctx); id != "" {
				one.Extensions["requestId"] = id
			}
		}
		return list
	}
	e := signalbox.AsError(err)
	h.log(ctx, e, err)
	return gqlerror.List{{Message: e.Message, Extensions: h.extensions(ctx, e)}}
}

func invalid(format string, args ...any) *signalbox.Error {
	return signalbox.Errorf(signalbox.CodeInvalidInput, format, args...)
}
