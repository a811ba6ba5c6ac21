package model

import (
	"encoding/json"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// MarshalMap writes the text as it was sent; nil is null.
func MarshalMap(v json.RawMessage) graphql.Marshaler {
	if v == nil {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(v) })
}

// UnmarshalMap takes what package graph makes of a Map, in variables and literals
// alike: its JSON text. Whether the text is an object, the road says.
func UnmarshalMap(v any) (json.RawMessage, error) {
	switch v := v.(type) {
	case json.RawMessage:
		return v, nil
	case nil:
		return nil, nil
	default:
		return nil, signalbox.Errorf(signalbox.CodeInvalidInput, "a Map is a JSON object")
	}
}

// MarshalTime writes RFC 3339 in UTC, to the microsecond, which is what the
// database keeps.
func MarshalTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		b := make([]byte, 0, len(time.RFC3339Nano)+2)
		b = append(b, '"')
		b = t.UTC().Truncate(time.Microsecond).AppendFormat(b, time.RFC3339Nano)
		_, _ = w.Write(append(b, '"'))
	})
}

// UnmarshalTime reads RFC 3339, with or without a fraction of a second.
func UnmarshalTime(v any) (time.Time, error) {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	t = t.UTC()
	// At either end of the years that can be written, UTC's may be one that cannot.
	if err != nil || t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}, signalbox.Errorf(signalbox.CodeInvalidInput, "a time is written as RFC 3339 has it, e.g. 2026-03-01T12:00:00Z")
	}
	return t, nil
}
