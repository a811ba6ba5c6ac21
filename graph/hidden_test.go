package graph_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/graph/generated"
)

// TestTheSchemaIsNotGuessed: where introspection and suggestions are off, as they are
// by default, a name that is nearly right is told from one that is all wrong by
// nothing: no answer has a name of the schema's in it that the request did not have
// itself. What a name that is right needs besides, an argument for one, it does say.
func TestTheSchemaIsNotGuessed(t *testing.T) {
	d := open(t, &fakes{}, func(c *graph.Config) { c.Introspection, c.Suggestions = false, false })
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	probe := func(name, near, query, variables string) {
		t.Helper()
		w := d.serve(http.MethodPost, "/graphql", bodyOf(query, variables), "Accept", mediaGQL)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", query, w.Body)
		text := strings.ReplaceAll(w.Body.String(), near, "")
		require.NotRegexp(t, `\b`+regexp.QuoteMeta(name)+`\b`, text, query)
		require.NotContains(t, text, "Did you mean", query)
		require.NotContains(t, text, "suggestions", query)
	}
	nears := func(name string) []string { return []string{name + "z", name[:len(name)-1] + "q", "z" + name} }
	typ := schema.Types
	fields := func(of *ast.Definition) (names []string) {
		for _, f := range of.Fields {
			if !strings.HasPrefix(f.Name, "__") && len(f.Name) > 5 { // shorter ones are words of our sentences
				names = append(names, f.Name)
			}
		}
		return names
	}
	count := 0
	each := func(names []string, query func(near string) (string, string)) {
		for _, name := range names {
			for _, near := range nears(name) {
				document, variables := query(near)
				probe(name, near, document, variables)
				count++
			}
		}
	}
	each(fields(schema.Query), func(near string) (string, string) { return `{ ` + near + ` }`, "" })
	each(fields(schema.Query), func(near string) (string, string) { return `{ ` + near + `(first: 1) { nodes { id } } }`, "" })
	each(fields(schema.Mutation), func(near string) (string, string) { return `mutation { ` + near + `(id: "1") { id } }`, "" })
	each(fields(typ["Event"]), func(near string) (string, string) { return `{ events { nodes { ` + near + ` } } }`, "" })
	each(fields(typ["Dispatch"]), func(near string) (string, string) { return `{ dispatches { nodes { ` + near + ` { a } } } }`, "" })
	each([]string{"filter", "first", "after"}, func(near string) (string, string) { return `{ events(` + near + `: 1) { nodes { id } } }`, "" })
	each(fields(typ["SendCustomEventInput"]), func(near string) (string, string) {
		return `mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}, ` + near + `: 1}) { success } }`, ""
	})
	each(fields(typ["SendCustomEventInput"]), func(near string) (string, string) {
		return `mutation($i: SendCustomEventInput!) { sendCustomEvent(input: $i) { success } }`, `{"i":{"type":"t","operation":"o","payload":{"id":"1"},"` + near + `":1}}`
	})
	var enum []string
	for _, v := range typ["DispatchStatus"].EnumValues {
		enum = append(enum, v.Name)
	}
	each(enum, func(near string) (string, string) {
		return `{ dispatches(filter: {statuses: [` + near + `]}) { nodes { id } } }`, ""
	})
	each(enum, func(near string) (string, string) {
		return `{ dispatches(filter: {statuses: ["` + near + `"]}) { nodes { id } } }`, ""
	})
	each(enum, func(near string) (string, string) {
		return `query($s: [DispatchStatus!]) { dispatches(filter: {statuses: $s}) { nodes { id } } }`, `{"s":["` + near + `"]}`
	})
	var names []string
	for name := range typ {
		if !strings.HasPrefix(name, "__") && len(name) > 7 {
			names = append(names, name)
		}
	}
	each(names, func(near string) (string, string) { return `{ ... on ` + near + ` { id } }`, "" })
	each(names, func(near string) (string, string) {
		return `query($x: ` + near + `) { __typename @skip(if: $x) }`, ""
	})
	each([]string{"include", "deprecated", "specifiedBy"}, func(near string) (string, string) { return `{ __typename @` + near + `(if: true) }`, "" })
	for _, query := range []string{`{ __schema { types { name } } }`, `{ __type(name: "Event") { fields { name } } }`, `{ ...f } fragment f on Query { __schema { queryType { name } } }`} {
		probe("Event", `"Event"`, query, "")
		count++
	}
	require.Greater(t, count, 300)
}
