package graph_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzRequest: whatever the document and the variables are, there is an answer in
// JSON, every error has a code that is the client's fault, and nothing panics.
func FuzzRequest(f *testing.F) {
	folders, err := filepath.Glob(filepath.Join("testdata", "*", "query.graphql"))
	require.NoError(f, err)
	for _, name := range folders {
		query, err := os.ReadFile(name)
		require.NoError(f, err)
		variables, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "variables.json")) // "" where there are none
		f.Add(string(query), string(variables))
	}
	for _, query := range []string{
		sendVariable, sendLiteral(`{a: [1 1.5e3 -0 "x\u00e9\uD83D\uDE00\u{1F600}" """block \""" "quoted""" null true {b: {}}]}`),
		introspection, `{ ...f @include(if: true) } fragment f on Query { __typename @skip(if: false) }`,
		`query A($x: Boolean = true, $n: [Int!] = 5) @a { __typename @skip(if: $x) } mutation B { redriveDispatch(id: 7) { id } }`,
		`query($f: DispatchFilter = {statuses: [PENDING], eventID: 5}) { dispatches(filter: $f, first: 3) { nodes { id } } }`,
		`mutation($x: SendCustomEventInput = {type: "t", operation: "o", payload: {id: 1, data: {a: 1}}, occurredAt: "2026-03-01T12:00:00Z", waitFor: ACCEPTED}) { sendCustomEvents(inputs: [$x, $x]) { error { code } } }`,
		`subscription { a }`, `{ __type(name: "Event") { fields(includeDeprecated: true) { args { defaultValue } } possibleTypes { name } } }`,
	} {
		f.Add(query, `{"d":{"a":1e2},"x":null,"n":1,"f":{},"input":{}}`)
	}
	d, m := openRoad(f)
	f.Fuzz(func(t *testing.T, query, variables string) {
		began := time.Now()
		w := d.serve(http.MethodPost, "/graphql", bodyOf(query, variables), "Accept", mediaGQL, "Idempotency-Key", "k")
		require.Less(t, time.Since(began), 5*time.Second)
		require.Less(t, w.Code, 500)
		a := decode(t, w)
		// There is data, be it null for a field that cannot be, where there was execution.
		require.Equal(t, w.Code == http.StatusOK, strings.Contains(a.Text, `"data":`), a.Text)
		for _, e := range a.Errors {
			require.NotEmpty(t, e.Message)
			require.Contains(t, []string{"INVALID_INPUT", "PAYLOAD_TOO_LARGE", "NOT_FOUND", "FORBIDDEN"}, e.Extensions.Code, a.Text)
		}
		require.Empty(t, d.log.String())
		m.committed = nil
	})
}
