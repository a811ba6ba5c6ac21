package graph

import (
	"context"
	"encoding/json"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// size is about how large an answer has become. What a document can come to is
// bounded before it is executed, in fields, but a field can hold a megabyte.
type size struct {
	most  int64
	bytes atomic.Int64
}

// fieldBytes is what a field takes beside its text, at the least.
const fieldBytes = 16

func (s *size) over() bool { return s.bytes.Load() > s.most }

// field counts what a field adds, and keeps those that ask for something from
// beginning once it is too much. The others are let through: their errors would be
// as many.
func (s *size) field(ctx context.Context, next graphql.Resolver) (any, error) {
	if s.over() && graphql.GetFieldContext(ctx).IsResolver {
		return nil, s.tooLarge()
	}
	value, err := inTime(ctx, next)
	n := fieldBytes
	switch v := value.(type) {
	case string:
		n += len(v)
	case *string:
		if v != nil {
			n += len(*v)
		}
	case json.RawMessage:
		n += len(v)
	}
	s.bytes.Add(int64(n))
	return value, err
}

func (s *size) tooLarge() *signalbox.Error {
	e := invalid("the answer has more than %d bytes: ask for fewer fields, or for shorter lists", s.most)
	e.Limit = &signalbox.LimitReached{Name: "answerBytes", Value: float64(s.most), Scope: signalbox.ScopeServer}
	return e
}
