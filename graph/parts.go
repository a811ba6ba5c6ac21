package graph

import (
	"context"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Sender is the road.
type Sender interface {
	Send(ctx context.Context, p signalbox.Principal, in ingest.Input) (*ingest.Result, error)
	SendBatch(ctx context.Context, p signalbox.Principal, inputs []ingest.Input) []ingest.BatchResult
}

// Events reads accepted events.
type Events interface {
	// Event is NOT_FOUND where the tenant has no such event.
	Event(ctx context.Context, tenant, id signalbox.ID) (*signalbox.StoredEvent, error)
	// Events lists newest first, and tells whether there are more.
	Events(ctx context.Context, tenant signalbox.ID, f signalbox.EventFilter, page signalbox.Page) ([]signalbox.StoredEvent, bool, error)
}

// Dispatches reads and redrives starts.
type Dispatches interface {
	Dispatches(ctx context.Context, tenant signalbox.ID, f signalbox.DispatchFilter, page signalbox.Page) ([]signalbox.Dispatch, bool, error)
	Redrive(ctx context.Context, tenant, id signalbox.ID) (*signalbox.Dispatch, error)
	RedriveAll(ctx context.Context, tenant signalbox.ID, f signalbox.DispatchFilter) (int, error)
}

// Catalogue lists what a tenant has registered.
type Catalogue interface {
	EventTypes(tenant signalbox.ID) []signalbox.EventType
	Rules(tenant signalbox.ID) []signalbox.Rule
}

// Tester says what a send would do.
type Tester interface {
	Test(ctx context.Context, p signalbox.Principal, in ingest.Input) (*ingest.TestResult, error)
}

// RuleEditor changes rules, having checked them. Its violations point into the
// RuleInput that it was asked to save.
type RuleEditor interface {
	SaveRule(ctx context.Context, by signalbox.Principal, e signalbox.RuleEdit) (*signalbox.RuleSaved, error)
	// PublishRule makes the draft the next version; "" keeps the state.
	PublishRule(ctx context.Context, by signalbox.Principal, name string, state signalbox.RuleState) (*signalbox.RuleSaved, error)
	SetRuleState(ctx context.Context, by signalbox.Principal, name string, state signalbox.RuleState) (*signalbox.RuleSaved, error)
	DeleteRule(ctx context.Context, by signalbox.Principal, name string) error
}

// TypeEditor changes event types.
type TypeEditor interface {
	SaveEventType(ctx context.Context, by signalbox.Principal, e signalbox.EventTypeEdit) (*signalbox.EventTypeSaved, error)
	// ExpandFields makes a JSON Schema of the short form, a JSON object.
	ExpandFields(fields []byte) ([]byte, error)
}

// Explainer asks rules about stored events, and starts nothing.
type Explainer interface {
	Explain(ctx context.Context, tenant, event signalbox.ID, rule string) (*signalbox.Explanation, error)
	// Preview holds a draft against the rule in force under that name, if one is.
	Preview(ctx context.Context, tenant signalbox.ID, name string, draft signalbox.RuleDefinition, w signalbox.Window) (*signalbox.Preview, error)
	Compare(ctx context.Context, tenant signalbox.ID, shadow, enabled string, w signalbox.Window) (*signalbox.Comparison, error)
}

// History keeps what has been published.
type History interface {
	// RuleVersions lists newest first.
	RuleVersions(ctx context.Context, tenant signalbox.ID, name string) ([]signalbox.RuleVersion, error)
}
