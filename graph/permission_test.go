package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/graph/generated"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const anID = "01900000-0000-7000-8000-000000000001"

// rootField is a document that asks for one root field alone, and the permissions
// each of which is enough for it; of those with & between each is needed.
type rootField struct {
	document string
	enough   string
}

// rootFields has every field of Query and Mutation (P-18).
var rootFields = map[string]rootField{
	"sendCustomEvent":   {`mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { success } }`, "events:send"},
	"sendCustomEvents":  {`mutation { sendCustomEvents(inputs: [{type: "t", operation: "o", payload: {id: "1"}}]) { error { code } } }`, "events:send"},
	"testCustomEvent":   {asking["testCustomEvent"], "events:send"},
	"event":             {`{ event(id: "` + anID + `") { id } }`, "events:read"},
	"events":            {`{ events { nodes { id } } }`, "events:read"},
	"dispatches":        {`{ dispatches { nodes { id } } }`, "events:read"},
	"explainEvent":      {asking["explainEvent"], "events:read"},
	"previewRule":       {asking["previewRule"], "events:read&rules:write"},
	"compareRules":      {asking["compareRules"], "events:read"},
	"eventTypes":        {`{ eventTypes { type } }`, "events:read types:write rules:write"},
	"eventType":         {`{ eventType(type: "t", operation: "o") { type } }`, "events:read types:write rules:write"},
	"rules":             {`{ rules { name } }`, "events:read rules:write"},
	"rule":              {`{ rule(name: "r") { name } }`, "events:read rules:write"},
	"ruleVersions":      {asking["ruleVersions"], "events:read rules:write"},
	"saveEventType":     {asking["saveEventType"], "types:write"},
	"createRule":        {asking["createRule"], "rules:write"},
	"updateRule":        {asking["updateRule"], "rules:write"},
	"publishRule":       {asking["publishRule"], "rules:write"},
	"setRuleState":      {asking["setRuleState"], "rules:write"},
	"deleteRule":        {asking["deleteRule"], "rules:write"},
	"redriveDispatch":   {`mutation { redriveDispatch(id: "` + anID + `") { id } }`, "dispatches:redrive"},
	"redriveDispatches": {`mutation { redriveDispatches(filter: {}) { redriven } }`, "dispatches:redrive"},
	"viewer":            {`{ viewer { tenant key { id } } }`, "events:send events:read types:write rules:write dispatches:redrive operator"},
	"tenant":            {`{ tenant { slug } }`, "events:read rules:write"},
	"tenants":           {`{ tenants { nodes { slug } } }`, "operator"},
	"createTenant":      {`mutation { createTenant(input: {slug: "initech"}) { slug } }`, "operator"},
	"updateTenant":      {`mutation { updateTenant(slug: "globex", input: {}) { slug } }`, "operator"},
	"updateSettings":    {`mutation { updateSettings(input: {config: {}}) { slug } }`, "tenant:admin"},
	"keys":              {`{ keys { nodes { id } } }`, "tenant:admin operator"},
	"createKey":         {`mutation { createKey(input: {name: "k", permissions: ["events:read"]}) { secret } }`, "tenant:admin operator"},
	"rotateKey":         {`mutation { rotateKey(id: "` + anID + `") { secret } }`, "tenant:admin operator"},
	"revokeKey":         {`mutation { revokeKey(id: "` + anID + `") { id } }`, "tenant:admin operator"},
	"auditLog":          {`{ auditLog { nodes { id } } }`, "tenant:admin operator"},
}

// forOperators are the fields that no tenant's administrator has.
var forOperators = []string{"tenants", "createTenant", "updateTenant"}

// TestEveryRootFieldAsksWhoMay: each permission opens the fields that it is for and
// no other, and nothing behind a closed one is asked (P-18).
func TestEveryRootFieldAsksWhoMay(t *testing.T) {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	served := 0
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, field := range root.Fields {
			if !strings.HasPrefix(field.Name, "__") {
				served++
				require.Contains(t, rootFields, field.Name, "there is no row for it")
			}
		}
	}
	require.Len(t, rootFields, served, "there is a row for what is not served")

	for name, field := range rootFields {
		require.NotEmpty(t, field.document, name)
		enough := strings.Fields(field.enough)
		if !slices.Contains(forOperators, name) && !slices.Contains(enough, "tenant:admin") {
			enough = append(enough, "tenant:admin")
		}
		for _, action := range append(signalbox.Actions(), "") {
			t.Run(name+" with "+string(action), func(t *testing.T) {
				f := &fakes{principal: func() (signalbox.Principal, error) {
					if action == "" {
						return may(), nil
					}
					return may(string(action)), nil
				}}
				d := open(t, f)
				a := d.run(t, field.document, "")
				if slices.Contains(enough, string(action)) || action == "" && name == "viewer" {
					for _, e := range a.Errors {
						require.NotEqual(t, "FORBIDDEN", e.Extensions.Code, a.Text)
					}
					return
				}
				e := a.failed(t, signalbox.CodeForbidden)
				require.Len(t, a.Errors, 1)
				require.Equal(t, []any{name}, e.Path)
				require.Contains(t, e.Message, strings.ReplaceAll(strings.Fields(field.enough)[0], "&", " and "))
				require.Empty(t, d.all())
				require.Empty(t, d.asked)
				require.Zero(t, d.log.Lines())
			})
		}
	}
}

// TestOneRefusalLeavesTheOthers their answers.
func TestOneRefusalLeavesTheOthers(t *testing.T) {
	d := open(t, &fakes{principal: func() (signalbox.Principal, error) { return may("dispatches:redrive", "events:send:t/o"), nil }})
	a := d.run(t, `mutation { x: deleteRule(name: "r") { name } redriveDispatches(filter: {}) { redriven } createKey(input: {name: "", permissions: []}) { secret } }`, "")
	require.Len(t, a.Errors, 2)
	require.JSONEq(t, `{"redriven":0}`, string(a.Data["redriveDispatches"]))
	a = d.run(t, `{ viewer { permissions } tenants { nodes { slug } } tenant { slug } keys { nodes { id } } auditLog { nodes { id } } }`, "")
	require.Len(t, a.Errors, 4)
	require.JSONEq(t, `{"permissions":["dispatches:redrive","events:send:t/o"]}`, string(a.Data["viewer"]))
}

// TestADraftIsForWhoMayReadEventsAndWriteRules: its condition can ask for anything in
// tenant.config, letter by letter, which is for who writes rules; and of events, which
// is for who reads them (P-18).
func TestADraftIsForWhoMayReadEventsAndWriteRules(t *testing.T) {
	d := open(t, &fakes{principal: func() (signalbox.Principal, error) { return may("events:read", "rules:write"), nil }})
	require.Empty(t, d.run(t, asking["previewRule"], "").Errors)
}

// TestFragmentsAndAliasesOpenNothing that the field itself does not.
func TestFragmentsAndAliasesOpenNothing(t *testing.T) {
	d := open(t, &fakes{principal: func() (signalbox.Principal, error) { return may("events:send"), nil }})
	for _, q := range []string{
		`{ viewer: rules { name } }`,
		`{ ... { ... on Query { rules { name } } } }`,
		`{ ...f } fragment f on Query { ...g } fragment g on Query { rules { name } }`,
		`query($yes: Boolean = true) { viewer { tenant } rules @include(if: $yes) { name } }`,
		`mutation { sendCustomEvent: deleteRule(name: "r") { name } }`,
	} {
		d.run(t, q, "").failed(t, signalbox.CodeForbidden)
	}
	require.Empty(t, d.asked)
}

// TestOtherTenantsAreNone: for whoever is no operator a tenant that there is answers
// as one that there is not, byte for byte (I7, P-18).
func TestOtherTenantsAreNone(t *testing.T) {
	documents := map[string]string{
		"keys":      `{ keys(tenant: "SLUG") { nodes { id } } }`,
		"auditLog":  `{ auditLog(tenant: "SLUG") { nodes { id } } }`,
		"createKey": `mutation { createKey(input: {name: "k", permissions: ["events:read"], tenant: "SLUG"}) { secret } }`,
		"rotateKey": `mutation { rotateKey(id: "` + anID + `", tenant: "SLUG") { secret } }`,
		"revokeKey": `mutation { revokeKey(id: "` + anID + `", tenant: "SLUG") { id } }`,
	}
	for name, document := range documents {
		t.Run(name, func(t *testing.T) {
			admin := open(t, &fakes{})
			texts := map[string]bool{}
			for _, slug := range []string{"globex", "nobody", "", "GLOBEX", "globex ", "gläbex", strings.Repeat("x", 5000)} {
				a := admin.run(t, strings.ReplaceAll(document, "SLUG", slug), "")
				a.failed(t, signalbox.CodeNotFound)
				texts[a.Text] = true
			}
			require.Len(t, texts, 1)
			require.Empty(t, admin.asked, "nobody is asked whether there is one")
			admin.run(t, strings.ReplaceAll(document, "SLUG", "acme"), "").ok(t)

			operator := open(t, &fakes{principal: func() (signalbox.Principal, error) { return may("operator"), nil }})
			operator.run(t, strings.ReplaceAll(document, "SLUG", "globex"), "").ok(t)
			for _, slug := range []string{"nobody", "gläbex"} {
				operator.run(t, strings.ReplaceAll(document, "SLUG", slug), "").failed(t, signalbox.CodeNotFound)
			}
		})
	}
}

// TestConfigIsForThoseWhoWriteRules, and an administrator.
func TestConfigIsForThoseWhoWriteRules(t *testing.T) {
	for permission, seen := range map[string]string{
		"events:read": `{"config":null}`, "rules:write": `{"config":{"limit":1.00}}`, "tenant:admin": `{"config":{"limit":1.00}}`,
	} {
		d := open(t, &fakes{principal: func() (signalbox.Principal, error) { return may(permission), nil }})
		require.Equal(t, seen, string(d.run(t, `{ tenant { config } }`, "").ok(t).Data["tenant"]), permission)
	}
}
