package signalbox_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestPermissionsAreWrittenAsTheyAreRead(t *testing.T) { // P-18
	for text, want := range map[string]signalbox.Permission{
		"events:send:order/*":         {Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: "order", Operation: "*"}},
		"events:send:*/created":       {Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: "*", Operation: "created"}},
		`events:send:a\/b/c/d`:        {Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: "a/b", Operation: "c/d"}},
		`events:send:a\\/c`:           {Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: `a\`, Operation: "c"}},
		"events:send:Low stock/Alert": {Action: signalbox.ActionSend, Send: signalbox.Pattern{Type: "Low stock", Operation: "Alert"}},
		"events:read":                 {Action: signalbox.ActionReadEvents},
		"operator":                    {Action: signalbox.ActionOperator},
	} {
		got, err := signalbox.ParsePermission(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		require.Equal(t, text, got.String())
		raw, err := json.Marshal(signalbox.Permissions{got})
		require.NoError(t, err)
		var back signalbox.Permissions
		require.NoError(t, json.Unmarshal(raw, &back))
		require.Equal(t, signalbox.Permissions{want}, back)
	}
	all, err := signalbox.ParsePermission("events:send")
	require.NoError(t, err)
	require.Equal(t, "events:send:*/*", all.String())
	for _, text := range []string{"", "events", "events:send:", "events:send:order", "events:send:/x", "events:send:x/", "events:send: /x", "events:send:a/b\n", "tenant:*", "OPERATOR", "events:read:order/*"} {
		_, err := signalbox.ParsePermission(text)
		require.Error(t, err, text)
	}
}

func TestWhatPermissionsAllow(t *testing.T) { // P-18
	some := func(texts ...string) signalbox.Permissions {
		ps, err := signalbox.ParsePermissions(texts)
		require.NoError(t, err)
		return ps
	}
	send := some("events:send:order/*", "events:send:*/audit")
	for name, want := range map[[2]string]bool{
		{"order", "created"}: true, {"order", "*"}: true, {"x", "audit"}: true,
		{"orders", "created"}: false, {"Order", "created"}: false, {"order/secret", "created"}: false, {"x", "y"}: false, {"", ""}: false,
	} {
		require.Equal(t, want, send.AllowSend(name[0], name[1]), "%v", name)
	}
	for _, action := range signalbox.Actions() {
		require.Equal(t, action == signalbox.ActionSend, send.Allow(action), action)
		require.False(t, signalbox.Permissions(nil).Allow(action), "nothing is allowed by default: %s", action)
		require.Equal(t, action != signalbox.ActionOperator, some("tenant:admin").Allow(action), action)
		require.Equal(t, action == signalbox.ActionOperator, some("operator").Allow(action), "an operator has no tenant's data: %s", action)
	}
	require.False(t, some("operator", "events:read", "rules:write", "types:write").AllowSend("a", "b"))
	require.True(t, some("tenant:admin").AllowSend("a", "b"))
	require.False(t, send.ListTypes())
	require.True(t, some("rules:write").ListTypes())

	require.NoError(t, some("tenant:admin").Cover(some("tenant:admin", "events:send")))
	require.Error(t, some("tenant:admin").Cover(some("operator")))
	require.NoError(t, some("operator").Cover(some("operator", "tenant:admin")))
	require.Error(t, some("events:send").Cover(some("events:send")), "who may send may not make keys")
	require.NoError(t, send.Cover(nil))
}

func TestSlugs(t *testing.T) {
	for slug, ok := range map[string]bool{
		"a": true, "acme": true, "acme-2": true, "0": true,
		"": false, "-a": false, "a-": false, "Acme": false, "a b": false, "a/b": false, "ü": false, "a.b": false, "a_b": false, "../x": false,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":  true,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": false,
	} {
		require.Equal(t, ok, signalbox.CheckSlug(slug) == nil, "%q", slug)
	}
}
