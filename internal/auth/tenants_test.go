package auth_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/signalbox"
)

type tenants struct {
	create func(string, signalbox.Tenant) (signalbox.Tenant, error)
	change func(string, signalbox.ID, func(*signalbox.Tenant) error) (signalbox.Tenant, error)
}

func (s *tenants) CreateTenant(_ context.Context, actor string, t signalbox.Tenant) (signalbox.Tenant, error) {
	return s.create(actor, t)
}

func (s *tenants) ChangeTenant(_ context.Context, actor string, id signalbox.ID, change func(*signalbox.Tenant) error) (signalbox.Tenant, error) {
	return s.change(actor, id, change)
}

func pointer[T any](v T) *T { return &v }

func TestTenants(t *testing.T) {
	var actors []string
	stored := acme
	stored.Limits.Page = 7
	service, err := auth.NewTenants(auth.TenantsConfig{Store: &tenants{
		create: func(actor string, made signalbox.Tenant) (signalbox.Tenant, error) {
			actors = append(actors, actor)
			made.ID = signalbox.ID{5}
			return made, nil
		},
		change: func(actor string, id signalbox.ID, change func(*signalbox.Tenant) error) (signalbox.Tenant, error) {
			actors = append(actors, actor)
			require.Equal(t, acme.ID, id)
			require.NoError(t, change(&stored))
			return stored, nil
		},
	}})
	require.NoError(t, err)

	made, err := service.Create(t.Context(), operator(), "new", signalbox.TenantEdit{})
	require.NoError(t, err)
	require.Equal(t, signalbox.Tenant{ID: signalbox.ID{5}, Slug: "new", Config: json.RawMessage(`{}`), UnknownNames: signalbox.UnknownReject}, made)
	whole := signalbox.TenantEdit{
		Namespace: pointer("acme-prod"), Config: json.RawMessage(`{"a":1}`),
		UnknownNames: pointer(signalbox.UnknownAccept), Limits: signalbox.LimitsEdit{Rate: pointer(9.0)},
	}
	made, err = service.Create(t.Context(), operator(), "new", whole)
	require.NoError(t, err)
	require.Equal(t, signalbox.Tenant{ID: signalbox.ID{5}, Slug: "new", Namespace: "acme-prod", Config: json.RawMessage(`{"a":1}`), UnknownNames: signalbox.UnknownAccept, Limits: signalbox.Limits{Rate: 9}}, made)

	changed, err := service.Change(t.Context(), admin(acme), acme.ID, signalbox.TenantEdit{Config: whole.Config})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(changed.Config))
	require.Equal(t, stored.Limits, changed.Limits)
	changed, err = service.Change(t.Context(), operator(), acme.ID, whole)
	require.NoError(t, err)
	require.Equal(t, signalbox.Limits{Rate: 9, Page: 7}, changed.Limits, "of the limits, too, what is left out stays")
	require.Equal(t, []string{"cli root", "cli root", "oidc admin", "cli root"}, actors)
}

func TestTenantsRefuse(t *testing.T) {
	service, err := auth.NewTenants(auth.TenantsConfig{Store: &tenants{ // which stores nothing
		change: func(_ string, _ signalbox.ID, change func(*signalbox.Tenant) error) (signalbox.Tenant, error) {
			stored := acme
			err := change(&stored)
			require.Error(t, err)
			return signalbox.Tenant{}, err
		},
	}})
	require.NoError(t, err)
	own := signalbox.TenantEdit{Config: json.RawMessage(`{}`)}
	for name, c := range map[string]struct {
		by     signalbox.Principal
		tenant signalbox.ID
		edit   signalbox.TenantEdit
		code   signalbox.Code
		says   string
	}{
		"another tenant's admin":  {admin(other), acme.ID, own, signalbox.CodeNotFound, "there is no such tenant"},
		"no admin":                {sender(acme), acme.ID, own, signalbox.CodeForbidden, "needs the permission tenant:admin"},
		"an admin's limits":       {admin(acme), acme.ID, signalbox.TenantEdit{Limits: signalbox.LimitsEdit{Page: pointer(0)}}, signalbox.CodeForbidden, "set by an operator"},
		"an admin's namespace":    {admin(acme), acme.ID, signalbox.TenantEdit{Namespace: pointer("")}, signalbox.CodeForbidden, "set by an operator"},
		"a config that is a list": {admin(acme), acme.ID, signalbox.TenantEdit{Config: json.RawMessage(`[]`)}, signalbox.CodeInvalidInput, "/config is not an object"},
		"a config that is null":   {admin(acme), acme.ID, signalbox.TenantEdit{Config: json.RawMessage(`null`)}, signalbox.CodeInvalidInput, "/config is not an object"},
		"a config of nothing":     {admin(acme), acme.ID, signalbox.TenantEdit{Config: json.RawMessage{}}, signalbox.CodeInvalidInput, "/config"},
		"a key twice":             {admin(acme), acme.ID, signalbox.TenantEdit{Config: json.RawMessage(`{"a":{"b":1,"b":2}}`)}, signalbox.CodeInvalidInput, "/config/a/b"},
		"a great config":          {admin(acme), acme.ID, signalbox.TenantEdit{Config: json.RawMessage(`{"a":"` + strings.Repeat("x", 64<<10) + `"}`)}, signalbox.CodeInvalidInput, "/config"},
		"a policy":                {admin(acme), acme.ID, signalbox.TenantEdit{UnknownNames: pointer(signalbox.UnknownNames("MAYBE"))}, signalbox.CodeInvalidInput, "/unknownNames is REJECT or ACCEPT"},
		"no policy":               {admin(acme), acme.ID, signalbox.TenantEdit{UnknownNames: pointer(signalbox.UnknownNames(""))}, signalbox.CodeInvalidInput, "/unknownNames is REJECT or ACCEPT"},
		"a namespace":             {operator(), acme.ID, signalbox.TenantEdit{Namespace: pointer("a\x00")}, signalbox.CodeInvalidInput, "/namespace has a control character"},
		"limits":                  {operator(), acme.ID, signalbox.TenantEdit{Limits: signalbox.LimitsEdit{Rate: pointer(0.0), Burst: pointer(1)}}, signalbox.CodeInvalidInput, "/limits/burst says nothing without a rate"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := service.Change(t.Context(), c.by, c.tenant, c.edit)
			refused(t, err, c.code, c.says)
		})
	}
	_, err = service.Create(t.Context(), admin(acme), "new", signalbox.TenantEdit{})
	refused(t, err, signalbox.CodeForbidden, "needs the permission operator")
	_, err = service.Create(t.Context(), operator(), "Not a slug", signalbox.TenantEdit{Namespace: pointer(" x"), Config: json.RawMessage(`1`)})
	e := refusal(t, err, signalbox.CodeInvalidInput, "/slug has 1 to 63")
	require.Len(t, e.Violations, 3)
}
