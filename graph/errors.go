package graph

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
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
	e := asError(err)
	out.Message, out.Extensions = e.Message, h.extensions(ctx, e)
	hintsOf(ctx).note(e)
	if fc := graphql.GetFieldContext(ctx); fc != nil && e.Path == "" {
		// gqlgen goes on from the field's path to that of the argument at fault, which
		// is none of the response's.
		if field := fc.Path(); len(out.Path) > len(field)+1 {
			out.Extensions["path"] = pointerOf(out.Path[len(field)+1:])
			out.Path = field
		}
	}
	h.cfg.log(ctx, err)
	return out
}

// asError is the error of ours in err. Time that has run out is the server's being
// slow, and no fault in it.
func asError(err error) *signalbox.Error {
	e := signalbox.AsError(err)
	if e.Code == signalbox.CodeInternal && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return late(err)
	}
	return e
}

func pointerOf(path ast.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case ast.PathName:
			b.WriteString("/" + string(step))
		case ast.PathIndex:
			b.WriteString("/" + strconv.Itoa(int(step)))
		}
	}
	return b.String()
}

// log has a line for what is not the client's to mend.
func (c *Config) log(ctx context.Context, err error) {
	var logged errLogged
	if err == nil || errors.As(err, &logged) {
		return
	}
	switch asError(err).Code {
	case signalbox.CodeInternal:
		c.Logger.ErrorContext(ctx, "a request met an unforeseen error", "requestID", c.RequestID(ctx), "error", err)
	case signalbox.CodeUnavailable:
		c.Logger.WarnContext(ctx, "a request met an unavailable database", "requestID", c.RequestID(ctx), "error", err)
	default:
	}
}

// logAll has one line for what befell many events of a batch alike, and keeps the
// hints that their errors give.
func (c *Config) logAll(ctx context.Context, results []ingest.BatchResult) {
	var seen map[string]bool
	for i := range results {
		err := results[i].Err
		if err != nil {
			hintsOf(ctx).note(asError(err))
		}
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
	if e.Limit != nil {
		x["limit"] = e.Limit
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
	e := asError(err)
	h.cfg.log(ctx, err)
	return gqlerror.List{{Message: e.Message, Extensions: h.extensions(ctx, e)}}
}

func invalid(format string, args ...any) *signalbox.Error {
	return signalbox.Errorf(signalbox.CodeInvalidInput, format, args...)
}
