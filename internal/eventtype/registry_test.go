package eventtype_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestCheck(t *testing.T) { // P-15, P-21
	registry, err := eventtype.NewRegistry([]signalbox.EventType{
		{Type: "order", Operation: "placed"}, {Type: "order", Operation: "cancelled"}, {Type: "inventory", Operation: "low_stock_alert"},
	}, nil)
	require.NoError(t, err)
	for _, c := range []struct {
		typ, operation string
		code           signalbox.Code
		suggestions    []string
	}{
		{"order", "placed", "", nil},
		{"Order", "placed", signalbox.CodeUnknownEventType, []string{"order"}},
		{"ordr", "placed", signalbox.CodeUnknownEventType, []string{"order"}},
		{"inventroy", "x", signalbox.CodeUnknownEventType, []string{"inventory"}},
		{"shipment", "placed", signalbox.CodeUnknownEventType, nil},
		{"order", "Placed", signalbox.CodeUnknownOperation, []string{"placed"}},
		{"order", "canceled", signalbox.CodeUnknownOperation, []string{"cancelled"}},
		{"order", "low_stock_alert", signalbox.CodeUnknownOperation, nil},
		{strings.Repeat("x", 10_000), "x", signalbox.CodeUnknownEventType, nil},
	} {
		_, err := registry.Check(&signalbox.Event{Type: c.typ, Operation: c.operation}, signalbox.UnknownReject, nil)
		require.Equal(t, c.code, signalbox.ErrorCode(err), "%s/%s", c.typ, c.operation)
		if c.code == "" {
			continue
		}
		e := signalbox.AsError(err)
		require.ElementsMatch(t, c.suggestions, e.Suggestions, "%s/%s", c.typ, c.operation)
		if len(c.suggestions) > 0 {
			require.Contains(t, e.Message, `did you mean "`+c.suggestions[0]+`"?`)
		}
		require.NotContains(t, e.Message, strings.Repeat("x", 200), "no echo")
	}
}

func TestAnEmptyRegistrySaysHowToFillIt(t *testing.T) {
	registry, err := eventtype.NewRegistry(nil, nil)
	require.NoError(t, err)
	_, err = registry.Check(&signalbox.Event{Type: "order", Operation: "placed"}, signalbox.UnknownReject, nil)
	require.ErrorContains(t, err, "signalbox apply")
}
