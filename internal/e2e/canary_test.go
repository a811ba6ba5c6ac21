package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// canary marks what nobody but a tenant's own readers may see. Each field has one of
// its own, so that a leak names its source.
const canary = "canary4711"

// watched has types with schemas of each policy, conditions that read and that fail,
// of the tenant's config too, and a start with that that no Temporal namespace takes.
const watched = `
types:
  - type: order
    operations:
      - name: placed
        schema:
          type: object
          required: [n]
          properties: { n: { type: number, maximum: 10 }, email: { type: string, x-sensitive: true }, kind: { enum: [a, b] } }
      - { name: loose }
rules:
  - { name: handle, on: { event: "order:*" }, start: { workflow: HandleOrderException, taskQueue: signalbox-demo } }
  - { name: reads, on: { event: "order:*" }, when: 'payload.data.secret == "x" && payload.data.n > 3.0', start: { workflow: HandleOrderException, taskQueue: signalbox-demo } }
  - { name: fails, on: { event: "order:*" }, when: 'int(payload.data.secret) > 3', start: { workflow: HandleOrderException, taskQueue: signalbox-demo } }
  - { name: configured, on: { event: "order:*" }, when: 'payload.data.n > tenant.config.token', start: { workflow: HandleOrderException, taskQueue: signalbox-demo } }
  - { name: nowhere, on: { event: "order:*" }, start: { workflow: HandleOrderException, taskQueue: signalbox-demo, namespace: there-is-none, input: { token: tenant.config.token } } }
`

// TestACanaryInEveryFieldIsSeenNowhere: what is sent as data, metadata, config or a
// credential is in no log line, be it of the debug level, and in no error answer
// (P-27).
func TestACanaryInEveryFieldIsSeenNowhere(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "catalogue.yaml")
	require.NoError(t, os.WriteFile(file, []byte(watched), 0o600))
	s.ok("apply", "--tenant", "default", "-f", file)
	key, reader := s.key("default", "tenant:admin"), s.key("default", "events:read")
	i := s.serve("--log-level", "debug")

	n := 0
	of := func(field string) string { n++; return fmt.Sprintf("%s-%s-%d", canary, field, n) }
	var accepted, refused int
	// do makes a request; each of its parts may hold canaries.
	do := func(name, method, target, body string, headers ...string) {
		t.Helper()
		req, err := http.NewRequestWithContext(within(t), method, strings.TrimSuffix(i.url, "/graphql")+target, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+key)
		for h := 0; h < len(headers); h += 2 {
			req.Header.Set(headers[h], headers[h+1])
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Less(t, resp.StatusCode, 500, "%s: %s", name, text)
		require.NotContains(t, string(text), canary, "%s is repeated", name)
		for header, values := range resp.Header {
			require.NotContains(t, strings.Join(values, " "), canary, "%s is repeated in %s", name, header)
		}
		if resp.StatusCode == http.StatusOK && !strings.Contains(string(text), `"errors"`) && !strings.Contains(string(text), `"error":{`) {
			accepted++
		} else {
			refused++
		}
	}
	post := func(name, query, variables string, headers ...string) {
		t.Helper()
		do(name, http.MethodPost, "/graphql", fmt.Sprintf(`{"query":%q,"variables":%s}`, query, variables), headers...)
	}
	input := func(operation, payload, more string) string {
		return fmt.Sprintf(`{"input":{"type":"order","operation":%q,"payload":%s%s}}`, operation, payload, more)
	}
	send := func(name, variables string, headers ...string) {
		t.Helper()
		post(name, sendQuery, variables, headers...)
	}
	plain := `{"id":"e-1"}`

	// What is taken.
	const settings = `mutation($c: Map) { updateSettings(input: {config: $c}) { slug } }`
	post("a config", settings, fmt.Sprintf(`{"c":{"token":%q}}`, of("config")))
	post("a config to who may not read it", `{ tenant { slug config } }`, "null", "Authorization", "Bearer "+reader)
	post("a config's change", `{ auditLog(filter: {kind: TENANT}) { nodes { name before after } } }`, "null")
	send("data", input("loose", fmt.Sprintf(`{"id":"e-1","data":{"secret":%q,"password":%q,"deep":[{"token":%q}]}}`, of("data"), of("password"), of("deep")), ""))
	send("an entity's id", input("loose", fmt.Sprintf(`{"id":%q}`, of("entity")), ""))
	send("the rest of an event", input("loose", plain, fmt.Sprintf(`,"source":%q,"subject":%q,"metadata":{"trace":%q},"idempotencyKey":%q`, of("source"), of("subject"), of("metadata"), of("key"))))
	send("the header's key", input("loose", plain, ""), "Idempotency-Key", of("header-key"))
	send("a sensitive field", input("placed", fmt.Sprintf(`{"id":"e-1","data":{"n":1,"email":%q}}`, of("email")), ""))
	post("a literal", fmt.Sprintf(`mutation { sendCustomEvent(input: {type: "order", operation: "loose", payload: {id: "e-1", data: {a: %q, b: """%s"""}}}) { success } }`, of("literal"), of("block")), "null")
	require.Equal(t, 9, accepted)
	require.Zero(t, refused)

	// What is refused.
	once := of("conflict")
	send("a key", input("loose", plain, fmt.Sprintf(`,"idempotencyKey":%q`, once)))
	send("a key again, with another body", input("loose", `{"id":"e-2"}`, fmt.Sprintf(`,"idempotencyKey":%q`, once)))
	accepted = 0
	for name, variables := range map[string]string{
		"data that breaks its schema":       input("placed", fmt.Sprintf(`{"id":"e-1","data":{"n":%q,"kind":%q,"email":{"a":%q}}}`, of("number"), of("enum"), of("sensitive")), ""),
		"data that is no object":            input("loose", fmt.Sprintf(`{"id":"e-1","data":[%q]}`, of("list")), ""),
		"data that is text":                 input("loose", fmt.Sprintf(`{"id":"e-1","data":%q}`, of("text")), ""),
		"data that is too large":            input("loose", fmt.Sprintf(`{"id":"e-1","data":{"a":"%s"}}`, strings.Repeat(of("large"), 20_000)), ""),
		"data with NUL":                     input("loose", fmt.Sprintf(`{"id":"e-1","data":{"a":"%s\u0000"}}`, of("nul")), ""),
		"data that does not parse":          input("loose", fmt.Sprintf(`{"id":"e-1","data":{"a":"%s`, of("cut")), ""),
		"an entity's id that is too long":   input("loose", fmt.Sprintf(`{"id":"%s"}`, strings.Repeat(of("long"), 200)), ""),
		"an entity's id that is no text":    input("loose", fmt.Sprintf(`{"id":{"a":%q}}`, of("object")), ""),
		"metadata that is no object":        input("loose", plain, fmt.Sprintf(`,"metadata":%q`, of("metadata"))),
		"a key that is too long":            input("loose", plain, fmt.Sprintf(`,"idempotencyKey":"%s"`, strings.Repeat(of("key"), 50))),
		"a source with a newline":           input("loose", plain, fmt.Sprintf(`,"source":"%s\n"`, of("source"))),
		"a subject that is too long":        input("loose", plain, fmt.Sprintf(`,"subject":"%s"`, strings.Repeat(of("subject"), 200))),
		"a time that is none":               input("loose", plain, fmt.Sprintf(`,"occurredAt":%q`, of("time"))),
		"a version that is none":            input("loose", plain, fmt.Sprintf(`,"schemaVersion":%q`, of("version"))),
		"an enum's value that there is not": input("loose", plain, fmt.Sprintf(`,"waitFor":%q`, of("wait"))),
		"variables of another type":         fmt.Sprintf(`{"input":[%q]}`, of("variables")),
		"variables that are no object":      fmt.Sprintf(`%q`, of("variables")),
	} {
		send(name, variables)
	}
	post("a config that is a list", settings, fmt.Sprintf(`{"c":[%q]}`, of("config")))
	post("a config with NUL", settings, fmt.Sprintf(`{"c":{"a":"%s\u0000"}}`, of("config")))
	post("a config that is too large", settings, fmt.Sprintf(`{"c":{"a":"%s"}}`, strings.Repeat(of("config"), 5_000)))
	do("a body that does not parse", http.MethodPost, "/graphql", `{"query": "`+of("body"))
	do("a body that is a list", http.MethodPost, "/graphql", `["`+of("body")+`"]`)
	do("a body of another kind", http.MethodPost, "/graphql", of("form"), "Content-Type", "text/plain")
	post("a string that does not end", `mutation { sendCustomEvent(input: {type: "`+of("unended"), "null")
	post("a literal of another type", fmt.Sprintf(`mutation { sendCustomEvent(input: {type: "order", operation: "loose", payload: %q}) { success } }`, of("literal")), "null")
	post("an id that is none", fmt.Sprintf(`{ event(id: %q) { id } }`, of("id")), "null")
	do("a query in the URL", http.MethodGet, "/graphql?"+url.Values{"query": {`{ event(id: "` + of("get") + `") { id } }`}}.Encode(), "")
	do("a mutation in the URL", http.MethodGet, "/graphql?"+url.Values{"query": {`mutation { redriveDispatch(id: "` + of("get") + `") { id } }`}}.Encode(), "")
	do("a path", http.MethodGet, "/"+of("path"), "")
	do("a key in the URL", http.MethodPost, "/graphql?access_token="+of("url"), "{}", "Authorization", "")
	for name, header := range map[string]string{
		"a key that there is not": "Bearer " + of("bearer"),
		"a key with another secret": "Bearer " + key[:len(key)-len(secretOf(key))] +
			(of("secret") + strings.Repeat("x", 43))[:43],
		"a key of another form": "Bearer sbx_" + of("key"),
		"a token":               "Bearer eyJhbGciOiJub25lIn0." + of("claims") + ".",
		"a password":            "Basic " + of("basic"),
		"a scheme":              of("scheme"),
	} {
		do(name, http.MethodPost, "/graphql", `{"query":"{ __typename }"}`, "Authorization", header)
	}
	require.Zero(t, accepted, "everything since is refused")
	// What a header holds is no fault, and nobody's to see either.
	for _, header := range []string{"User-Agent", "X-Forwarded-For", "Cookie", "Origin", "Referer", "Forwarded", "X-Custom", "X-Request-Id", "Traceparent"} {
		do("the header "+header, http.MethodPost, "/graphql", `{"query":"{ __typename }"}`, header, of("header")+" <")
	}
	// Who may not do it, learns nothing of what was sent.
	send("data of whom it is not allowed", input("loose", fmt.Sprintf(`{"id":"e-1","data":{"a":%q}}`, of("forbidden")), ""), "Authorization", "Bearer "+reader)

	i.stop()
	require.NotEmpty(t, i.log.With(`"level":"DEBUG"`), "the log is at its most talkative")
	for _, secret := range []string{canary, secretOf(key), secretOf(reader)} {
		require.Empty(t, i.log.With(secret))
	}
	require.Greater(t, refused, 30)
}
