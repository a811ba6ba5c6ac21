package graph

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestASchemaWithoutPermissionsIsNotServed: what is forgotten is found at the start,
// and not by whoever gets in through it (P-18).
func TestASchemaWithoutPermissionsIsNotServed(t *testing.T) {
	for text, want := range map[string]string{
		`type Query { a: Int @can(any: ["events:read", "authenticated"]) }`:                                  "",
		`type Query { a: Int @can(any: ["operator"]) b(c: Int): Int }`:                                       "Query.b: a root field has one @can, and this has 0",
		`type Query { a: Int @can(any: ["operator"]) } type Mutation { b: Int }`:                             "Mutation.b: a root field has one @can, and this has 0",
		`type Query { a: Int @can(any: ["operator"]) } extend type Query { b: Int }`:                         "Query.b: a root field has one @can, and this has 0",
		`type Query { a: Int @can(any: ["operator"]) } type Subscription { b: Int }`:                         "Subscription.b: a root field has one @can, and this has 0",
		`type Query { a: Int @can(any: []) }`:                                                                "Query.a: @can has no permission",
		`type Query { a: Int @can(any: ["operator", "event:read"]) }`:                                        `Query.a: @can has "event:read", which is no permission`,
		`type Query { a: Int @can(any: ["events:read and rules:write"]) }`:                                   "",
		`type Query { a: Int @can(any: ["events:read and authenticated"]) }`:                                 `Query.a: @can has "authenticated", which is no permission`,
		`type Query { a: Int @can(any: ["events:send:t/o"]) }`:                                               `Query.a: @can has "events:send:t/o", which is no permission`,
		`type Query { a: Int @can(any: ["operator"]) } type Rule { b: Int @can(any: ["authenticated"]) }`:    "Rule.b: @can is held to on fields of Query and Mutation alone",
		`schema { query: Q mutation: M } type Q { a: Int @can(any: ["operator"]) } type M { b: Int c: Int }`: "M.b: a root field has one @can, and this has 0",
	} {
		t.Run(text, func(t *testing.T) {
			schema, err := gqlparser.LoadSchema(&ast.Source{Input: `directive @can(any: [String!]!) on FIELD_DEFINITION ` + text})
			require.NoError(t, err)
			got := checkPermissions(schema)
			if want == "" {
				require.NoError(t, got)
				return
			}
			require.ErrorContains(t, got, want)
		})
	}
}
