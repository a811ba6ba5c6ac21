package crashtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
)

// propagation is how soon a change that one replica saves has to be in force on
// another.
const propagation = time.Second

// What one replica saves, the other has within a second, and the one that saved it
// has it when it answers.
func TestASavedRuleIsSoonInForceOnEveryReplica(t *testing.T) {
	r := newRig(t, pgtest.DSN(t), sharedTemporal(t))
	var urls [2]string
	for i := range urls {
		urls[i] = startServer(t, serverOptions{dsn: r.dsn, temporal: r.temporal, listen: freeAddress(t)}).ready(t).url
	}
	verdict := func(url, rule string) string {
		var out struct {
			TestCustomEvent struct {
				Decisions []struct{ Rule, Verdict string }
			}
		}
		ask(t, url, r.key, `{ testCustomEvent(input: {type: "order", operation: "placed", payload: {id: "o", data: {n: 1}}}) { decisions { rule verdict } } }`, &out)
		for _, d := range out.TestCustomEvent.Decisions {
			if d.Rule == rule {
				return d.Verdict
			}
		}
		return "none"
	}
	// await tells how long after the change the other replica says so.
	await := func(changed time.Time, url, rule, want string) time.Duration {
		for time.Since(changed) < 10*propagation {
			if verdict(url, rule) == want {
				return time.Since(changed)
			}
		}
		require.Fail(t, "the change does not arrive", "%s: want %s, is %s", rule, want, verdict(url, rule))
		return 0
	}
	var took []time.Duration
	for i := range 6 {
		rule, here, there := fmt.Sprintf("fresh-%d", i), urls[i%2], urls[(i+1)%2]
		for _, step := range []struct{ mutation, want string }{
			{`createRule(input: {name: "%s", on: {type: "order", operation: "placed"}, when: "payload.data.n > 5", start: {workflow: "Complete", taskQueue: "q"}}, publish: true) { rule { version } }`, "FILTERED"},
			{`updateRule(input: {name: "%s", on: {type: "order", operation: "placed"}, when: "payload.data.n < 5", start: {workflow: "Complete", taskQueue: "q"}}, publish: true) { rule { version } }`, "MATCHED"},
			{`setRuleState(name: "%s", state: SHADOW) { rule { state } }`, "SHADOW"},
			{`deleteRule(name: "%s") { name }`, "none"},
		} {
			ask(t, here, r.key, "mutation { "+fmt.Sprintf(step.mutation, rule)+" }", new(any))
			changed := time.Now()
			require.Equal(t, step.want, verdict(here, rule), "the replica that saved it")
			took = append(took, await(changed, there, rule, step.want))
		}
	}
	slices.Sort(took)
	median, slowest := took[len(took)/2], took[len(took)-1]
	t.Logf("a change took %s in the median, the slowest %s", median.Round(time.Millisecond), slowest.Round(time.Millisecond))
	require.Less(t, median, propagation) // the slowest tells of the machine as well
}

// ask sends a GraphQL request that must have no errors.
func ask(t *testing.T, url, key, query string, into any) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data   json.RawMessage
		Errors json.RawMessage
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	require.Empty(t, string(answer.Errors))
	require.NoError(t, json.Unmarshal(answer.Data, into))
}
