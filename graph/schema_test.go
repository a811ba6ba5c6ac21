package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// primaryContract is fixed: names, nullability, spelling (P-01).
const primaryContract = `
scalar Map
type Query { unused: String }
type Mutation { sendCustomEvent(input: SendCustomEventInput!): SendCustomEventResponse }
input SendCustomEventInput    { type: String!  operation: String!  payload: CustomEventPayloadInput! }
input CustomEventPayloadInput { id: ID!  data: Map }
type  SendCustomEventResponse { success: Boolean!  workflows: [TemporalWorkflow!]! }
type  TemporalWorkflow        { type: String!  id: String!  runID: String! }
`

const introspection = `{ __schema { queryType { name } mutationType { name } directives { name } types { kind name
	fields(includeDeprecated: true) { name isDeprecated args { name defaultValue ...typed } ...field }
	inputFields { name defaultValue ...typed } } } }
	fragment field on __Field { type { ...ref } }
	fragment typed on __InputValue { type { ...ref } }
	fragment ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`

type servedType struct {
	Kind, Name          string
	Fields, InputFields []servedField
}

type servedField struct {
	Name         string
	IsDeprecated bool
	DefaultValue *string
	Type         typeRef
	Args         []servedField
}

type typeRef struct {
	Kind, Name string
	OfType     *typeRef
}

func (r *typeRef) String() string {
	switch r.Kind {
	case "NON_NULL":
		return r.OfType.String() + "!"
	case "LIST":
		return "[" + r.OfType.String() + "]"
	}
	return r.Name
}

func named(fields []servedField, name string) *servedField {
	if i := slices.IndexFunc(fields, func(f servedField) bool { return f.Name == name }); i >= 0 {
		return &fields[i]
	}
	return nil
}

// TestThePrimaryContractIsServed holds what introspection tells against the contract:
// everything in it is there as it is written, and what has been added is optional in
// inputs (P-01).
func TestThePrimaryContractIsServed(t *testing.T) {
	a := open(t, &fakes{}).run(t, introspection, "").ok(t)
	var served struct {
		QueryType, MutationType struct{ Name string }
		Types                   []servedType
		Directives              []struct{ Name string }
	}
	require.NoError(t, json.Unmarshal(a.Data["__schema"], &served))
	require.Equal(t, "Query", served.QueryType.Name)
	require.Equal(t, "Mutation", served.MutationType.Name)
	for _, d := range served.Directives {
		require.NotEqual(t, "defer", d.Name, "what is not served is not told")
	}

	contract := gqlparser.MustLoadSchema(&ast.Source{Name: "contract", Input: primaryContract})
	for _, name := range []string{"Map", "Mutation", "SendCustomEventInput", "CustomEventPayloadInput", "SendCustomEventResponse", "TemporalWorkflow"} {
		want := contract.Types[name]
		i := slices.IndexFunc(served.Types, func(s servedType) bool { return s.Name == name })
		require.GreaterOrEqual(t, i, 0, name)
		got := served.Types[i]
		require.Equal(t, string(want.Kind), got.Kind, name)
		fields := got.Fields
		if want.Kind == ast.InputObject {
			fields = got.InputFields
			for _, f := range fields {
				if want.Fields.ForName(f.Name) == nil {
					require.NotEqual(t, "NON_NULL", f.Type.Kind, "%s.%s has been added and is not optional", name, f.Name)
				}
			}
		}
		for _, f := range want.Fields {
			there := named(fields, f.Name)
			require.NotNil(t, there, "%s.%s", name, f.Name)
			require.Equal(t, f.Type.String(), there.Type.String(), "%s.%s", name, f.Name)
			require.False(t, there.IsDeprecated)
			require.Nil(t, there.DefaultValue)
			require.Len(t, there.Args, len(f.Arguments), "%s.%s has one argument", name, f.Name)
			for _, arg := range f.Arguments {
				require.Equal(t, arg.Type.String(), named(there.Args, arg.Name).Type.String())
			}
		}
	}
}

// TestIntrospectionOff answers nothing about the schema, however it is asked;
// __typename is no such question.
func TestIntrospectionOff(t *testing.T) {
	d := open(t, &fakes{}, func(cfg *graph.Config) { cfg.Introspection = false })
	for _, q := range []string{
		introspection,
		`{ __schema { types { name } } }`,
		`{ a: __schema { types { name } } }`,
		`{ __type(name: "Event") { name } }`,
		`{ ... { ... on Query { __type(name: "Event") { name } } } }`,
		`{ ...f } fragment f on Query { ...g } fragment g on Query { __schema { types { name } } }`,
		`query($yes: Boolean = true) { rules { name } __schema @skip(if: $yes) { types { name } } }`,
	} {
		e := d.run(t, q, "").failed(t, signalbox.CodeInvalidInput)
		require.Contains(t, e.Message, "introspection is switched off")
	}
	d.run(t, `{ __typename rules { __typename name } }`, "").ok(t)
	d.run(t, `mutation { __typename }`, "").ok(t)
}

// TestSuggestions give names of the schema only where that is wanted, and in small
// documents: they tell what introspection would.
func TestSuggestions(t *testing.T) {
	on := open(t, &fakes{})
	off := open(t, &fakes{}, func(cfg *graph.Config) { cfg.Suggestions = false })
	for q, name := range map[string]string{
		`{ eventTypez { type } }`:                              "eventTypes",
		`{ events(frist: 1) { nodes { id } } }`:                "first",
		sendLiteralPayload(`{id: "1", date: {}}`):              "data",
		`mutation { sendCustomEventz(input: {}) { success } }`: "sendCustomEvents",
	} {
		e := on.run(t, q, "").failed(t, signalbox.CodeInvalidInput)
		require.Contains(t, e.Message, "Did you mean", q)
		require.Contains(t, e.Message, `"`+name+`"`, q)
		for _, silent := range []*answer{off.run(t, q, ""), on.run(t, q+" #"+strings.Repeat("x", 20_000), "")} {
			e := silent.failed(t, signalbox.CodeInvalidInput)
			require.NotContains(t, silent.Text, "mean", q)
			require.NotContains(t, e.Message, `"`+name+`"`, q)
		}
	}
}

// TestMessagesNameThePlace: faults of the document come with line and column.
func TestMessagesNameThePlace(t *testing.T) {
	d := open(t, &fakes{})
	for q, want := range map[string][]int{
		"{\n  nothing\n}": {2, 3},
		"{\n\n":           {3, 1},
		"mutation {\n sendCustomEvent(input: 7) { success } }": {2, 25},
		"{ events(first: 99999999999) { nodes { id } } }":      {1, 17},
	} {
		e := d.run(t, q, "").failed(t, signalbox.CodeInvalidInput)
		require.Len(t, e.Locations, 1, q)
		require.Equal(t, want, []int{e.Locations[0].Line, e.Locations[0].Column}, q)
	}
}
