package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestConfigIsForWhoWritesRules: what rules read as tenant.config is told to nobody
// who may not write them, be it by a draft's condition or by what a start would have
// in it (P-13, P-18).
func TestConfigIsForWhoWritesRules(t *testing.T) {
	s := serve(t)
	admin := s.key(signalbox.DefaultTenantSlug, "tenant:admin")
	s.ok(admin, `mutation { updateSettings(input: {config: {endpoint: "CANARY"}}) { slug } }`, nil)
	s.ok(admin, `mutation { saveEventType(input: {type: "order", operation: "placed"}) { change { action } } }`, nil)
	rule := func(name, more string) {
		s.ok(admin, `mutation { createRule(input: {name: "`+name+`", on: {event: "order:placed"}, start: {workflow: "W", taskQueue: "q"`+more+`}}, publish: true, state: ENABLED) { change { action } } }`, nil)
	}
	rule("plain", "")
	rule("by-input", `, input: {to: "tenant.config.endpoint"}`)
	rule("by-memo", `, memo: {to: "tenant['config'].endpoint"}`)

	const dryRun = `{ testCustomEvent(input: {type: "order", operation: "placed", payload: {id: "1"}}) { starts { rule request } } }`
	const draft = `{ previewRule(draft: {name: "x", on: {event: "*:*"}, when: "tenant.config.endpoint.startsWith('C')", start: {workflow: "W", taskQueue: "q"}}) { matched } }`
	for _, permissions := range [][]string{{"events:send"}, {"events:send", "events:read"}} {
		key := s.key(signalbox.DefaultTenantSlug, permissions...)
		a := s.ok(key, dryRun, nil)
		require.NotContains(t, a.Text, "CANARY")
		require.Contains(t, a.Text, `{"rule":"by-input","request":null}`)
		require.Contains(t, a.Text, `{"rule":"by-memo","request":null}`)
		require.Contains(t, a.Text, `{"rule":"plain","request":{`)
		require.Equal(t, "FORBIDDEN", s.ask(key, draft, nil).code())
	}
	writer := s.key(signalbox.DefaultTenantSlug, "events:send", "events:read", "rules:write")
	require.Contains(t, s.ok(writer, dryRun, nil).Text, "CANARY")
	s.ok(writer, draft, nil)
}

// TestSchemasAskNothingOfEvents for who may write types and not read events: by a
// pattern and a dry run they could read any payload, letter by letter (P-18).
func TestSchemasAskNothingOfEvents(t *testing.T) {
	s := serve(t)
	admin := s.key(signalbox.DefaultTenantSlug, "tenant:admin")
	s.ok(admin, `mutation { saveEventType(input: {type: "order", operation: "placed"}) { change { action } } }`, nil)
	s.ok(admin, `mutation { sendCustomEvent(input: {type: "order", operation: "placed", payload: {id: "1", data: {ssn: "123"}}}) { eventID } }`, nil)
	ask := func(key, pattern string) string {
		return s.ok(key, `mutation($s: Map) { saveEventType(input: {type: "order", operation: "placed", schema: $s}, dryRun: true) { warnings { message } sampledEvents refusedEvents { count eventIDs } } }`,
			map[string]any{"s": map[string]any{"type": "object", "properties": map[string]any{"ssn": map[string]any{"type": "string", "pattern": pattern}}}}).Text
	}
	types := s.key(signalbox.DefaultTenantSlug, "types:write")
	require.Equal(t, ask(types, "^1"), ask(types, "^9"))
	both := s.key(signalbox.DefaultTenantSlug, "types:write", "events:read")
	require.Contains(t, ask(both, "^1"), `"count":0`)
	require.Contains(t, ask(both, "^9"), `"count":1`)
}
