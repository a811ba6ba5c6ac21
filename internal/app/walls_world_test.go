package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// world is a tenant with something of everything. Its names begin with its slug, and
// its contents with inside.
type world struct {
	slug, admin string
	// values are what another tenant's request may have of it, by the token that stands
	// for each in a document.
	values map[string]string
}

// populate makes a tenant and registers, sends and edits in it. Beside names of its
// own it has the type order/placed and the rule shared, as every world does.
func (s *site) populate(slug, inside string) world {
	s.t.Helper()
	s.tenant(slug, signalbox.TenantEdit{})
	w := world{slug: slug, admin: s.key(slug, "tenant:admin")}
	fill := strings.NewReplacer("SLUG", slug, "INSIDE", inside)
	do := func(document string) *answer { return s.ok(w.admin, fill.Replace(document), nil) }

	do(`mutation { updateSettings(input: {config: {note: "INSIDE config"}}) { slug } }`)
	do(`mutation { saveEventType(input: {type: "order", operation: "placed", policy: WARN, fields: {total: "number"}}) { change { action } } }`)
	for _, description := range []string{"INSIDE first", "INSIDE second"} {
		do(`mutation { saveEventType(input: {type: "SLUG-type", operation: "SLUG-op", displayName: "SLUG-display", description: "` + description + `",
			sample: {x: "INSIDE"}, policy: WARN, schema: {type: "object", description: "` + description + `"}}) { change { action } } }`)
	}
	rule := func(name, on, start string) string {
		return `name: "` + name + `", description: "INSIDE rule", on: ` + on + `, start: {workflow: "INSIDE-workflow", taskQueue: "INSIDE-queue"` + start + `}`
	}
	publish := func(input, state string) {
		do(`mutation { createRule(input: {` + input + `}, publish: true, state: ` + state + `) { change { action } } }`)
	}
	publish(rule("SLUG-rule", `{event: "SLUG-type:SLUG-op"}`, ``), "ENABLED")
	publish(rule("SLUG-fails", `{event: "SLUG-type:SLUG-op"}`, `, searchAttributes: {NobodyKnows: "1"}`), "ENABLED")
	publish(rule("SLUG-shadow", `{event: "SLUG-type:SLUG-op"}`, ``), "SHADOW")
	publish(rule("shared", `{event: "order:placed"}`, ``), "ENABLED")
	do(`mutation { updateRule(input: {` + rule("SLUG-rule", `{event: "SLUG-type:*"}`, ``) + `}) { change { action } } }`)
	do(`mutation { createRule(input: {` + rule("SLUG-draft", `{event: "SLUG-type:*"}`, ``) + `}) { change { action } } }`)

	sent := do(`mutation { sendCustomEvent(input: {type: "SLUG-type", operation: "SLUG-op", source: "SLUG-source", subject: "SLUG-subject",
		payload: {id: "SLUG-entity", data: {x: "INSIDE"}}, metadata: {x: "INSIDE"}}) { eventID dispatches { id } } }`)
	do(`mutation { sendCustomEvent(input: ` + keyedEvent + `) { eventID } }`)
	made := do(`mutation { createKey(input: {name: "SLUG-key", permissions: ["events:send:SLUG-type/SLUG-op"]}) { key { id createdBy } } }`)
	do(`mutation { rotateKey(id: "` + made.at("createKey.key.id") + `") { key { id } } }`)
	require.Eventually(s.t, func() bool {
		a := do(`{ dispatches(filter: {statuses: [PENDING]}) { nodes { id } } }`)
		return !strings.Contains(a.Text, `"id"`)
	}, soon, often)

	w.values = map[string]string{
		"{EVENT}": sent.at("sendCustomEvent.eventID"), "{KEY}": made.at("createKey.key.id"), "{ACTOR}": made.at("createKey.key.createdBy"),
		"{DISPATCH}": do(`{ dispatches(filter: {rule: "SLUG-rule"}) { nodes { id } } }`).at("dispatches.nodes.id"),
		"{FAILED}":   do(`{ dispatches(filter: {rule: "SLUG-fails", statuses: [FAILED]}) { nodes { id } } }`).at("dispatches.nodes.id"),
		"{CURSOR}":   do(`{ events(first: 1) { pageInfo { endCursor } } }`).at("events.pageInfo.endCursor"),
		"{STARTS}":   do(`{ dispatches(first: 1) { pageInfo { endCursor } } }`).at("dispatches.pageInfo.endCursor"),
		"{KEYS}":     do(`{ keys(first: 1) { pageInfo { endCursor } } }`).at("keys.pageInfo.endCursor"),
		"{CHANGES}":  do(`{ auditLog(first: 1) { pageInfo { endCursor } } }`).at("auditLog.pageInfo.endCursor"),
	}
	for token, value := range w.values {
		require.NotEmpty(s.t, value, token)
	}
	for _, name := range []string{"type", "op", "display", "rule", "fails", "shadow", "draft", "ns", "source", "subject", "entity", "key", "idem"} {
		w.values["{"+name+"}"] = slug + "-" + name
	}
	w.values["{slug}"] = slug
	return w
}

const keyedEvent = `{type: "order", operation: "placed", idempotencyKey: "SLUG-idem", payload: {id: "1", data: {total: 7}}}`

// neighbour has values that nobody has, as like to w's as can be: what is answered to
// them is what w's must be answered with.
func (w *world) neighbour(slug string) map[string]string {
	none := map[string]string{}
	for token, value := range w.values {
		switch id, err := signalbox.ParseID(value); {
		case strings.HasPrefix(value, w.slug):
			none[token] = slug + strings.TrimPrefix(value, w.slug)
		case err == nil:
			id[15] ^= 1
			none[token] = id.String()
		case token == "{ACTOR}":
			none[token] = value[:len(value)-1] + "-"
		default: // a cursor
			raw, _ := base64.RawURLEncoding.DecodeString(value)
			raw[len(raw)-1] ^= 1
			none[token] = base64.RawURLEncoding.EncodeToString(raw)
		}
	}
	return none
}

// owner is the database as its owner sees it, for whom there is no wall.
type owner struct {
	t    *testing.T
	conn *pgx.Conn
}

func (s *site) owner() owner {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.dsn)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) })
	return owner{s.t, conn}
}

// rows are a tenant's, of every table that has any, as JSON. When a key was last used
// is left out: it is written now and then, by nobody's request.
func (o owner) rows(tenant string) map[string][]string {
	o.t.Helper()
	list, err := o.conn.Query(o.t.Context(), `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attname = 'tenant_id' AND c.relnamespace = current_schema()::regnamespace`)
	require.NoError(o.t, err)
	tables, err := pgx.CollectRows(list, pgx.RowTo[string])
	require.NoError(o.t, err)
	require.Greater(o.t, len(tables), 7)

	all := map[string][]string{}
	read := func(table, column string) {
		rows, err := o.conn.Query(o.t.Context(), fmt.Sprintf(
			`SELECT (to_jsonb(t) - 'last_used_at')::text FROM %s t WHERE %s = (SELECT id FROM tenants WHERE slug = $1) ORDER BY 1`,
			pgx.Identifier{table}.Sanitize(), column), tenant)
		require.NoError(o.t, err)
		all[table], err = pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(o.t, err)
		require.NotEmpty(o.t, all[table], "the tenant has no row in %s: nothing is shown of it", table)
	}
	for _, table := range tables {
		read(table, "tenant_id")
	}
	read("tenants", "id")
	return all
}

// ids are every UUID in the rows.
func ids(rows map[string][]string) []string {
	found := map[string]bool{}
	for _, table := range rows {
		for _, row := range table {
			var columns map[string]any
			_ = json.Unmarshal([]byte(row), &columns)
			for _, value := range columns {
				text, _ := value.(string)
				if _, err := signalbox.ParseID(text); err == nil {
					found[text] = true
				}
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}
