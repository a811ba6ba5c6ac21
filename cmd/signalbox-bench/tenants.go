package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// tenantKey is a tenant of its own with a key that may send the benchmark's events.
type tenantKey struct {
	id   [16]byte
	slug string
	key  string
}

// propagation is how long a server may take to know of a tenant's change: its
// catalogue is polled twice a second.
const propagation = 1500 * time.Millisecond

// newTenant makes a tenant, registers the events for it, and makes a key.
func (b *bench) newTenant(ctx context.Context, slug string) (*tenantKey, error) {
	if _, err := b.command(ctx, "", "tenants", "create", slug); err != nil {
		return nil, err
	}
	if _, err := b.command(ctx, catalogue, "apply", "-f", "-", "--tenant", slug); err != nil {
		return nil, err
	}
	t := &tenantKey{slug: slug}
	var err error
	if t.key, err = b.newKey(ctx, slug, "events:send:"+eventType+"/*"); err != nil {
		return nil, err
	}
	return t, b.db.QueryRow(ctx, `SELECT id FROM tenants WHERE slug = $1`, slug).Scan(&t.id)
}

func (b *bench) newKey(ctx context.Context, slug, permission string) (string, error) {
	key, err := b.command(ctx, "", "keys", "create", "--tenant", slug, "--name", "benchmark", "--can", permission)
	return strings.TrimSpace(key), err
}

func (b *bench) limitRate(ctx context.Context, slug string, perSecond float64) error {
	_, err := b.command(ctx, "", "tenants", "set", slug, "--rate", strconv.FormatFloat(perSecond, 'f', 0, 64))
	return err
}

// guarded runs a measurement on a server that asks for keys, beside the one that
// does not, which is idle meanwhile.
func (b *bench) guarded(ctx context.Context, run func() error) error {
	open := b.server
	defer func() { b.server = open }()
	if err := b.startServer(ctx, b.stack.Temporal, true); err != nil {
		return err
	}
	time.Sleep(propagation)
	if err := run(); err != nil {
		return err
	}
	return b.end(b.server.process)
}

// capacity is what one tenant can send in a closed loop.
func (b *bench) capacity(ctx context.Context, t *tenantKey) (float64, error) {
	var most float64
	for _, long := range []float64{1, b.flags.Seconds} {
		s, err := b.round(job{Do: "send", Connections: capacityConnections, Key: t.key})(ctx, long)
		if err != nil {
			return 0, err
		}
		most = s.rate()
	}
	if most < 1 {
		return 0, fmt.Errorf("the capacity is %.1f events a second, which is nothing to measure at", most)
	}
	return most, nil
}

const capacityConnections = 64
