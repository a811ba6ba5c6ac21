package graph_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
)

// repeat makes n texts of their numbers.
func repeat(n int, one func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(one(i))
	}
	return b.String()
}

func same(text string) func(int) string { return func(int) string { return text } }

// TestHostileDocuments are small to send and would be large to validate or execute.
func TestHostileDocuments(t *testing.T) {
	const send = `sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "` + canary + `"}}) { success }`
	// chain is a nest of fragments in which each spreads the next one twice.
	chain := func(n int, on, spread, last string) string {
		return repeat(n, func(i int) string {
			return fmt.Sprintf("fragment f%d on %s { %s %s } ", i, on, fmt.Sprintf(spread, i+1), fmt.Sprintf(spread, i+1))
		}) + fmt.Sprintf("fragment f%d on %s { %s }", n, on, last)
	}
	for _, h := range []hostile{
		{name: "2,000 aliases", body: `mutation {` + repeat(2000, func(i int) string { return fmt.Sprintf("a%d: %s ", i, send) }) + `}`},
		{name: "2,000 short aliases", body: `{` + repeat(2000, func(i int) string { return fmt.Sprintf("a%d:__typename ", i) }) + `}`, says: "2000 root fields"},
		{name: "21 aliases", body: `mutation {` + repeat(21, func(i int) string { return fmt.Sprintf("a%d: %s ", i, send) }) + `}`, says: "21 root fields"},
		{name: "21 aliases of a query", body: `{` + repeat(21, func(i int) string { return fmt.Sprintf("a%d: rules { name } ", i) }) + `}`, says: "21 root fields"},
		{name: "21 aliases in fragments", body: `mutation { ...f ... on Mutation {` + repeat(10, func(i int) string { return fmt.Sprintf("a%d: %s ", i, send) }) + `} } fragment f on Mutation {` + repeat(11, func(i int) string { return fmt.Sprintf("b%d: %s ", i, send) }) + `}`, says: "21 root fields"},
		{name: "2,000 repeated identical fields", body: `mutation {` + repeat(2000, same(send+" ")) + `}`},
		{name: "2,000 repeated short fields", body: `{` + repeat(2000, same("__typename ")) + `}`, says: "2000 root fields"},
		{name: "500 repeated identical fields", body: `mutation {` + repeat(500, same(send+" ")) + `}`, says: "500 root fields"},
		{name: "480 fields of a type that conflict", body: `{ __type(name: "Event") {` + repeat(240, same("kind: name kind ")) + `} }`, says: "more than 100 aliases"},
		{name: "200 fields of a type that conflict", body: `{ __type(name: "Event") {` + repeat(100, same("kind: name kind ")) + `} }`, says: "conflict"},
		{name: "480 fields that conflict in their arguments", body: `{ __type(name: "Event") {` + repeat(120, same("fields(includeDeprecated: true) { name } fields { name } ")) + `} }`, says: "conflict"},
		{name: "420 fields that conflict in fragments", body: `{ __type(name: "Event") {` + repeat(20, func(i int) string { return fmt.Sprintf("...f%d ", i) }) + `} } ` + repeat(20, func(i int) string {
			return fmt.Sprintf("fragment f%d on __Type {", i) + repeat(5, same("kind: name kind kind kind ")) + `} `
		}), says: "conflict"},
		{name: "101 aliases", body: `{ events { nodes {` + repeat(101, func(i int) string { return fmt.Sprintf("a%d: id ", i) }) + `} } }`, says: "more than 100 aliases"},
		{name: "101 aliases in fragments", body: `{ events { nodes { ...f ... on Event {` + repeat(50, func(i int) string { return fmt.Sprintf("a%d: id ", i) }) + `} } } } fragment f on Event {` + repeat(51, func(i int) string { return fmt.Sprintf("b%d: id ", i) }) + `}`, says: "more than 100 aliases"},
		{name: "aliases of what does not exist", body: `{ events { nodes {` + repeat(300, func(i int) string { return fmt.Sprintf("a%d: b%d ", i, i) }) + `} } }`, says: "more than 100 aliases"},
		{name: "51 directives, a few in each place", body: `{ events { nodes {` + repeat(51, same("id @skip(if: false) ")) + `} } }`, says: "more than 50 directives"},
		{name: "directives of many names", body: `{ events { nodes {` + repeat(17, func(i int) string { return fmt.Sprintf("id @a%d @b%d @c%d ", i, i, i) }) + `} } }`, says: "more than 50 directives"},
		{name: "6 directives in one place", body: `{ __typename ` + strings.Repeat("@include(if: true) ", 6) + `}`, says: "more than 5 directives in one place"},
		{name: "500 fields that conflict", body: `mutation {` + repeat(500, func(i int) string {
			return fmt.Sprintf(`a: redriveDispatch(id: "canary-%d") { id } `, i)
		}) + `}`},
		{name: "identical fields in nested sets", body: `{ events {` + repeat(20, same("nodes {"+repeat(22, same("dispatches { id } "))+"} ")) + `} }`},
		{name: "deep selections", body: nested(`{ a `, `b`, ` }`, 900), says: "nested deeper than 16"},
		{name: "deeper than the parser goes", body: nested(`{ a `, `b`, ` }`, 5000), says: "depth"},
		{name: "deep inline fragments", body: nested(`{ ... on Query `, `{ __typename }`, ` }`, 900), says: "nested deeper than 16"},
		{name: "deep through fragments", body: `{ ...f0 }` + repeat(20, func(i int) string {
			return fmt.Sprintf("fragment f%d on __Type { ofType { ...f%d } } ", i, i+1)
		}) + "fragment f20 on __Type { name }"},
		{name: "circular introspection", body: `{ __schema { types {` + nested("fields { type {", "name", "}}", 4) + `} } }`, says: "introspection depth"},
		{name: "introspection through ofType", body: `{ __schema { types {` + nested("ofType {", "name", "}", 14) + `} } }`, says: "nested deeper"},
		{name: "a fragment in itself", body: `{ ...f } fragment f on Query { ...f }`, says: "within itself"},
		{name: "fragments in each other", body: `{ ...f } fragment f on Query { ...g } fragment g on Query { ...h } fragment h on Query { ...f }`, says: "within itself"},
		{name: "fragments in each other's fields", body: `{ events { nodes { ...f } } } fragment f on Event { dispatches { ...g } } fragment g on Dispatch { lastError { ...g } }`},
		{name: "fragments that all spread each other", body: `{ ...f0 }` + repeat(30, func(i int) string {
			return fmt.Sprintf("fragment f%d on Query { %s } ", i, repeat(30, func(j int) string { return fmt.Sprintf("...f%d ", j) }))
		})},
		{name: "exponential fragments", body: `{ ...f0 }` + chain(100, "Query", "...f%d", "__typename")},
		{name: "exponential empty fragments", body: `{ ...f0 }` + chain(100, "Mutation", "... on Mutation { ...f%d }", "__typename")},
		{name: "exponential fragments below lists", body: `{ events { nodes { ...f0 } } }` + chain(100, "Event", "...f%d", "id")},
		{name: "exponential fragments where nothing is asked for", body: `{` + repeat(19, func(i int) string {
			return fmt.Sprintf("a%d: events(first: 0) { nodes { ...f0 } } ", i)
		}) + `}` + chain(16, "Event", "...f%d", "id")},
		{name: "the same, in many root fields", body: `{` + repeat(230, func(i int) string {
			return fmt.Sprintf("a%d: events(first: 0) { nodes { ...f0 } } ", i)
		}) + `}` + chain(16, "Event", "...f%d", "id"), says: "root fields"},
		{name: "exponential fragments, half of it in cycles", body: `{ ...f0 }` + chain(100, "Query", "...f%d", "...f0"), says: "within itself"},
		{name: "490 fragments that nobody uses", body: `{ __typename }` + repeat(490, func(i int) string { return fmt.Sprintf("fragment f%d on Query { __typename } ", i) }), says: "never used"},
		{name: "490 operations", body: repeat(490, func(i int) string { return fmt.Sprintf("query q%d { __typename } ", i) }), says: "several operations"},
		{name: "490 operations of one name", body: repeat(490, same("query q { __typename } ")), says: "only one operation"},
		{name: "lists of lists", body: `{ ` + repeat(6, func(i int) string {
			return fmt.Sprintf("a%d:", i) + `events(first: 500) { nodes { dispatches { id rule status attempts } decisions { rule reason } } edges { node { dispatches { id rule status attempts } decisions { rule verdict } } } } `
		}) + `}`, says: "more than 250000 fields"},
		{name: "many events with every field", body: `mutation($i: [SendCustomEventInput!]!) {` + repeat(20, func(i int) string {
			return fmt.Sprintf("a%d: sendCustomEvents(inputs: $i) { response { eventID outcome dispatches { id rule } } } ", i)
		}) + `}`, says: "more than 250000 fields"},
		{name: "token flood", body: `{` + strings.Repeat("a ", 250_000) + `}`, says: "token limit"},
		{name: "token flood of punctuation", body: strings.Repeat("{", 500_000)},
		{name: "token flood of values", body: `{ a(b: [` + strings.Repeat("1 ", 250_000) + `]) }`, says: "token limit"},
		{name: "a flood of comments", body: strings.Repeat("#"+canary+"\n", 25_000) + `{ nothing }`},
		{name: "a comment of megabytes", body: `#` + strings.Repeat("x", 4_000_000) + "\n{ nothing }"},
		{name: "a flood of white space", body: strings.Repeat(", \t\n", 1_000_000) + "{ nothing }"},
		{name: "a document of megabytes", body: `{ ` + strings.Repeat("a ", 2_000_000) + `}`, says: "longer than a document can be"},
		{name: "a document a little too long", body: `{ ` + strings.Repeat("a ", 300_000) + `}`, says: "limit is 524288"},
		{name: "directive flood", body: `{ __typename ` + strings.Repeat("@a ", 9000) + `}`, says: "directives"},
		{name: "a flood of known directives", body: `{ __typename ` + strings.Repeat("@skip(if: false) ", 2000) + `}`, says: "directives"},
		{name: "directive flood on a fragment", body: `{ ...f ` + strings.Repeat("@a ", 9000) + `} fragment f on Query { __typename }`, says: "directives"},
		{name: "directive flood on an inline fragment", body: `{ ... ` + strings.Repeat("@a ", 9000) + `{ __typename } }`, says: "directives"},
		{name: "directive flood on an operation", body: `query ` + strings.Repeat("@a ", 9000) + `{ __typename }`, says: "directives"},
		{name: "directive flood on a fragment's definition", body: `{ ...f } fragment f on Query ` + strings.Repeat("@a ", 9000) + `{ __typename }`, says: "directives"},
		{name: "directive flood on a variable", body: `query($a: Int ` + strings.Repeat("@a ", 9000) + `) { __typename }`, says: "directives"},
		{name: "a flood of variables", body: `query(` + repeat(4900, func(i int) string { return fmt.Sprintf("$v%d: Int ", i) }) + `) { __typename }`},
		{name: "a flood of variables that are used", body: `query(` + repeat(2000, func(i int) string { return fmt.Sprintf("$v%d: Map ", i) }) + `) { a(b: [` + repeat(5000, func(i int) string { return fmt.Sprintf("$v%d ", i%2000) }) + `]) }`},
		{name: "a flood of undefined variables", body: `query { a(b: [` + repeat(9000, func(i int) string { return fmt.Sprintf("$v%d ", i) }) + `]) }`},
		{name: "a flood of variables in fragments", body: `query(` + repeat(1500, func(i int) string { return fmt.Sprintf("$v%d: Map ", i) }) + `) { ` + repeat(90, same("...f ")) + `} fragment f on Query { a(b: [` + repeat(3000, func(i int) string { return fmt.Sprintf("$v%d ", i%1500) }) + `]) }`},
		{name: "a flood of arguments", body: `{ events(` + repeat(6000, func(i int) string { return fmt.Sprintf("a%d: 1 ", i) }) + `) { nodes { id } } }`},
		{name: "a flood of one argument", body: `{ events(` + repeat(6000, same("first: 1 ")) + `) { nodes { id } } }`},
		{name: "a flood of keys", body: `mutation { sendCustomEvent(input: {` + repeat(6000, func(i int) string { return fmt.Sprintf("a%d: 1 ", i) }) + `}) { success } }`},
		{name: "a flood of one key", body: sendLiteral(`{` + repeat(6000, same("a: 1 ")) + `}`), says: "only one input field"},
		{name: "a flood of faults", body: `{ ` + repeat(990, func(i int) string { return fmt.Sprintf("evens%d ", i) }) + `}`},
		{name: "a name that is very long", body: `{ ` + strings.Repeat("event", 100_000) + ` }`},
		{name: "a type's name that is very long", body: `query($x: ` + strings.Repeat("Event", 100_000) + `) { __typename }`},
		{name: "an argument's name that is very long", body: `{ events(` + strings.Repeat("first", 100_000) + `: 1) { nodes { id } } }`},
		{name: "a key that is very long", body: `mutation { sendCustomEvent(input: {` + strings.Repeat("type", 100_000) + `: 1}) { success } }`},
		{name: "a directive's name that is very long", body: `{ __typename @` + strings.Repeat("skip", 100_000) + ` }`},
		{name: "a fragment's name that is very long", body: `{ ...` + strings.Repeat("skip", 100_000) + ` }`},
		{name: "an enum that is very long", body: `{ dispatches(filter: {statuses: [` + strings.Repeat("FAILED", 80_000) + `]}) { nodes { id } } }`},
		{name: "an enum as a string that is very long", body: `{ dispatches(filter: {statuses: ["` + strings.Repeat("FAILED", 80_000) + `"]}) { nodes { id } } }`},
		{name: "many long names", body: `{ ` + repeat(490, func(i int) string { return strings.Repeat("events", 100) + strconv.Itoa(i) + " " }) + `}`},
		{name: "many long types' names", body: `{ ` + repeat(400, func(i int) string {
			return "... on " + strings.Repeat("Event", 100) + strconv.Itoa(i) + " { id } "
		}) + `}`},
		{name: "a large string where none belongs", body: `{ events(first: "` + strings.Repeat(canary, 25_000) + `") { nodes { id } } }`},
		{name: "an id that is very long", body: `{ event(id: "` + strings.Repeat(canary, 25_000) + `") { id } }`},
		{name: "more events than a batch holds", body: `mutation { sendCustomEvents(inputs: [` + strings.Repeat("{type:\"t\",operation:\"o\",payload:{id:\"1\"}}", 1001) + `]) { error { code } } }`},
	} {
		t.Run(h.name, func(t *testing.T) {
			h.body = bodyOf(h.body, "")
			h.run(t)
		})
	}
}

// TestHostileBodies are hostile before there is a document.
func TestHostileBodies(t *testing.T) {
	q := `"query":"{ __typename }"`
	for _, h := range []hostile{
		{name: "a batch of thousands", body: `[` + strings.Repeat(typename+`,`, 100_000) + typename + `]`, says: "not a JSON object"},
		{name: "trailing data", body: typename + ` "` + canary + `"`, says: "followed by something else"},
		{name: "trailing megabytes", body: typename + strings.Repeat(typename, 100_000), says: "followed by something else"},
		{name: "depth bomb beside the query", body: `{` + q + `,"x":` + nested("[", "", "]", 1_000_000) + `}`, says: "nested deeper", path: "/x" + strings.Repeat("/0", 31) + "/…"},
		{name: "depth bomb in extensions", body: `{` + q + `,"extensions":` + nested(`{"a":`, "1", "}", 1_000_000) + `}`, says: "nested deeper"},
		{name: "depth bomb in variables that nobody asked for", body: `{` + q + `,"variables":{"x":` + nested("[", "", "]", 1_000_000) + `}}`, says: "nested deeper"},
		{name: "number bomb beside the query", body: `{` + q + `,"x":1e131000}`, says: "exponent", path: "/x"},
		{name: "a lone surrogate in the query", body: `{"query":"{ a(b: \"\ud800\") }"}`, says: "lone surrogate", path: "/query"},
		{name: "NUL in the query", body: `{"query":"{ a(b: \"\u0000\") }"}`, says: "NUL", path: "/query"},
		{name: "invalid UTF-8 in the query", body: "{\"query\":\"{ a(b: \\\"\xff\\\") }\"}", says: "UTF-8", path: "/query"},
		{name: "query twice, the second hostile", body: `{` + q + `,"\u0071uery":"mutation { ` + canary + ` }"}`, says: "twice", path: "/query"},
		{name: "100,000 keys in variables that are no such input", body: `{"query":"mutation($i: SendCustomEventInput!) { sendCustomEvent(input: $i) { success } }","variables":{"i":{` + repeat(100_000, func(i int) string { return `"k` + strconv.Itoa(i) + `":"` + canary + `",` }) + `"z":1}}}`, says: "is unknown"},
		{name: "oversized", body: `{"query":"` + canary + strings.Repeat("x", 8<<20) + `"}`, code: "PAYLOAD_TOO_LARGE", says: "8388608 bytes"},
		{name: "a batch that is too long", body: bodyOf(`mutation($i: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $i) { error { code } } }`,
			`{"i":[`+strings.Repeat(`{"type":"t","operation":"o","payload":{"id":"`+canary+`"}},`, 1000)+`{"type":"t","operation":"o","payload":{"id":"1"}}]}`), says: "limit is 1000"},
	} {
		t.Run(h.name, func(t *testing.T) { h.run(t) })
	}
}

// fullIntrospection is what GraphiQL and the generators of clients ask.
var fullIntrospection = `query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
	types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
	fragment FullType on __Type { kind name description specifiedByURL isOneOf
		fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
		inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
		enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
	fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
	fragment TypeRef on __Type { kind name ` + nested("ofType { kind name ", "", "}", 9) + `}`

// TestLimitsThatDoNotHinder: what well-meaning clients send is within the limits.
func TestLimitsThatDoNotHinder(t *testing.T) {
	d, m := openRoad(t)
	d.run(t, `mutation {`+repeat(20, func(i int) string {
		return fmt.Sprintf(`a%d: sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1"}}) { success workflows { id } } `, i)
	})+`}`, "").ok(t)
	require.Len(t, m.committed, 20)
	d.run(t, `{ events(first: 100) { nodes { ...e } edges { cursor node { ...e } } pageInfo { hasNextPage endCursor } } }
		fragment e on Event { id type operation outcome payload { id data } workflows { type id runID } dispatches { id rule status } decisions { rule verdict } }`, "").ok(t)
	d.run(t, fullIntrospection, "").ok(t)
	d.run(t, `{ events { nodes {`+repeat(50, func(i int) string { return fmt.Sprintf("a%d: id @include(if: true) ", i) })+repeat(50, func(i int) string { return fmt.Sprintf("b%d: id ", i) })+`} } }`, "").ok(t)
	one := `{"type":"t","operation":"o","payload":{"id":"1","data":{"a":` + nested("[", "", "]", 63) + `,"n":-1.5e308}}},`
	a := d.run(t, `mutation($i: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $i) { response { success eventID workflows { id } } error { code message } } }`,
		`{"i":[`+strings.TrimSuffix(strings.Repeat(one, 1000), ",")+`]}`).ok(t)
	require.NotContains(t, a.Text, `"code"`)
	require.Len(t, m.committed, 1020)
}

// TestComplexityDoesNotOverflow: limits of one's own choosing hold as well.
func TestComplexityDoesNotOverflow(t *testing.T) {
	d := open(t, &fakes{}, func(cfg *graph.Config) {
		cfg.Limits = graph.Limits{BodyBytes: 1 << 20, Tokens: 20_000, Fields: 1000, Depth: 200, RootFields: 20, Complexity: 1000}
	})
	began := time.Now()
	a := d.run(t, `{ __schema { types { interfaces {`+nested("possibleTypes { interfaces {", "name", "}}", 60)+`} } } }`, "", "Accept", mediaGQL)
	require.Equal(t, http.StatusBadRequest, a.Status)
	require.Less(t, time.Since(began), 5*time.Second)
}
