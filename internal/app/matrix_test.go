package app_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// operation asks for one root field of a tenant that has the type order/placed and a
// rule. may are the permissions each of which is enough, or both with & between;
// tenant:admin is so for all but what is for operators.
type operation struct {
	document string
	may      string
}

const aRule = `{name: "handle", on: {type: "order", operation: "*"}, start: {workflow: "W", taskQueue: "q"}}`

// operations has a row for every field of Query and Mutation.
var operations = map[string]operation{
	"sendCustomEvent":   {`mutation { sendCustomEvent(input: {type: "order", operation: "placed", payload: {id: "1", data: {}}}) { eventID } }`, "events:send events:send:order/placed"},
	"sendCustomEvents":  {`mutation { sendCustomEvents(inputs: [{type: "order", operation: "placed", payload: {id: "1", data: {}}}]) { response { eventID } error { code } } }`, "events:send events:send:order/placed"},
	"testCustomEvent":   {`{ testCustomEvent(input: {type: "order", operation: "placed", payload: {id: "1", data: {}}}) { outcome } }`, "events:send events:send:order/placed"},
	"event":             {`{ event(id: "EVENT") { id } }`, "events:read"},
	"events":            {`{ events { nodes { id } } }`, "events:read"},
	"dispatches":        {`{ dispatches { nodes { id } } }`, "events:read"},
	"explainEvent":      {`{ explainEvent(eventID: "EVENT", ruleName: "handle") { reason } }`, "events:read"},
	"previewRule":       {`{ previewRule(draft: ` + aRule + `) { scanned } }`, "events:read&rules:write"},
	"compareRules":      {`{ compareRules(shadow: "handle", enabled: "handle") { both } }`, "events:read"},
	"eventTypes":        {`{ eventTypes { type } }`, "events:read types:write rules:write"},
	"eventType":         {`{ eventType(type: "order", operation: "placed") { type } }`, "events:read types:write rules:write"},
	"rules":             {`{ rules { name } }`, "events:read rules:write"},
	"rule":              {`{ rule(name: "handle") { name } }`, "events:read rules:write"},
	"ruleVersions":      {`{ ruleVersions(name: "handle") { version } }`, "events:read rules:write"},
	"saveEventType":     {`mutation { saveEventType(input: {type: "order", operation: "placed"}) { change { action } } }`, "types:write"},
	"createRule":        {`mutation { createRule(input: {name: "new", on: {type: "order", operation: "*"}, start: {workflow: "W", taskQueue: "q"}}, dryRun: true) { change { action } } }`, "rules:write"},
	"updateRule":        {`mutation { updateRule(input: ` + aRule + `) { change { action } } }`, "rules:write"},
	"publishRule":       {`mutation { publishRule(name: "nothing") { change { action } } }`, "rules:write"},
	"setRuleState":      {`mutation { setRuleState(name: "handle", state: ENABLED) { change { action } } }`, "rules:write"},
	"deleteRule":        {`mutation { deleteRule(name: "nothing") { name } }`, "rules:write"},
	"redriveDispatch":   {`mutation { redriveDispatch(id: "DISPATCH") { id } }`, "dispatches:redrive"},
	"redriveDispatches": {`mutation { redriveDispatches(filter: {}) { redriven } }`, "dispatches:redrive"},
	"viewer":            {`{ viewer { tenant key { name } } }`, "events:send events:send:order/placed events:send:invoice/* events:read types:write rules:write dispatches:redrive operator"},
	"tenant":            {`{ tenant { slug config } }`, "events:read rules:write"},
	"tenants":           {`{ tenants { nodes { slug config } } }`, "operator"},
	"createTenant":      {`mutation { createTenant(input: {slug: "made"}) { slug } }`, "operator"},
	"updateTenant":      {`mutation { updateTenant(slug: "other", input: {limits: {page: 400}}) { slug } }`, "operator"},
	"updateSettings":    {`mutation { updateSettings(input: {config: {n: 1}}) { slug } }`, "tenant:admin"},
	"keys":              {`{ keys { nodes { id } } }`, "operator"},
	"createKey":         {`mutation { createKey(input: {name: "made", permissions: ["events:read"]}) { secret } }`, "operator"},
	"rotateKey":         {`mutation { rotateKey(id: "KEY") { secret } }`, "operator"},
	"revokeKey":         {`mutation { revokeKey(id: "KEY") { id } }`, "operator"},
	"auditLog":          {`{ auditLog { nodes { id } } }`, "operator"},
}

var forOperators = []string{"tenants", "createTenant", "updateTenant"}

// caller is one column of the matrix.
type caller struct {
	credential  string
	permissions []string // nil: not let in
	other       bool     // of another tenant
}

// TestWhoMayDoWhat goes over every principal and every operation, on a whole server:
// what no permission allows is refused, what one allows is not, and who is not known
// learns nothing (P-18).
func TestWhoMayDoWhat(t *testing.T) {
	s := serve(t)
	s.tenant("acme", signalbox.TenantEdit{})
	s.tenant("other", signalbox.TenantEdit{})
	admin := s.key("acme", "tenant:admin")
	require.ElementsMatch(t, s.rootFieldsServed(admin), slices.Collect(maps.Keys(operations)), "every root field has a row, and no other")

	s.ok(admin, `mutation { saveEventType(input: {type: "order", operation: "placed"}) { change { action } } }`, nil)
	s.ok(admin, `mutation { createRule(input: `+aRule+`, publish: true) { change { action } } }`, nil)
	sent := s.ok(admin, `mutation { sendCustomEvent(input: {type: "order", operation: "placed", payload: {id: "1", data: {}}}) { eventID dispatches { id } } }`, nil)
	fill := strings.NewReplacer("EVENT", sent.at("sendCustomEvent.eventID"), "DISPATCH", sent.at("sendCustomEvent.dispatches.id"),
		"KEY", s.issue("acme", signalbox.KeyEdit{}, "events:read").ID.String())

	for name, c := range s.callers() {
		t.Run(name, func(t *testing.T) {
			for field, op := range operations {
				a := s.ask(c.credential, fill.Replace(op.document), nil)
				if c.permissions == nil {
					require.Equal(t, "UNAUTHENTICATED", a.code(), "%s: %s", field, a.Text)
					require.Equal(t, 401, a.Status)
					require.Nil(t, a.Data)
					continue
				}
				if !allowed(field, op, c.permissions) {
					require.Equal(t, "FORBIDDEN", a.code(), "%s: %s", field, a.Text)
					continue
				}
				require.NotContains(t, []string{"FORBIDDEN", "UNAUTHENTICATED", "INTERNAL", "UNAVAILABLE", "CONFIGURATION"}, a.code(), "%s: %s", field, a.Text)
				if c.other {
					require.NotContains(t, a.Text, `"handle"`, field)
				}
			}
		})
	}
	require.Empty(t, s.log.With("level=ERROR"))
}

func allowed(field string, op operation, permissions []string) bool {
	has := func(p string) bool { return slices.Contains(permissions, p) }
	for enough := range strings.FieldsSeq(op.may) {
		if !slices.ContainsFunc(strings.Split(enough, "&"), func(p string) bool { return !has(p) }) {
			return true
		}
	}
	return has("tenant:admin") && !slices.Contains(forOperators, field)
}

// callers makes a key for every column.
func (s *site) callers() map[string]caller {
	s.t.Helper()
	good := s.key("acme", "tenant:admin")
	flipped := []byte(good)
	flipped[len(flipped)-5] ^= 1 // another letter: its secret is another one
	revoked := s.issue("acme", signalbox.KeyEdit{}, "tenant:admin")
	_, err := s.operator.RevokeKey(s.t.Context(), "acme", revoked.ID)
	require.NoError(s.t, err)
	expired := s.issue("acme", signalbox.KeyEdit{ExpiresAt: time.Now().Add(4 * time.Second)}, "tenant:admin")
	require.Eventually(s.t, func() bool { return s.ask(expired.Text, `{ viewer { tenant } }`, nil).code() == "UNAUTHENTICATED" }, soon, often)
	old, overlapping := s.issue("acme", signalbox.KeyEdit{}, "tenant:admin"), s.issue("acme", signalbox.KeyEdit{}, "tenant:admin")
	_, err = s.operator.RotateKey(s.t.Context(), "acme", old.ID, 0)
	require.NoError(s.t, err)
	rotated, err := s.operator.RotateKey(s.t.Context(), "acme", overlapping.ID, time.Hour)
	require.NoError(s.t, err)

	all := map[string]caller{
		"nobody":               {"", nil, false},
		"a wrong secret":       {string(flipped), nil, false},
		"no key":               {"sbx_0190000000007000800000000000000a_" + strings.Repeat("A", 43), nil, false},
		"half a key":           {good[:40], nil, false},
		"a token of nobody's":  {"eyJhbGciOiJub25lIn0.e30.", nil, false},
		"a revoked key":        {revoked.Text, nil, false},
		"an expired key":       {expired.Text, nil, false},
		"replaced":             {old.Text, nil, false},
		"replaced, overlap":    {overlapping.Text, []string{"tenant:admin"}, false},
		"the one in its place": {rotated.Text, []string{"tenant:admin"}, false},
		"another tenant's":     {s.key("other", "tenant:admin"), []string{"tenant:admin"}, true},
		"reads and sends one":  {s.key("acme", "events:read", "events:send:order/placed"), []string{"events:read", "events:send:order/placed"}, false},
		"reads, writes rules":  {s.key("acme", "events:read", "rules:write"), []string{"events:read", "rules:write"}, false},
		"operator and admin":   {s.key("acme", "operator", "tenant:admin"), []string{"operator", "tenant:admin"}, false},
		"another's operator":   {s.key("other", "operator"), []string{"operator"}, true},
	}
	for _, permission := range []string{
		"events:send", "events:send:order/placed", "events:send:invoice/*", "events:read", "types:write", "rules:write",
		"dispatches:redrive", "tenant:admin", "operator",
	} {
		all[permission] = caller{s.key("acme", permission), []string{permission}, false}
	}
	return all
}
