package demo

import (
	"encoding/json"
	"time"

	"go.temporal.io/sdk/temporal"
)

// Input is the one argument that Signalbox starts a workflow with, unless the
// rule maps its own.
type Input struct {
	Event   Event   `json:"event"`
	Payload Payload `json:"payload"`
}

// Event says what happened, and which rule of which tenant wanted this run.
type Event struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Operation     string          `json:"operation"`
	Source        string          `json:"source,omitempty"`
	Subject       *string         `json:"subject,omitempty"`
	OccurredAt    time.Time       `json:"occurredAt,omitzero"`
	ReceivedAt    time.Time       `json:"receivedAt,omitzero"`
	SchemaVersion *int            `json:"schemaVersion,omitempty"`
	Metadata      json.RawMessage `json:"metadata,omitempty"`
	Tenant        string          `json:"tenant,omitempty"`
	Rule          string          `json:"rule,omitempty"`
	RuleVersion   int             `json:"ruleVersion,omitempty"`
}

// Name is type/operation, as people say it.
func (e Event) Name() string { return e.Type + "/" + e.Operation }

// Payload is what the producer sent. Data stays the text that it was, so that
// no digit of a number is lost on the way (P-05).
type Payload struct {
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data,omitempty"`
}

// Result is what every catalogue workflow returns.
type Result struct {
	// Event is type/operation; EventID and EntityID are the event's own.
	Event    string `json:"event"`
	EventID  string `json:"eventId"`
	EntityID string `json:"entityId"`
	// Outcome is what the workflow did, in a sentence, and Reference the
	// number under which the system it did it in would know it.
	Outcome   string `json:"outcome"`
	Reference string `json:"reference,omitempty"`
	// Quantity is for workflows that work one out.
	Quantity json.Number `json:"quantity,omitempty"`
	// Data is the payload's, digit for digit.
	Data json.RawMessage `json:"data,omitempty"`
	// Steps are what it went through.
	Steps []string `json:"steps"`
}

func (in Input) validate() error {
	if in.Event.ID == "" || in.Event.Type == "" || in.Event.Operation == "" {
		return temporal.NewNonRetryableApplicationError(
			"the input names no event: it needs event.id, event.type and event.operation", "InvalidInput", nil)
	}
	return nil
}

func (in Input) result() Result {
	return Result{
		Event:    in.Event.Name(),
		EventID:  in.Event.ID,
		EntityID: in.Payload.ID,
		Data:     in.Payload.Data,
	}
}
