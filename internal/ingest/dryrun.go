package ingest

import (
	"context"
	"encoding/json"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestResult is what a send would come to (P-28).
type TestResult struct {
	// Event is as it would be stored. Its id, and what follows from that, is an example.
	Event      signalbox.Event
	Dispatches []signalbox.Dispatch // PENDING, in the order of Requests
	Warnings   []signalbox.Warning
	// Outcome is what the send would answer if every start succeeds.
	Outcome signalbox.Outcome
	// Requests are the start requests that Temporal would get, as JSON.
	Requests []json.RawMessage
}

// Test takes one event down the road as far as the point where a send is admitted:
// nothing is stored or started. What a send refuses for its content, Test refuses
// with the same error; it takes of the sender's rate as a send does, since it costs
// the same work. It does not ask whether there is room, and an idempotency key is
// checked for its shape and no more.
func (s *Service) Test(_ context.Context, p signalbox.Principal, in Input) (*TestResult, error) {
	if err := s.allow(&p, &in); err != nil {
		return nil, err
	}
	record, warnings, err := s.prepare(&p, &in)
	if err != nil {
		return nil, err
	}
	result := &TestResult{
		Event: record.Event, Dispatches: record.Dispatches, Warnings: warnings,
		Outcome: signalbox.OutcomeStarted,
	}
	if len(record.Dispatches) == 0 {
		result.Outcome = signalbox.OutcomeOf(record.Event.Decisions, nil)
		return result, nil
	}
	if result.Requests, err = s.cfg.Starter.Requests(&record.Event, record.Dispatches); err != nil {
		return nil, err
	}
	return result, nil
}
