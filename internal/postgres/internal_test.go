package postgres

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestOptionsReadBackAsTheyWere(t *testing.T) {
	for name, d := range map[string]signalbox.Dispatch{
		"nothing": {},
		"options": {Options: signalbox.StartOptions{RunTimeout: time.Minute, Priority: 2, Retry: &signalbox.RetryPolicy{MaximumAttempts: 3}}},
		"memo":    {Memo: json.RawMessage(`{"a": "<b>"}`)},
		"all": {
			Options: signalbox.StartOptions{ReusePolicy: signalbox.ReuseAllowDuplicate},
			Memo:    json.RawMessage(`{"n": 12345678901234567890.10}`), SearchAttributes: json.RawMessage(`{"K":["a","b"]}`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := appendOptions(nil, &d)
			var got dispatchOptions
			require.NoError(t, json.Unmarshal(text, &got), "%s", text)
			require.Equal(t, dispatchOptions{StartOptions: d.Options, Memo: d.Memo, SearchAttributes: d.SearchAttributes}, got)
		})
	}
	require.Equal(t, "{}", string(appendOptions(nil, &signalbox.Dispatch{})))
}

func TestSameJSON(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1,"b":[true,null,"x"]}`, ` { "b" : [ true, null, "x" ], "a" : 1 } `, true},
		{`{"a":1e2}`, `{"a":100}`, true},
		{`1.10`, `1.1`, true},
		{`9007199254740993`, `9007199254740992`, false},
		{`123456789012345678901234567890`, `123456789012345678901234567891`, false},
		{`1e1000000000`, `10e999999999`, false}, // not worth the memory
		{`"1"`, `1`, false},
		{`{"a":null}`, `{}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[1]`, `[1,1]`, false},
		{`"<"`, `"\u003c"`, true},
		{`{`, `}`, false},
	} {
		require.Equal(t, c.same, sameJSON([]byte(c.a), []byte(c.b)), "%s %s", c.a, c.b)
		require.Equal(t, c.same, sameJSON([]byte(c.b), []byte(c.a)), "%s %s", c.b, c.a)
	}
}
