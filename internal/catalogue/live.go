package catalogue

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
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
	// Revisions is every tenant with a number that grows with every change to it or to
	// what it has registered.
	Revisions(ctx context.Context) (map[signalbox.ID]int64, error)
	// Snapshot is a tenant and what it has registered, of one moment.
	Snapshot(ctx context.Context, tenant signalbox.ID) (signalbox.Tenant, signalbox.Catalogue, error)
}

// Live is the catalogue of every tenant, as it is now. It is safe for concurrent
// use; reading takes no lock.
type Live struct {
	store      Store
	namespace  string
	log        *slog.Logger
	refreshing sync.Mutex
	failing    map[signalbox.ID]bool                      // tenants that could not be loaded, of which the log has been told
	snapshots  atomic.Pointer[map[signalbox.ID]*snapshot] // nil: it has not been loaded yet, for a reason in the log
}

// NewLive loads every tenant once. namespace is the Temporal namespace of tenants
// that have none of their own.
func NewLive(ctx context.Context, store Store, namespace string, log *slog.Logger) (*Live, error) {
	l := &Live{store: store, namespace: namespace, log: log, failing: make(map[signalbox.ID]bool)}
	l.snapshots.Store(&map[signalbox.ID]*snapshot{})
	if err := l.Refresh(ctx); err != nil {
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
		err := l.Refresh(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			l.log.Warn("event types and rules cannot be refreshed; the newest known stay in force", "error", err)
		}
		failing = err != nil
	}
}

// Refresh takes in what has changed in the database up to now. An editor calls it
// after its commit, so that its caller's next event meets what has been saved.
func (l *Live) Refresh(ctx context.Context) error {
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	revisions, err := l.store.Revisions(ctx)
	if err != nil {
		return err
	}
	old := *l.snapshots.Load()
	next := make(map[signalbox.ID]*snapshot, len(revisions))
	changed := len(revisions) != len(old)
	for id, revision := range revisions {
		before := old[id]
		if before != nil && before.tenant.Revision == revision {
			next[id] = before
			continue
		}
		tenant, registered, err := l.store.Snapshot(ctx, id)
		if err != nil {
			// This tenant stays as it was; the others move on.
			if !l.failing[id] {
				l.log.Error("a tenant's event types and rules cannot be loaded; it is tried twice a second, and this said once", "tenant", id, "error", err)
			}
			l.failing[id] = true
			next[id] = before
			continue
		}
		if l.failing[id] {
			delete(l.failing, id)
			l.log.Info("a tenant's event types and rules have been loaded again", "tenant", tenant.Slug)
		}
		s := newSnapshot(tenant, registered, homeOf(&tenant, l.namespace), before)
		for _, f := range s.faults {
			l.log.Error("a part of a tenant's catalogue is not in force here", "tenant", tenant.Slug, "part", f.Rule, "reason", f.Reason)
		}
		next[id], changed = s, true
	}
	if changed {
		l.snapshots.Store(&next)
	}
	return nil
}

// homeOf is where a tenant's workflows live. The default tenant is the operator's: it
// may use any namespace, under any id. Every other has one namespace, its own, or
// shares the server's; there the tenant's slug stands before its workflows' ids.
func homeOf(t *signalbox.Tenant, shared string) routing.Home {
	home := routing.Home{Namespace: cmp.Or(t.Namespace, shared)}
	if t.Slug != signalbox.DefaultTenantSlug {
		home.Fenced, home.Own = true, t.Namespace
		if home.Namespace == shared {
			home.IDPrefix = t.Slug + "/"
		}
	}
	return home
}

func (l *Live) of(tenant signalbox.ID) (*snapshot, error) {
	s, known := (*l.snapshots.Load())[tenant]
	switch {
	case !known:
		return nil, signalbox.Errorf(signalbox.CodeNotFound, "the tenant is not known here")
	case s == nil:
		return nil, signalbox.Errorf(signalbox.CodeUnavailable, "this server could not load the tenant's event types and rules, and tries again; its log says why")
	}
	return s, nil
}

// Tenant finds a tenant by its slug.
func (l *Live) Tenant(slug string) (signalbox.Tenant, error) {
	for s := range maps.Values(*l.snapshots.Load()) {
		if s != nil && s.tenant.Slug == slug {
			return s.tenant, nil
		}
	}
	return signalbox.Tenant{}, signalbox.Errorf(signalbox.CodeNotFound, "there is no tenant %q", slug)
}

// TenantByID is a tenant as it is now; NOT_FOUND where there is none, and UNAVAILABLE
// where it could not be loaded.
func (l *Live) TenantByID(tenant signalbox.ID) (signalbox.Tenant, error) {
	s, err := l.of(tenant)
	if err != nil {
		return signalbox.Tenant{}, err
	}
	return s.tenant, nil
}

// Alone tells that there is one tenant and no other.
func (l *Live) Alone() bool { return len(*l.snapshots.Load()) == 1 }

// TenantSlug is the slug of a tenant, which workflows get to see; errors as TenantByID's.
func (l *Live) TenantSlug(tenant signalbox.ID) (string, error) {
	s, err := l.of(tenant)
	if err != nil {
		return "", err
	}
	return s.tenant.Slug, nil
}

// Resolve gives the registered names that an event's names stand for, where its type
// is a display name; else the names as they are.
func (l *Live) Resolve(tenant signalbox.ID, typ, operation string) (string, string) {
	s, err := l.of(tenant)
	if err != nil {
		return typ, operation
	}
	return s.types.Names(typ, operation)
}

// Known is nil where a name is registered; else UNKNOWN_EVENT_TYPE or
// UNKNOWN_OPERATION, which suggest names.
func (l *Live) Known(tenant signalbox.ID, typ, operation string) error {
	s, err := l.of(tenant)
	if err != nil {
		return err
	}
	return s.types.Known(typ, operation)
}

// Plan holds the event to what its tenant has registered and asks the tenant's
// rules about it, all of one snapshot. may tells which names are no secret to the
// sender; nil: all of them.
func (l *Live) Plan(e *signalbox.Event, may func(typ, operation string) bool) (signalbox.Plan, error) {
	s, err := l.of(e.Tenant)
	if err != nil {
		return signalbox.Plan{}, err
	}
	return s.plan(e, may)
}

// Count takes note of the decisions on an event that is stored (P-19).
func (l *Live) Count(e *signalbox.Event) {
	if s, err := l.of(e.Tenant); err == nil {
		s.count(e.Decisions)
	}
}

// EventTypes lists the tenant's registered pairs, by name.
func (l *Live) EventTypes(tenant signalbox.ID) []signalbox.EventType {
	s, err := l.of(tenant)
	if err != nil {
		return nil
	}
	return s.types.All()
}

// EventType finds a registered pair.
func (l *Live) EventType(tenant signalbox.ID, typ, operation string) (signalbox.EventType, bool) {
	all := l.EventTypes(tenant)
	i := slices.IndexFunc(all, func(t signalbox.EventType) bool { return t.Type == typ && t.Operation == operation })
	if i < 0 {
		return signalbox.EventType{}, false
	}
	return all[i], true
}

// Rules lists the tenant's rules by name, whatever their state, namespaces filled
// in. It also has those that are not in force here, see Faults.
func (l *Live) Rules(tenant signalbox.ID) []signalbox.Rule {
	s, err := l.of(tenant)
	if err != nil {
		return nil
	}
	rules := make([]signalbox.Rule, 0, len(s.rules))
	for _, r := range s.rules {
		rules = append(rules, s.named(r))
	}
	return rules
}

// Rule finds a rule by its name, its namespace filled in.
func (l *Live) Rule(tenant signalbox.ID, name string) (signalbox.Rule, bool) {
	s, err := l.of(tenant)
	if err != nil {
		return signalbox.Rule{}, false
	}
	i, found := s.index(name)
	if !found {
		return signalbox.Rule{}, false
	}
	return s.named(s.rules[i]), true
}

// Faults lists what is registered and yet not in force in this process, or in force
// as it was before, and why: a binary older than the one that saved it may not know
// what it says.
func (l *Live) Faults(tenant signalbox.ID) []signalbox.BrokenRule {
	s, err := l.of(tenant)
	if err != nil {
		return nil
	}
	return s.faults
}

// Registry is the tenant's event types, compiled; nil for an unknown tenant.
func (l *Live) registry(tenant signalbox.ID) *eventtype.Registry {
	if s, err := l.of(tenant); err == nil {
		return s.types
	}
	return nil
}

// table is the tenant's rules in force, compiled; nil for an unknown tenant.
func (l *Live) table(tenant signalbox.ID) *routing.Table {
	if s, err := l.of(tenant); err == nil {
		return s.table
	}
	return nil
}
