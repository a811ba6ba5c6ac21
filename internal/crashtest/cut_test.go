package crashtest

import (
	"net/url"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
)

// TestConnectionCut breaks the connections between the server and Postgres in mid
// statement. Of the statements that return an error then, many have committed.
func TestConnectionCut(t *testing.T) {
	r := newRig(t, pgtest.DSN(t), sharedTemporal(t))
	proxy, dsn := proxyTo(t, r.dsn)
	s := startServer(t, serverOptions{dsn: dsn, temporal: r.temporal, listen: freeAddress(t)}).ready(t)
	l := &load{name: "cut", key: r.key, urls: []string{s.url}, clients: 8, pause: 40 * time.Millisecond, seed: 3}
	l.start(t.Context())
	defer l.stop()

	// A toxic falls on connections that are open and on those that are made while
	// it lasts; how long that is, and how often, is what the cases differ in.
	for _, c := range []struct {
		name, toxic string
		times       int
		lasts       time.Duration
	}{
		{"answers are cut off", `{"name":"t","type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`, 4, 100 * time.Millisecond},
		{"statements are cut off", `{"name":"t","type":"reset_peer","stream":"upstream","attributes":{"timeout":0}}`, 4, 100 * time.Millisecond},
		{"answers end in the middle", `{"name":"t","type":"limit_data","stream":"downstream","attributes":{"bytes":60}}`, 4, 200 * time.Millisecond},
		{"nothing answers, nothing closes", `{"name":"t","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`, 1, 3 * time.Second},
		{"nothing arrives", `{"name":"t","type":"timeout","stream":"upstream","attributes":{"timeout":1000}}`, 1, 3 * time.Second},
		{"half a second each way", `{"name":"t","type":"latency","stream":"downstream","attributes":{"latency":500}}`, 1, 3 * time.Second},
	} {
		from := time.Since(l.began)
		for range c.times {
			l.await(t, 20)
			_, err := proxy.Toxics.AddToxicJson(strings.NewReader(c.toxic))
			require.NoError(t, err)
			select {
			case <-time.After(c.lasts):
			case <-s.exited:
				t.Fatal("the server has ended")
			}
			require.NoError(t, proxy.Toxics.RemoveToxic(t.Context(), "t"))
		}
		l.await(t, 20)
		t.Logf("%s: %s", c.name, l.summary(from))
	}
	l.stop()
	l.requireNoTransportErrors(t)
	// A duplicate writes and then reads, each within the query timeout.
	l.requireWithin(t, codeUnavailable, 2*queryTimeout+slack)
	l.requireWithin(t, "", queryTimeout+startTimeout+slack)
	r.check(t, l, soon)
}

// proxyTo puts a proxy before the database of a DSN and answers the DSN through it.
func proxyTo(t *testing.T, dsn string) (*toxiproxy.Proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(api, "postgres", "127.0.0.1:0", u.Host)
	require.NoError(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	u.Host = proxy.Listen
	return proxy, u.String()
}
