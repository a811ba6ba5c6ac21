package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

type tenantsCmd struct {
	Create tenantsCreateCmd `cmd:"" help:"Make a tenant."`
	List   tenantsListCmd   `cmd:"" help:"List the tenants."`
	Set    tenantsSetCmd    `cmd:"" help:"Change a tenant's settings: those that are given, and no other."`
}

// tenantFlags are a tenant's settings. What is not given stays as it is.
type tenantFlags struct {
	Name         *string `help:"What people call it."`
	Namespace    *string `help:"The Temporal namespace of the tenant's workflows, its own, for good once anything has been started there; the server's if not given."`
	Config       string  `help:"A file with a JSON object, which rules read as tenant.config; - is standard input." placeholder:"FILE"`
	UnknownNames *string `help:"What becomes of events whose type or operation is not registered: reject or accept." enum:"reject,accept" placeholder:"WHAT"`

	limitFlags
	MaxKeys *int `help:"Keys that still let somebody in; 0 is 1000."`
}

func (f tenantFlags) edit() (signalbox.TenantEdit, error) {
	change := signalbox.TenantEdit{Name: f.Name, Namespace: f.Namespace, Limits: f.limitFlags.edit()}
	change.Limits.Keys = f.MaxKeys
	if f.Config != "" {
		text, err := readFile(f.Config)
		if err != nil {
			return signalbox.TenantEdit{}, err
		}
		change.Config = json.RawMessage(text)
	}
	if f.UnknownNames != nil {
		names := signalbox.UnknownNames(strings.ToUpper(*f.UnknownNames))
		change.UnknownNames = &names
	}
	return change, nil
}

type tenantsCreateCmd struct {
	operatorFlags

	Slug string `arg:"" help:"Its name, also in what workflows get and before their ids: a to z, 0 to 9 and -. It stays."`
	tenantFlags
}

func (c *tenantsCreateCmd) Run(ctx context.Context, out output) error {
	change, err := c.edit()
	if err != nil {
		return err
	}
	t, err := c.operator().CreateTenant(ctx, c.Slug, change)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.stdout, "tenant %s created\n", t.Slug)
	return err
}

type tenantsSetCmd struct {
	operatorFlags

	Slug string `arg:"" help:"Which tenant."`
	tenantFlags
}

func (c *tenantsSetCmd) Run(ctx context.Context, out output) error {
	change, err := c.edit()
	if err != nil {
		return err
	}
	t, err := c.operator().ChangeTenant(ctx, c.Slug, change)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.stdout, "tenant %s: name %s, namespace %s, unknown names %s, limits %s\n", t.Slug, orDash(t.Name), orDash(t.Namespace), unknownNames(t), limitsText(t.Limits))
	return err
}

type tenantsListCmd struct {
	operatorFlags
	jsonFlag
}

func (c *tenantsListCmd) Run(ctx context.Context, out output) error {
	tenants, err := c.operator().Tenants(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(out.stdout, tenants, tenantJSON)
	}
	rows := make([][]string, len(tenants))
	for i, t := range tenants {
		rows[i] = []string{t.Slug, orDash(t.Name), orDash(t.Namespace), unknownNames(t), limitsText(t.Limits), moment(t.CreatedAt, "-")}
	}
	return table(out.stdout, []string{"SLUG", "NAME", "NAMESPACE", "UNKNOWN NAMES", "LIMITS", "CREATED"}, rows)
}

func unknownNames(t signalbox.Tenant) string {
	if t.UnknownNames == signalbox.UnknownAccept {
		return "accept"
	}
	return "reject"
}
