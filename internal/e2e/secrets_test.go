package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// The steps of docs/security.md, on two servers that are asked all the while.
func TestSecretsAreRotatedUnderTraffic(t *testing.T) { // P-18
	s := newSite(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "config.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"region": "canary-region"}`), 0o600))
	var keys []string
	for n := range 5 {
		slug := fmt.Sprintf("tenant-%d", n)
		s.ok("tenants", "create", slug, "--config", config)
		file := filepath.Join(dir, slug+".yaml")
		require.NoError(t, os.WriteFile(file, []byte(`
types: [{type: order, operations: [placed]}]
rules: [{name: local, on: {event: "order:placed"}, when: payload.data.region == tenant.config.region, start: {workflow: HandleOrderException, taskQueue: signalbox-demo}}]`), 0o600))
		s.ok("apply", "--tenant", slug, "-f", file)
		keys = append(keys, s.key(slug, "tenant:admin"))
	}
	const sealedWith = `SELECT DISTINCT config_key FROM tenants WHERE config_key IS NOT NULL`
	require.NotContains(t, fmt.Sprint(rows(t, s.dsn, `SELECT row_to_json(t)::text FROM tenants t`)), "canary-region", "it is sealed")
	old, fresh := s.secrets, s.ok("secrets", "keygen", "--id", "k2")

	servers := []*instance{s.serve(), s.serve()}
	urls := []string{servers[0].url, servers[1].url}
	work := startTraffic(t, 4, func(n int, _ string) error {
		var r reply
		var err error
		for _, url := range []string{urls[n%2], urls[(n+1)%2]} { // as a balancer does where a connection is refused
			r, err = ask(t.Context(), url, keys[n%len(keys)], `query($input: SendCustomEventInput!) { testCustomEvent(input: $input) { outcome } tenant { config } }`,
				`{"input":{"type":"order","operation":"placed","payload":{"id":"1","data":{"region":"canary-region"}}}}`)
			if err == nil {
				break
			}
		}
		switch want := `{"testCustomEvent":{"outcome":"STARTED"},"tenant":{"config":{"region": "canary-region"}}}`; {
		case err != nil:
			return err
		case r.code() != "" || string(r.Data) != want:
			return fmt.Errorf("%s %v", r.Data, r.Errors)
		default:
			return nil
		}
	}, "")
	restart := func(secrets string) {
		s.secrets = secrets
		for n := range servers {
			servers[n] = s.restart(servers[n])
		}
	}
	restart(old + "," + fresh)
	restart(fresh + "," + old)
	require.Equal(t, []string{"k1"}, rows(t, s.dsn, sealedWith))
	require.Contains(t, s.ok("secrets", "rotate"), "sealed anew: 6;", "the default tenant's, too")
	require.Contains(t, s.ok("secrets", "rotate"), "sealed anew: 0;")
	require.Equal(t, []string{"k2"}, rows(t, s.dsn, sealedWith))
	restart(fresh)
	require.Eventually(t, func() bool { return work.count.Load() > 500 }, soon, often)
	t.Logf("%d requests during the rotation", work.stop(t))

	i := servers[0]
	var out struct {
		Tenant struct{ Config map[string]any }
	}
	i.must(keys[0], `{ tenant { config } }`, "").into(t, &out)
	require.Equal(t, map[string]any{"region": "canary-region"}, out.Tenant.Config)
	require.Contains(t, s.ok("audit", "--tenant", "tenant-0"), "rotated tenant tenant-0")

	s.secrets = old
	require.Contains(t, s.refused("serve", "--listen", "127.0.0.1:0"), `"k2"`)
	s.secrets = ""
	require.Contains(t, s.refused("serve", "--listen", "127.0.0.1:0"), "SIGNALBOX_SECRET_KEYS")
	require.Contains(t, s.refused("tenants", "set", "tenant-0", "--config", config), "SIGNALBOX_SECRET_KEYS")
}

func TestAServerWithoutAuthenticationStaysOnThisMachine(t *testing.T) {
	s := newSite(t)
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		require.Contains(t, s.refused("serve", "--no-auth", "--listen", address), "loopback only", address)
	}
	i := s.serve("--no-auth")
	require.Contains(t, i.log.String(), "there is no authentication")
	var seen struct{ Viewer struct{ Tenant string } }
	i.must("", viewerQuery, "").into(t, &seen)
	require.Equal(t, "default", seen.Viewer.Tenant)
	s.serve("--listen", "0.0.0.0:0") // with it, anywhere
}

// rows reads texts past the code under test.
func rows(t *testing.T, dsn, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(within(t), dsn)
	require.NoError(t, err)
	defer func() { _ = conn.Close(within(t)) }()
	found, err := conn.Query(within(t), sql)
	require.NoError(t, err)
	all, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(t, err)
	return all
}
