package app_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestAskingWhoOneIsReadsOneKey: viewer is for everybody, and a request may have it
// twenty times. It does not read all of a tenant's keys for that, and finds one that
// is beyond those that a list shows (P-17).
func TestAskingWhoOneIsReadsOneKey(t *testing.T) {
	s := serve(t)
	s.tenant("acme", app.TenantChange{})
	first := s.issue("acme", signalbox.KeyEdit{Name: "first"}, "events:send")
	admin := s.key("acme", "tenant:admin")
	var twenty strings.Builder
	for i := range 20 {
		twenty.WriteString(" a" + strconv.Itoa(i) + `: createKey(input: {name: "", permissions: ["events:send"]}) { key { id } }`)
	}
	for range 50 {
		s.ok(admin, "mutation {"+twenty.String()+"}", nil)
	}
	require.NotContains(t, s.ok(admin, `{ keys { id } }`, nil).Text, first.ID.String(), "a list is a thousand long at the most")
	require.Equal(t, "first", s.ok(first.Text, `{ viewer { key { name } } }`, nil).at("viewer.key.name"))
}
