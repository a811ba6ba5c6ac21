package app_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestAskingWhoOneIsReadsOneKey: viewer is for everybody, and a request may have it
// twenty times. It does not read all of a tenant's keys for that, and finds one that
// is beyond those that a page shows (P-17).
func TestAskingWhoOneIsReadsOneKey(t *testing.T) {
	s := serve(t)
	s.tenant("acme", signalbox.TenantEdit{})
	first := s.issue("acme", signalbox.KeyEdit{Name: "first"}, "events:send")
	admin := s.key("acme", "tenant:admin")
	var twenty strings.Builder
	for i := range 20 {
		twenty.WriteString(" a" + strconv.Itoa(i) + `: createKey(input: {name: "", permissions: ["events:send"]}) { key { id } }`)
	}
	for range 3 {
		s.ok(admin, "mutation {"+twenty.String()+"}", nil)
	}
	require.NotContains(t, s.ok(admin, `{ keys { nodes { id } } }`, nil).Text, first.ID.String(), "a page has fifty of them")
	require.Equal(t, "first", s.ok(first.Text, `{ viewer { key { name } } }`, nil).at("viewer.key.name"))
}

// TestKeysAreBounded: a tenant makes as many keys as its limit says, whoever makes
// them and wherever, and all of them are listed, page by page (P-17).
func TestKeysAreBounded(t *testing.T) {
	s := serve(t)
	keys := 4
	s.tenant("acme", signalbox.TenantEdit{Limits: signalbox.LimitsEdit{Keys: &keys}}) // which makes one
	s.tenant("other", signalbox.TenantEdit{})
	admin, operator := s.key("acme", "tenant:admin"), s.key("other", "operator")
	const create = `mutation($tenant: String) { createKey(input: {name: "", permissions: ["events:read"], tenant: $tenant}) { key { id } } }`
	s.ok(admin, create, nil)
	made := s.ok(operator, create, map[string]any{"tenant": "acme"}).at("createKey.key.id")

	refused := func(a *answer) {
		require.Equal(t, "INVALID_INPUT", a.code(), a.Text)
		require.Contains(t, a.Text, `"limit":{"name":"keys","value":4,"scope":"tenant"}`)
		require.NotContains(t, a.Text, "sbx_")
	}
	refused(s.ask(admin, create, nil))
	refused(s.ask(operator, create, map[string]any{"tenant": "acme"}))
	refused(s.ask(admin, `mutation($id: ID!) { rotateKey(id: $id) { secret } }`, map[string]any{"id": made}))
	_, err := s.operator.CreateKey(t.Context(), "acme", signalbox.KeyEdit{Permissions: signalbox.Permissions{{Action: signalbox.ActionReadEvents}}})
	require.ErrorContains(t, err, "its limit of keys that let somebody in")

	s.ok(admin, `mutation($id: ID!) { rotateKey(id: $id, overlap: "PT0S") { secret } }`, map[string]any{"id": made})
	refused(s.ask(admin, create, nil))
	after, listed := any(nil), 0
	for more := true; more; listed++ {
		a := s.ok(admin, `query($after: String) { keys(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after})
		after, more = a.at("keys.pageInfo.endCursor"), strings.Contains(a.Text, `"hasNextPage":true`)
	}
	require.Equal(t, 5, listed)
	for valid, n := range map[bool]int{true: 4, false: 1} {
		keys, err := s.operator.Keys(t.Context(), "acme", signalbox.KeyFilter{Valid: &valid})
		require.NoError(t, err)
		require.Len(t, keys, n)
	}
}
