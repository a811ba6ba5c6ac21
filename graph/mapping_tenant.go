package graph

import (
	"context"
	"encoding/json"

	"github.com/signalbox/signalbox/graph/model"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// callerFor is who is calling, and the tenant that a field is about: the caller's own,
// or the one that an operator names. For anybody else a tenant that there is answers
// as one that there is not.
func (c *Config) callerFor(ctx context.Context, slug *string) (signalbox.Principal, signalbox.ID, error) {
	p, err := c.Principal(ctx)
	if err != nil || slug == nil || *slug == p.Tenant.Slug {
		return p, p.Tenant.ID, err
	}
	if !p.Permissions.Allow(signalbox.ActionOperator) || signalbox.CheckSlug(*slug) != nil {
		return p, signalbox.ID{}, signalbox.Errorf(signalbox.CodeNotFound, "there is no such tenant")
	}
	t, err := c.Directory.TenantBySlug(ctx, *slug)
	return p, t.ID, err
}

// tenantOf shows a tenant as p may see it.
func tenantOf(t *signalbox.Tenant, p *signalbox.Principal) *model.Tenant {
	out := &model.Tenant{
		Slug: t.Slug, Name: nonEmpty(t.Name), Namespace: nonEmpty(t.Namespace), UnknownNames: t.UnknownNames, Limits: limitsOf(&t.Limits), CreatedAt: t.CreatedAt,
	}
	if out.UnknownNames == "" {
		out.UnknownNames = signalbox.UnknownReject
	}
	if t.ID == p.Tenant.ID && p.Permissions.Allow(signalbox.ActionWriteRules) {
		out.Config = t.Config
		if out.Config == nil {
			out.Config = json.RawMessage("{}")
		}
	}
	return out
}

func limitsOf(l *signalbox.Limits) *model.Limits {
	return &model.Limits{
		Rate: nonEmpty(l.Rate), Burst: nonEmpty(l.Burst), Backlog: nonEmpty(l.Backlog),
		PayloadBytes: nonEmpty(l.PayloadBytes), Batch: nonEmpty(l.Batch), Page: nonEmpty(l.Page), Keys: nonEmpty(l.Keys),
	}
}

func limitsIn(l *model.LimitsInput) signalbox.LimitsEdit {
	if l == nil {
		return signalbox.LimitsEdit{}
	}
	return signalbox.LimitsEdit{
		Rate: l.Rate, Burst: l.Burst, Backlog: l.Backlog, PayloadBytes: l.PayloadBytes, Batch: l.Batch, Page: l.Page, Keys: l.Keys,
	}
}

func reachedOf(l *signalbox.LimitReached) *model.LimitReached {
	if l == nil {
		return nil
	}
	return &model.LimitReached{Name: l.Name, Value: l.Value, Scope: string(l.Scope)}
}

func auditFilterOf(f *model.AuditFilter) signalbox.AuditFilter {
	if f == nil {
		return signalbox.AuditFilter{}
	}
	return signalbox.AuditFilter{
		Kind: orZero(f.Kind), Name: orZero(f.Name), Actor: orZero(f.Actor), From: orZero(f.From), Before: orZero(f.Before),
	}
}

func auditEntryOf(e *signalbox.AuditEntry) model.AuditEntry {
	return model.AuditEntry{
		ID: e.ID.String(), At: e.At, Actor: e.Actor, Action: e.Action, Kind: e.Kind, Name: e.Name, Before: e.Before, After: e.After,
	}
}

func auditConnectionOf(entries []signalbox.AuditEntry, more bool) *model.AuditConnection {
	return &model.AuditConnection{
		Nodes: mapped(entries, auditEntryOf), PageInfo: pageEnd(entries, more, func(e *signalbox.AuditEntry) *signalbox.ID { return &e.ID }),
	}
}

func tenantConnectionOf(tenants []signalbox.Tenant, more bool, p *signalbox.Principal) *model.TenantConnection {
	return &model.TenantConnection{
		Nodes:    mapped(tenants, func(t *signalbox.Tenant) model.Tenant { return *tenantOf(t, p) }),
		PageInfo: pageEnd(tenants, more, func(t *signalbox.Tenant) *signalbox.ID { return &t.ID }),
	}
}
