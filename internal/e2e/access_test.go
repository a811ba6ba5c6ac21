package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const viewerQuery = `{ viewer { tenant actor permissions } }`

// orders registers a type of a tenant's own, through the commands.
func (s *site) orders(tenant string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "catalogue.yaml")
	require.NoError(s.t, os.WriteFile(file, []byte(`
types: [{type: order, operations: [placed, returned]}, {type: invoice, operations: [sent]}]
rules: [{name: handle, on: {event: "order:*"}, start: {workflow: HandleOrderException, taskQueue: signalbox-demo}}]`), 0o600))
	s.ok("apply", "--tenant", tenant, "-f", file)
}

func TestTenantsAndKeysByCommand(t *testing.T) { // P-13, P-18
	s := newSite(t)
	require.Equal(t, "tenant acme created", s.ok("tenants", "create", "acme"))
	require.Contains(t, s.refused("tenants", "create", "acme"), "acme")
	require.Contains(t, s.refused("keys", "create", "--tenant", "nobody", "--can", "events:read"), `there is no tenant "nobody"`)
	require.Regexp(t, `(?s)^SLUG.*\nacme +- +- +reject`, s.ok("tenants", "list"))
	s.orders("acme")
	sender := s.key("acme", "events:send:order/*")
	reader := s.key("acme", "events:read")
	other := s.key("default", "tenant:admin")
	require.Regexp(t, `^sbx_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`, sender)

	i := s.serve()
	require.Equal(t, "UNAUTHENTICATED", i.must("", viewerQuery, "").code())
	require.Equal(t, 401, i.must("", viewerQuery, "").status)
	require.Equal(t, `Bearer realm="signalbox"`, i.must("", viewerQuery, "").header.Get("WWW-Authenticate"))
	require.Equal(t, "UNAUTHENTICATED", i.must(forged(sender), viewerQuery, "").code())

	var seen struct {
		Viewer struct {
			Tenant, Actor string
			Permissions   []string
		}
	}
	i.must(sender, viewerQuery, "").into(t, &seen)
	require.Equal(t, "acme", seen.Viewer.Tenant)
	require.Contains(t, seen.Viewer.Actor, keyID(t, sender))
	require.Equal(t, []string{"events:send:order/*"}, seen.Viewer.Permissions)

	// A key that may only send reads nothing, and learns no names.
	require.Empty(t, i.sendOne(sender, "order", "placed").Errors)
	unknown, forbidden := i.sendOne(sender, "invioce", "sent"), i.sendOne(sender, "invoice", "sent")
	require.Equal(t, "FORBIDDEN", forbidden.code())
	require.Equal(t, strings.ReplaceAll(forbidden.Errors[0].Message, "invoice", "invioce"), unknown.Errors[0].Message)
	for _, query := range []string{`{ events { nodes { id } } }`, `{ eventTypes { type } }`, `{ rules { name } }`, `{ keys { nodes { id } } }`, `{ auditLog { nodes { id } } }`, `{ tenants { nodes { slug } } }`} {
		require.Equal(t, "FORBIDDEN", i.must(sender, query, "").code(), query)
	}
	require.Equal(t, "FORBIDDEN", i.sendOne(reader, "order", "placed").code())

	var events struct {
		Events struct{ Nodes []struct{ ID string } }
	}
	i.must(reader, `{ events { nodes { id } } }`, "").into(t, &events)
	require.Len(t, events.Events.Nodes, 1)
	i.must(other, `{ events { nodes { id } } }`, "").into(t, &events)
	require.Empty(t, events.Events.Nodes, "another tenant's admin sees none of it")
	require.Equal(t, "UNKNOWN_EVENT_TYPE", i.sendOne(other, "order", "placed").code(), "and has no such type")

	require.Contains(t, lineWith(s.ok("keys", "list", "--tenant", "acme"), keyID(t, reader)), "  good  ")
	i.stop() // writes what it has in mind of last uses, as it does twice a minute
	for _, key := range []string{sender, reader} {
		require.Regexp(t, `  good +20\S+Z  `, lineWith(s.ok("keys", "list", "--tenant", "acme"), keyID(t, key)))
	}
	require.NotContains(t, s.ok("keys", "list", "--tenant", "acme"), keyID(t, other))
}

// forged is a key with another secret.
func forged(key string) string {
	at, other := len(key)-10, "A"
	if key[at:at+1] == other {
		other = "B"
	}
	return key[:at] + other + key[at+1:]
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

func TestARevokedKeyIsShutOutOfEveryServerWithinTenSeconds(t *testing.T) { // P-18
	s := newSite(t)
	key := s.key("default", "events:read")
	servers := []*instance{s.serve(), s.serve()}
	for _, i := range servers {
		require.Empty(t, i.must(key, viewerQuery, "").Errors)
	}
	require.Contains(t, s.ok("keys", "revoke", keyID(t, key)), "is revoked")
	revoked := time.Now() // and not when the command was started
	for n, i := range servers {
		for i.must(key, viewerQuery, "").code() != "UNAUTHENTICATED" {
			require.Less(t, time.Since(revoked), 10*time.Second, "server %d", n)
			time.Sleep(often)
		}
		t.Logf("server %d refuses it after %s", n, time.Since(revoked).Round(time.Millisecond))
	}
	require.Contains(t, s.ok("keys", "list"), "revoked 20")
	require.Contains(t, s.ok("keys", "revoke", keyID(t, key)), "is revoked", "once more is no fault")
}

func TestARotationShutsNobodyOutBeforeItsOverlapEnds(t *testing.T) { // P-18
	s := newSite(t)
	old := s.key("default", "events:read")
	servers := []*instance{s.serve(), s.serve()}
	work := startTraffic(t, 4, func(n int, key string) error {
		r, err := servers[n%len(servers)].ask(t.Context(), key, viewerQuery, "")
		if err == nil && r.code() != "" {
			err = fmt.Errorf("%s: %s", r.code(), r.Errors[0].Message)
		}
		return err
	}, old)

	const overlap = 8 * time.Second
	asked := time.Now()
	fresh := s.ok("keys", "rotate", keyID(t, old), "--overlap", overlap.String())
	rotated := time.Now()
	require.NotEqual(t, keyID(t, old), keyID(t, fresh))
	time.Sleep(overlap / 8) // clients change over at some time during the overlap
	work.use(fresh)
	require.Empty(t, servers[0].must(old, viewerQuery, "").code(), "the old one is good as well")
	for servers[0].must(old, viewerQuery, "").code() != "UNAUTHENTICATED" {
		require.Less(t, time.Since(rotated), overlap+10*time.Second)
		time.Sleep(often)
	}
	require.GreaterOrEqual(t, time.Since(asked), overlap)
	requests := work.stop(t)
	require.Greater(t, requests, 20)
	require.Contains(t, s.refused("keys", "rotate", keyID(t, old)), keyID(t, fresh), "it says what has taken its place")
}

// inForce is when a change has to be in force: within a second is promised, and a
// machine that is busy with other tests gets some more.
const inForce = 10 * time.Second

func TestLimitsByCommandAreInForceSoon(t *testing.T) { // P-13, P-17
	s := newSite(t)
	s.ok("tenants", "create", "acme")
	s.orders("acme")
	s.orders("default")
	key, other := s.key("acme", "tenant:admin"), s.key("default", "tenant:admin")
	i := s.serve()
	require.Empty(t, i.sendOne(key, "invoice", "sent").Errors)

	for name, c := range map[string]struct {
		flags       []string
		query       string
		variables   string
		code, limit string
		value       float64
	}{
		"rate": {
			[]string{"--rate", "0.01", "--burst", "1"},
			sendQuery, `{"input":{"type":"invoice","operation":"sent","payload":{"id":"1"}}}`,
			"RATE_LIMITED", "rate", 0.01,
		},
		"payload": {
			[]string{"--max-payload-bytes", "20"},
			sendQuery, `{"input":{"type":"invoice","operation":"sent","payload":{"id":"1","data":{"text":"more than twenty bytes"}}}}`,
			"PAYLOAD_TOO_LARGE", "payloadBytes", 20,
		},
		"batch": {
			[]string{"--max-batch", "1"},
			`mutation { sendCustomEvents(inputs: [{type: "invoice", operation: "sent", payload: {id: "1"}}, {type: "invoice", operation: "sent", payload: {id: "2"}}]) { error { code } } }`, "",
			"INVALID_INPUT", "batch", 1,
		},
		"page": {
			[]string{"--max-page", "2"},
			`{ events(first: 3) { nodes { id } } }`, "",
			"INVALID_INPUT", "page", 2,
		},
		"keys": {
			[]string{"--max-keys", "1"},
			`mutation { createKey(input: {name: "", permissions: ["events:read"]}) { key { id } } }`, "",
			"INVALID_INPUT", "keys", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.ok(append([]string{"tenants", "set", "acme"}, c.flags...)...)
			set := time.Now()
			var r reply
			for {
				if r = i.must(key, c.query, c.variables); r.code() != "" {
					break
				}
				require.Less(t, time.Since(set), inForce)
				time.Sleep(often)
			}
			t.Logf("in force after %s", time.Since(set).Round(time.Millisecond))
			require.Equal(t, c.code, r.code(), r.Errors[0].Message)
			require.Equal(t, map[string]any{"name": c.limit, "value": c.value, "scope": "tenant"}, r.Errors[0].Extensions["limit"])
			if name == "rate" {
				require.NotZero(t, r.Errors[0].Extensions["retryAfterMs"])
				require.NotEmpty(t, r.header.Get("Retry-After"))
			}
			require.Empty(t, i.must(other, c.query, c.variables).Errors, "another tenant is not concerned")
			s.ok("tenants", "set", "acme", "--rate", "0", "--burst", "0", "--max-payload-bytes", "0", "--max-batch", "0", "--max-page", "0", "--max-keys", "0")
			require.Eventually(t, func() bool { return i.must(key, c.query, c.variables).code() == "" }, inForce, often)
		})
	}

	t.Run("of a key", func(t *testing.T) {
		slow := s.ok("keys", "create", "--tenant", "acme", "--can", "events:send", "--rate", "0.01")
		require.Empty(t, i.sendOne(slow, "invoice", "sent").Errors)
		r := i.sendOne(slow, "invoice", "sent")
		require.Equal(t, "RATE_LIMITED", r.code())
		require.Equal(t, "key", r.Errors[0].Extensions["limit"].(map[string]any)["scope"])
		require.Empty(t, i.sendOne(key, "invoice", "sent").Errors, "the tenant's other keys are not concerned")
	})
	require.Contains(t, s.refused("tenants", "set", "acme", "--rate=-1"), "--rate is negative")
}

func TestTheAuditLogSaysWhoDidWhat(t *testing.T) { // P-18
	s := newSite(t)
	s.ok("tenants", "create", "acme", "--rate", "5")
	s.ok("tenants", "set", "acme", "--rate", "7")
	s.orders("acme")
	admin := s.ok("keys", "create", "--tenant", "acme", "--name", "ops", "--can", "tenant:admin")
	i := s.serve()
	r := i.must(admin, `mutation { setRuleState(name: "handle", state: DISABLED) { rule { state } } createKey(input: {name: "made", permissions: ["events:read"]}) { key { id } secret } }`, "")
	require.Empty(t, r.Errors)

	log := s.ok("audit", "--tenant", "acme")
	require.Regexp(t, `cli \S+  created tenant acme\n`, log)
	require.Regexp(t, `cli \S+  changed tenant acme\n +limits: \{"rate":5\} → \{"rate":7\}\n`, log)
	require.Regexp(t, `cli \S+  created event_type order:placed\n`, log)
	require.Regexp(t, `key `+keyID(t, admin)+` \(ops\)  changed rule handle\n`, log)
	require.Regexp(t, `key `+keyID(t, admin)+` \(ops\)  created key [0-9a-f-]{36}\n`, log)
	for _, secret := range []string{secretOf(admin), s.secrets[3:]} {
		require.NotContains(t, s.ok("audit", "--tenant", "acme", "--json"), secret)
	}
	require.NotContains(t, s.ok("audit", "--tenant", "acme", "--kind", "key"), "tenant acme")
	require.Len(t, strings.Split(s.ok("audit", "--tenant", "acme", "--json", "--limit", "2"), "\n"), 2)
	require.NotContains(t, s.ok("audit"), "acme", "the default tenant's is another")
}

func TestATenantsBacklogIsItsOwn(t *testing.T) { // P-17
	s := newSite(t)
	s.ok("tenants", "create", "acme", "--max-backlog", "2")
	s.orders("acme")
	s.orders("default")
	key, other := s.key("acme", "events:send"), s.key("default", "events:send")
	i := s.serve("--temporal-address", "127.0.0.1:1") // where nothing listens
	order := func(key string) reply {
		return i.must(key, sendQuery, `{"input":{"type":"order","operation":"placed","waitFor":"ACCEPTED","payload":{"id":"o-1"}}}`)
	}
	var refused reply
	for range 4 {
		refused = order(key)
	}
	require.Equal(t, "OVERLOADED", refused.code())
	require.Equal(t, map[string]any{"name": "backlog", "value": 2.0, "scope": "tenant"}, refused.Errors[0].Extensions["limit"])
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	require.Equal(t, []string{"2"}, rows(t, s.dsn, `SELECT count(*)::text FROM events`), "what was refused has stored nothing")
	require.Empty(t, i.sendOne(key, "invoice", "sent").Errors, "what starts nothing needs no room")
	require.Empty(t, order(other).Errors)
}
