package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/graph"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestPagesAreBounded by the least of the server's, the tenant's and the key's limit,
// and the refusal says whose it was (P-17).
func TestPagesAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		tenant, key  int    // the server has 400 where the tenant has -1
		first        string // the argument; "" is left out
		variables    string
		want         int // elements asked of the database; 0 is refused
		limit, scope string
	}{
		"the schema's":             {0, 0, "", "", 50, "", ""},
		"as many as there can be":  {0, 0, "first: 500", "", 500, "", ""},
		"beyond the server's":      {0, 0, "first: 501", "", 0, "500", "server"},
		"a tenant's beyond it":     {1000, 0, "first: 501", "", 0, "500", "server"},
		"every tenant's":           {-1, 0, "first: 401", "", 0, "400", "server"},
		"within the tenant's":      {20, 0, "first: 20", "", 20, "", ""},
		"beyond the tenant's":      {20, 0, "first: 21", "", 0, "20", "tenant"},
		"the default is cut":       {20, 0, "", "", 20, "", ""},
		"the default said":         {20, 0, "first: 50", "", 0, "20", "tenant"},
		"beyond the key's":         {20, 10, "first: 11", "", 0, "10", "key"},
		"a key's beyond tenant's":  {20, 30, "first: 21", "", 0, "20", "tenant"},
		"a variable":               {20, 0, "first: $n", `{"n":21}`, 0, "20", "tenant"},
		"a variable without value": {20, 0, "first: $n", `{}`, 20, "", ""},
		"none":                     {20, 0, "first: 0", "", 0, "", ""},
		"less than none":           {20, 0, "first: -1", "", 0, "", ""},
	} {
		for _, field := range []string{"events", "dispatches", "auditLog", "keys", "tenants"} {
			t.Run(name+" of "+field, func(t *testing.T) {
				asked := 0
				f := &fakes{
					principal: func() (signalbox.Principal, error) {
						p := may("tenant:admin", "operator")
						p.Key = signalbox.ID{1}
						p.Tenant.Limits.Page, p.Limits.Page = max(c.tenant, 0), c.key
						return p, nil
					},
					events: func(_ signalbox.ID, _ signalbox.EventFilter, page signalbox.Page) ([]signalbox.StoredEvent, bool, error) {
						asked = page.First
						return nil, false, nil
					},
					dispatches: func(_ signalbox.ID, _ signalbox.DispatchFilter, page signalbox.Page) ([]signalbox.Dispatch, bool, error) {
						asked = page.First
						return nil, false, nil
					},
				}
				d := open(t, f, func(cfg *graph.Config) {
					if c.tenant < 0 {
						cfg.PerTenant.Page = 400
					}
				})
				variables, args := "", ""
				if strings.Contains(c.first, "$") {
					variables = "query($n: Int)"
				}
				if c.first != "" {
					args = "(" + c.first + ")"
				}
				a := d.run(t, fmt.Sprintf(`%s { %s%s { nodes { __typename } } }`, variables, field, args), c.variables)
				if len(d.asked) > 0 { // by the fakes that keep keys, tenants and the log
					arguments := d.asked[0].Args
					asked = arguments[len(arguments)-1].(signalbox.Page).First
				}
				require.Equal(t, c.want, asked, a.Text)
				if c.want != 0 {
					a.ok(t)
					return
				}
				require.Contains(t, a.failed(t, signalbox.CodeInvalidInput).Message, "first is from 1 to")
				if c.limit == "" {
					require.NotContains(t, a.Text, `"limit"`)
					return
				}
				require.Contains(t, a.Text, fmt.Sprintf(`"limit":{"name":"page","value":%s,"scope":%q}`, c.limit, c.scope))
			})
		}
	}
}

// TestBatchesAreBounded likewise.
func TestBatchesAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		tenant, key, n int
		limit, scope   string
	}{
		"the server's": {0, 0, 1001, "1000", "server"},
		"the tenant's": {3, 0, 4, "3", "tenant"},
		"the key's":    {3, 2, 3, "2", "key"},
		"within":       {3, 2, 2, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, &fakes{principal: func() (signalbox.Principal, error) {
				p := admin()
				p.Key = signalbox.ID{1}
				p.Tenant.Limits.Batch, p.Limits.Batch = c.tenant, c.key
				return p, nil
			}})
			one := `{"type":"t","operation":"o","payload":{"id":"1"}}`
			a := d.run(t, `mutation($i: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $i) { response { success } } }`,
				`{"i":[`+strings.TrimSuffix(strings.Repeat(one+",", c.n), ",")+`]}`)
			if c.limit == "" {
				a.ok(t)
				return
			}
			require.Contains(t, a.failed(t, signalbox.CodeInvalidInput).Message, "the limit is "+c.limit)
			require.Contains(t, a.Text, fmt.Sprintf(`"limit":{"name":"batch","value":%s,"scope":%q}`, c.limit, c.scope))
			require.Empty(t, d.all())
		})
	}
}
