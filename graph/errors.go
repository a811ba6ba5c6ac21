package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// errLogged marks an unforeseen error that the log has already.
type errLogged struct{ error }

func (e errLogged) Unwrap() error { return e.error }

// presentError is the one translation of our errors to GraphQL's: code to
// extensions.code. What is unforeseen, gqlgen's own complaints among it, goes into
// the log, once, and the client learns the request's id: whatever a client can get
// wrong has been refused before execution, or by an error of ours.
func (h *Handler) presentError(ctx context.Context, err error) *gqlerror.Error {
	out := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var from *gqlerror.Error
	if errors.As(err, &from) {
		if from.Path != nil {
			out.Path = from.Path
		}
		out.Locations = from.Locations
	}
	e := signalbox.AsError(err)
	out.Message, out.Extensions = e.Message, h.extensions(ctx, e)
	h.cfg.log(ctx, err)
	return out
}

// log has a line for what is not the client's to mend.
func (c *Config) log(ctx context.Context, err error) {
	var logged errLogged
	if err == nil || errors.As(err, &logged) {
		return
	}
	switch e := signalbox.AsError(err); e.Code {
	case signalbox.CodeInternal:
		c.Logger.ErrorContext(ctx, "a request met an unforeseen error", "requestID", c.RequestID(ctx), "error", err)
	case signalbox.CodeUnavailable:
		c.Logger.WarnContext(ctx, "a request met an unavailable database", "requestID", c.RequestID(ctx), "error", err)
	default:
	}
}

// logAll has one line for what befell many events of a batch alike.
func (c *Config) logAll(ctx context.Context, results []ingest.BatchResult) {
	var seen map[string]bool
	for i := range results {
		err := results[i].Err
		if err == nil || seen[err.Error()] {
			continue
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[err.Error()] = true
		c.log(ctx, err)
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
	h.cfg.log(ctx, err)
	return gqlerror.List{{Message: e.Message, Extensions: h.extensions(ctx, e)}}
}

func invalid(format string, args ...any) *signalbox.Error {
	return signalbox.Errorf(signalbox.CodeInvalidInput, format, args...)
}
