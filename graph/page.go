package graph

import (
	"context"
	"encoding/base64"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// pageOf reads the arguments of a connection. A page that the client does not give
// the length of is as long as it may be, and no longer than the schema says.
func (c *Config) pageOf(ctx context.Context, p *signalbox.Principal, first *int, after *string) (signalbox.Page, error) {
	limit := p.Least(c.PerTenant, "page", func(l signalbox.Limits) int { return l.Page })
	most := int(limit.Value)
	page := signalbox.Page{First: orZero(first)}
	if page.First > most && !given(ctx, "first") {
		page.First = most
	}
	if page.First < 1 || page.First > most {
		e := invalid("first is from 1 to %d", most)
		if page.First > most {
			e.Limit = &limit
		}
		return page, e
	}
	if after == nil {
		return page, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*after)
	if err != nil || len(raw) != len(page.After) {
		return page, invalid("after is not a cursor: take an endCursor as it was given")
	}
	page.After = signalbox.ID(raw)
	return page, nil
}

// pageEnd tells where a page ends, whose elements idOf knows by their ids.
func pageEnd[T any](found []T, more bool, idOf func(*T) *signalbox.ID) *model.PageInfo {
	if len(found) == 0 {
		return pageInfoOf(more, nil)
	}
	return pageInfoOf(more, idOf(&found[len(found)-1]))
}

// given tells whether the client says what the argument is.
func given(ctx context.Context, name string) bool {
	arg := graphql.GetFieldContext(ctx).Field.Arguments.ForName(name)
	if arg == nil || arg.Value.Kind != ast.Variable {
		return arg != nil
	}
	_, ok := graphql.GetOperationContext(ctx).Variables[arg.Value.Raw]
	return ok
}
