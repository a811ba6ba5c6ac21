package catalogue

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Tenants that share a Temporal namespace would meet in it, were one's workflow ids
// not its own: the second to use an id is answered with the first one's run, or ends it.
func TestTenantsNeverShareAWorkflowID(t *testing.T) { // I3, I7
	event := signalbox.FirstID(time.Now())
	for name, c := range map[string]struct {
		tenant        signalbox.Tenant
		id, namespace string // of the rule
		want, in      string
		fault         bool
	}{
		"the operator's own":                        {signalbox.Tenant{Slug: "default"}, "", "", "r/" + event.String(), "shared", false},
		"the operator's own, with an id":            {signalbox.Tenant{Slug: "default"}, `"x"`, "", "x", "shared", false},
		"the operator's own, elsewhere":             {signalbox.Tenant{Slug: "default"}, `"x"`, "other", "x", "other", false},
		"a tenant in the shared namespace":          {signalbox.Tenant{Slug: "acme"}, "", "", "acme/r/" + event.String(), "shared", false},
		"one with an id":                            {signalbox.Tenant{Slug: "acme"}, `"x"`, "", "acme/x", "shared", false},
		"one that names the shared namespace":       {signalbox.Tenant{Slug: "acme"}, `"x"`, "shared", "", "", true},
		"one that names another's":                  {signalbox.Tenant{Slug: "acme"}, `"x"`, "bolts", "", "", true},
		"a tenant with a namespace of its own":      {signalbox.Tenant{Slug: "acme", Namespace: "ns-acme"}, `"x"`, "", "x", "ns-acme", false},
		"one that names it":                         {signalbox.Tenant{Slug: "acme", Namespace: "ns-acme"}, `"x"`, "ns-acme", "x", "ns-acme", false},
		"one that names the server's":               {signalbox.Tenant{Slug: "acme", Namespace: "ns-acme"}, `"x"`, "shared", "", "", true},
		"a namespace of its own that is no own one": {signalbox.Tenant{Slug: "acme", Namespace: "shared"}, `"x"`, "", "acme/x", "shared", false},
	} {
		t.Run(name, func(t *testing.T) {
			c.tenant.ID = signalbox.ID{1}
			r := ruleOf("r", 1, "")
			r.Start.ID, r.Start.Namespace = c.id, c.namespace
			store := &fakeStore{tenant: c.tenant}
			store.put(signalbox.Catalogue{Types: []signalbox.EventType{{Type: "order", Operation: "placed"}}, Rules: []signalbox.Rule{r}})
			l, err := NewLive(t.Context(), store, "shared", slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			e := signalbox.Event{ID: event, Tenant: c.tenant.ID, Type: "order", Operation: "placed", EntityID: "e"}
			plan, err := l.Plan(&e, nil)
			require.NoError(t, err)
			if c.fault {
				require.Empty(t, plan.Dispatches, "not in force, however it came to be stored")
				require.Contains(t, l.Faults(c.tenant.ID)[0].Reason, "start.namespace is not the tenant's own")
				return
			}
			require.Len(t, plan.Dispatches, 1)
			require.Equal(t, c.want, plan.Dispatches[0].WorkflowID)
			require.Equal(t, c.in, plan.Dispatches[0].Namespace)
		})
	}
}

// A slug has no slash in it, so that one tenant's prefix is never the beginning of
// another's ids.
func TestPrefixesAreApart(t *testing.T) { // I7
	require.Error(t, signalbox.CheckSlug("a/b"))
	a, b := homeOf(&signalbox.Tenant{Slug: "a"}, "shared"), homeOf(&signalbox.Tenant{Slug: "a-b"}, "shared")
	require.False(t, strings.HasPrefix(a.IDPrefix, b.IDPrefix) || strings.HasPrefix(b.IDPrefix, a.IDPrefix))
}

func TestANamespaceOfAnotherIsRefusedWhenSaved(t *testing.T) { // I7
	r := newRig(t, "acme")
	tenant, err := r.live.Tenant("acme")
	require.NoError(t, err)
	d := definition("")
	d.On, d.Start.Namespace = signalbox.Pattern{Type: "*", Operation: "*"}, "other"
	_, err = r.editor.SaveRule(t.Context(), signalbox.Principal{Tenant: tenant, Actor: "test"}, signalbox.RuleEdit{Name: "r", Definition: d, Create: true, Publish: true})
	require.Equal(t, "/start/namespace", signalbox.AsError(err).Path)
	_, err = r.editor.SaveRule(t.Context(), as(r.tenant()), signalbox.RuleEdit{Name: "r", Definition: d, Create: true, Publish: true})
	require.NoError(t, err, "the operator's own tenant")
	// What a rule's own tests say of ids holds with every tenant.
	d.Start.Namespace, d.Start.ID = "", `"x"`
	d.Tests = []signalbox.RuleTest{{Name: "id", Event: signalbox.TestEvent{Type: "a", Operation: "b"}, Expect: signalbox.VerdictMatched, WorkflowID: "x"}}
	_, err = r.editor.SaveRule(t.Context(), signalbox.Principal{Tenant: tenant, Actor: "test"}, signalbox.RuleEdit{Name: "r", Definition: d, Create: true, Publish: true})
	require.NoError(t, err)
}
