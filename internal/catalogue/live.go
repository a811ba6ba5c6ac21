package catalogue

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// pollEvery bounds how long a saved change takes to reach a replica. One small
// query at this pace costs less than keeping LISTEN alive through poolers and
// fail-overs, and needs no second mechanism for when that is lost.
const pollEvery = 500 * time.Millisecond

// Store is where tenants and their catalogues are kept.
type Store interface {
	Tenants(ctx context.Context) ([]signalbox.Tenant, error)
	Catalogue(ctx context.Context, tenant signalbox.ID) (signalbox.Catalogue, error)
}

// Live is the catalogue of every tenant, as it is now. It is safe for concurrent
// use; reading takes no lock.
type Live struct {
	store     Store
	namespace string
	log       *slog.Logger
	snapshots atomic.Pointer[map[signalbox.ID]*snapshot]
}

type snapshot struct {
	tenant signalbox.Tenant
	types  *eventtype.Registry
	rules  *routing.Table
}

// NewLive loads every tenant once. namespace is the Temporal namespace of tenants
// that have none of their own.
func NewLive(ctx context.Context, store Store, namespace string, log *slog.Logger) (*Live, error) {
	l := &Live{store: store, namespace: namespace, log: log}
	l.snapshots.Store(&map[signalbox.ID]*snapshot{})
	if err := l.refresh(ctx); err != nil {
		return nil, fmt.Errorf("load event types and rules: %w", err)
	}
	return l, nil
}

// Run keeps the snapshots fresh until ctx ends. While the database is away the
// newest snapshots stay in force.
func (l *Live) Run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := l.refresh(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			l.log.Warn("event types and rules cannot be refreshed; the newest known stay in force", "error", err)
		}
		failing = err != nil
	}
}

func (l *Live) refresh(ctx context.Context) error {
	tenants, err := l.store.Tenants(ctx)
	if err != nil {
		return err
	}
	old := *l.snapshots.Load()
	next := make(map[signalbox.ID]*snapshot, len(tenants))
	changed := len(tenants) != len(old)
	for _, tenant := range tenants {
		id := tenant.ID
		if s := old[id]; s != nil && s.tenant.Revision == tenant.Revision {
			next[id] = s
			continue
		}
		s, err := l.load(ctx, tenant)
		if err != nil {
			// This tenant stays as it was; the others move on.
			l.log.Error("a tenant's event types and rules cannot be loaded", "tenant", tenant.Slug, "error", err)
			if s := old[id]; s != nil {
				next[id] = s
			}
			continue
		}
		next[id], changed = s, true
	}
	if changed {
		l.snapshots.Store(&next)
	}
	return nil
}

func (l *Live) load(ctx context.Context, tenant signalbox.Tenant) (*snapshot, error) {
	registered, err := l.store.Catalogue(ctx, tenant.ID)
	if err != nil {
		return nil, err
	}
	namespace := tenant.Namespace
	if namespace == "" {
		namespace = l.namespace
	}
	types, err := eventtype.NewRegistry(registered.Types, nil)
	if err != nil {
		return nil, err
	}
	rules, err := routing.Compile(registered.Rules, routing.Options{Namespace: namespace})
	if err != nil {
		return nil, err
	}
	return &snapshot{tenant: tenant, types: types, rules: rules}, nil
}

func (l *Live) of(tenant signalbox.ID) (*snapshot, error) {
	s := (*l.snapshots.Load())[tenant]
	if s == nil {
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "the tenant is not known here")
	}
	return s, nil
}

// Tenant finds a tenant by its slug.
func (l *Live) Tenant(slug string) (signalbox.Tenant, error) {
	for s := range maps.Values(*l.snapshots.Load()) {
		if s.tenant.Slug == slug {
			return s.tenant, nil
		}
	}
	return signalbox.Tenant{}, signalbox.Errorf(signalbox.CodeNotFound, "there is no tenant %q", slug)
}

// TenantSlug is the slug of a tenant, which workflows get to see.
func (l *Live) TenantSlug(tenant signalbox.ID) string {
	s, err := l.of(tenant)
	if err != nil {
		return tenant.String()
	}
	return s.tenant.Slug
}

// Plan holds the event to what its tenant has registered and asks the tenant's
// rules about it, all of one snapshot.
func (l *Live) Plan(e *signalbox.Event) (signalbox.Plan, error) {
	s, err := l.of(e.Tenant)
	if err != nil {
		return signalbox.Plan{}, err
	}
	checked, err := s.types.Check(e, s.tenant.UnknownNames)
	if err != nil {
		return signalbox.Plan{}, err
	}
	plan := s.rules.Match(&routing.Facts{Event: e, Data: checked.Data, Sensitive: checked.Sensitive})
	plan.Warnings = checked.Warnings
	return plan, nil
}

// EventTypes lists the tenant's registered pairs, by name.
func (l *Live) EventTypes(tenant signalbox.ID) []signalbox.EventType {
	s, err := l.of(tenant)
	if err != nil {
		return nil
	}
	return s.types.All()
}

// Rules lists the tenant's rules in force, by name, namespaces filled in.
func (l *Live) Rules(tenant signalbox.ID) []signalbox.Rule {
	s, err := l.of(tenant)
	if err != nil {
		return nil
	}
	rules := make([]signalbox.Rule, 0, len(s.rules.Rules()))
	for _, r := range s.rules.Rules() {
		rules = append(rules, r.Rule)
	}
	return rules
}
