package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/signalbox/signalbox/internal/faultpoint"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Catalogue knows what a tenant has registered.
type Catalogue interface {
	// Resolve gives the registered names that display names stand for, or the names as
	// they are.
	Resolve(tenant signalbox.ID, typ, operation string) (string, string)
	// Known is nil where the names are registered, or stand for some that are; else
	// UNKNOWN_EVENT_TYPE or UNKNOWN_OPERATION, which suggest some.
	Known(tenant signalbox.ID, typ, operation string) error
	// Plan holds an event that has its id and tenant to what the tenant has
	// registered, and asks the tenant's rules about it. It may set the event's names to
	// what a display name stands for, and sets its schema version. may tells which
	// registered names the sender may know of; nil is all of them.
	Plan(e *signalbox.Event, may func(typ, operation string) bool) (signalbox.Plan, error)
	// Count takes note of the decisions on an event that is committed.
	Count(e *signalbox.Event)
}

// Store keeps events.
type Store interface {
	// Append commits each record whole or not at all, and sets its Owner or Err.
	Append(records []*signalbox.Record)
	// EventsByID is those of the events that are there, in no order.
	EventsByID(ctx context.Context, tenant signalbox.ID, ids []signalbox.ID) ([]signalbox.StoredEvent, error)
	// Keyed finds the event that an idempotency key belongs to, and what was sent with
	// it; a zero id where the key has not been used.
	Keyed(ctx context.Context, tenant signalbox.ID, key string) (event signalbox.ID, fingerprint [32]byte, err error)
}

// Starter speaks to Temporal.
type Starter interface {
	// Start makes one attempt at each dispatch and updates it in place. It returns
	// when all are settled or ctx ends.
	Start(ctx context.Context, e *signalbox.Event, dispatches []signalbox.Dispatch)
	// Requests are the very start requests that Start would make, as JSON objects, one
	// for each dispatch in their order. Nothing is started.
	Requests(e *signalbox.Event, dispatches []signalbox.Dispatch) ([]json.RawMessage, error)
}

// Relay is told of work that nobody waits for.
type Relay interface {
	Wake(lane signalbox.Lane)
}

// Backlog says whether there is room for more of a tenant's starts.
type Backlog interface {
	// Admit is nil, or the OVERLOADED error that the sender gets.
	Admit(p *signalbox.Principal, starts int) error
	// Release takes back what was admitted and then not stored.
	Release(p *signalbox.Principal, starts int)
}

// Limiter keeps senders within their limits. Its errors are what they get.
type Limiter interface {
	// Enter is nil where one more request, with so many events in it, may be under way;
	// Leave ends it.
	Enter(p *signalbox.Principal, events int) error
	Leave(p *signalbox.Principal)
	// Take is nil where one more event may be sent now.
	Take(p *signalbox.Principal) error
	// PayloadBytes is the principal's own limit on payload.data; a Value of 0 is none.
	PayloadBytes(p *signalbox.Principal) signalbox.LimitReached
}

// Limits bound what a send may cost. Zero values mean the defaults.
type Limits struct {
	Payload payload.Limits
	// StartTimeout is how long an answer waits for Temporal.
	StartTimeout time.Duration
	// Lease is for how long the relay leaves a fresh event's starts alone.
	Lease time.Duration
}

// DefaultStartTimeout is that of Limits.
const DefaultStartTimeout = 2 * time.Second

// Config is what the road is made of. All of it is needed.
type Config struct {
	Catalogue Catalogue
	Store     Store
	Starter   Starter
	Relay     Relay
	Backlog   Backlog
	Limiter   Limiter
	Limits    Limits
	Logger    *slog.Logger
}

// Service is the road.
type Service struct {
	cfg   Config
	newID func() signalbox.ID
}

// New refuses a config with a part missing.
func New(cfg Config) (*Service, error) {
	if cfg.Catalogue == nil || cfg.Store == nil || cfg.Starter == nil || cfg.Relay == nil || cfg.Backlog == nil || cfg.Limiter == nil || cfg.Logger == nil {
		return nil, errors.New("ingest.New: a part of the config is missing")
	}
	if cfg.Limits.Payload == (payload.Limits{}) {
		cfg.Limits.Payload = payload.DefaultLimits()
	}
	if cfg.Limits.StartTimeout == 0 {
		cfg.Limits.StartTimeout = DefaultStartTimeout
	}
	if cfg.Limits.Lease < cfg.Limits.StartTimeout+time.Second {
		cfg.Limits.Lease = cfg.Limits.StartTimeout + time.Second
	}
	return &Service{
		cfg:   cfg,
		newID: func() signalbox.ID { return signalbox.ID(uuid.Must(uuid.NewV7())) },
	}, nil
}

// Send takes one event down the road. Without an error, the event and every start
// that it implies are committed. UNAVAILABLE leaves open whether they are: send
// again with the same idempotency key.
func (s *Service) Send(ctx context.Context, p signalbox.Principal, in Input) (*Result, error) {
	results := s.SendBatch(ctx, p, []Input{in})
	return results[0].Result, results[0].Err
}

// SendBatch takes many. Each has a result of its own, in the order of the inputs;
// they share a transaction where possible, but none fails for another's fault.
func (s *Service) SendBatch(ctx context.Context, p signalbox.Principal, inputs []Input) []BatchResult {
	results := make([]BatchResult, len(inputs))
	if err := s.cfg.Limiter.Enter(&p, len(inputs)); err != nil {
		for i := range results {
			results[i].Err = err
		}
		return results
	}
	defer s.cfg.Limiter.Leave(&p)
	faultpoint.Hit(faultpoint.P0Parsed)

	sends := make([]send, 0, len(inputs))
	var again []send // refused now, and accepted before
	limited := 0
	for i := range inputs {
		if results[i].Err = s.allow(&p, &inputs[i]); results[i].Err != nil {
			if signalbox.ErrorCode(results[i].Err) == signalbox.CodeRateLimited {
				results[i].Err = behind(results[i].Err, limited)
				limited++
			}
			continue
		}
		one := send{in: &inputs[i], result: &results[i]}
		var err error
		if one.record, one.warnings, err = s.prepare(&p, one.in); err != nil {
			again = s.refused(ctx, &p, one, err, again)
			continue
		}
		s.claim(one.record, one.in.Wait)
		sends = append(sends, one)
	}
	sends, again = s.admit(ctx, &p, sends, again)
	if len(sends) > 0 {
		s.append(&p, sends)
		faultpoint.Hit(faultpoint.P3Committed)
	}
	if sends = append(sends, again...); len(sends) == 0 {
		return results
	}

	// From here on the work outlives a client that goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Limits.StartTimeout)
	defer cancel()
	var wg sync.WaitGroup
	var duplicates []*send
	for i := range sends {
		switch one := &sends[i]; {
		case one.isDuplicate():
			duplicates = append(duplicates, one)
		case len(sends) > 1 && len(one.record.Dispatches) > 0:
			wg.Go(func() { s.finish(ctx, one) })
		default:
			s.finish(ctx, one)
		}
	}
	if len(duplicates) > 0 {
		s.originals(ctx, p.Tenant.ID, duplicates)
	}
	wg.Wait()
	return results
}

// send is one event on its way.
type send struct {
	in       *Input
	record   *signalbox.Record
	warnings []signalbox.Warning
	result   *BatchResult
}

// allow is nil where the principal may send the event, and now. Its rate is asked
// for before any work on the event, and not where the event is admitted, so that
// refusing is as cheap as can be: one that sends ten times what it may must not take
// from others what it takes to check and to route all of that.
func (s *Service) allow(p *signalbox.Principal, in *Input) error {
	if err := s.permit(p, in); err != nil {
		return err
	}
	return s.cfg.Limiter.Take(p)
}

// prepare checks and routes what has been allowed. Nothing is stored yet.
func (s *Service) prepare(p *signalbox.Principal, in *Input) (*signalbox.Record, []signalbox.Warning, error) {
	if err := s.check(p, in); err != nil {
		return nil, nil, err
	}
	tenant := p.Tenant.ID
	record := &signalbox.Record{Event: in.event(tenant, s.newID()), Key: in.IdempotencyKey}
	plan, err := s.cfg.Catalogue.Plan(&record.Event, view(p))
	if err != nil {
		return nil, nil, err
	}
	if !p.Permissions.AllowSend(record.Event.Type, record.Event.Operation) {
		return nil, nil, forbidden(p, in) // the display name has come to stand for another name meanwhile
	}
	record.Event.Decisions, record.Event.Omitted, record.Dispatches = plan.Decisions, plan.Omitted, plan.Dispatches
	if record.Key != "" {
		record.Fingerprint = in.fingerprint()
	}
	return record, plan.Warnings, nil
}

// check holds the event's shape to the limits, the principal's own included.
func (s *Service) check(p *signalbox.Principal, in *Input) error {
	limits := s.cfg.Limits.Payload
	reached := signalbox.LimitReached{Name: "payloadBytes", Value: float64(limits.MaxBytes), Scope: signalbox.ScopeServer}
	if own := s.cfg.Limiter.PayloadBytes(p); own.Value > 0 && own.Value < reached.Value {
		reached = own
	}
	return in.check(limits, reached)
}

// refused answers an event that cannot be accepted now: what the tenant has
// registered does not let it pass, or there is no room for its starts. Where it was
// accepted before, under the same key, that answer still stands: the registrations
// may have changed since, and nothing has to be started anew. That is looked
// up here and not sooner, since all others pass without it. Such a one is added to
// again: what its answer has to wait for it waits for with all others.
func (s *Service) refused(ctx context.Context, p *signalbox.Principal, one send, refusal error, again []send) []send {
	if one.in.IdempotencyKey == "" || signalbox.ErrorCode(refusal) == signalbox.CodeForbidden || s.check(p, one.in) != nil {
		one.result.Err = refusal
		return again
	}
	owner, fingerprint, err := s.cfg.Store.Keyed(ctx, p.Tenant.ID, one.in.IdempotencyKey)
	switch {
	case err != nil:
		one.result.Err = err
	case owner.IsZero():
		one.result.Err = refusal
	case fingerprint != one.in.fingerprint():
		one.result.Err = signalbox.KeyConflict()
	default:
		one.record = &signalbox.Record{Event: signalbox.Event{Tenant: p.Tenant.ID}, Owner: owner}
		again = append(again, one)
	}
	return again
}

// claim makes the first attempt this process's, where the sender waits for it: the
// relay keeps off meanwhile.
func (s *Service) claim(record *signalbox.Record, wait Wait) {
	if wait == WaitAccepted {
		return
	}
	record.Lease = s.cfg.Limits.Lease
	for i := range record.Dispatches {
		record.Dispatches[i].Attempts = 1
	}
}

// admit refuses, before anything is stored, the sends for whose starts there is no
// room, and answers the others.
func (s *Service) admit(ctx context.Context, p *signalbox.Principal, sends, again []send) (admitted, _ []send) {
	admitted = sends[:0]
	for _, one := range sends {
		if starts := len(one.record.Dispatches); starts > 0 {
			if err := s.cfg.Backlog.Admit(p, starts); err != nil {
				again = s.refused(ctx, p, one, err, again)
				continue
			}
		}
		admitted = append(admitted, one)
	}
	return admitted, again
}

func (s *Service) append(p *signalbox.Principal, sends []send) {
	records := make([]*signalbox.Record, len(sends))
	for i := range sends {
		records[i] = sends[i].record
	}
	s.cfg.Store.Append(records)
	for _, r := range records {
		if r.Err == nil && r.Owner == r.Event.ID {
			s.cfg.Catalogue.Count(&r.Event)
			continue
		}
		s.cfg.Backlog.Release(p, len(r.Dispatches)) // a duplicate starts nothing
	}
}

// finish makes the starts of what has been committed, and the answer.
func (s *Service) finish(ctx context.Context, one *send) {
	r := one.record
	switch {
	case r.Err != nil:
		one.result.Err = r.Err
	default:
		if one.in.Wait == WaitAccepted {
			for i := range r.Dispatches {
				s.cfg.Relay.Wake(r.Dispatches[i].Lane())
			}
		} else if len(r.Dispatches) > 0 {
			s.cfg.Starter.Start(ctx, &r.Event, r.Dispatches)
		}
		one.result.Result = &Result{Event: r.Event, Dispatches: r.Dispatches, Warnings: one.warnings}
	}
}
