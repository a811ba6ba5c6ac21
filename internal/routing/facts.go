package routing

import (
	"time"

	"cel.dev/cel-go/interpreter"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Facts are what rules are asked about. Event has its id and tenant.
type Facts struct {
	Event *signalbox.Event
	// Data is the event's data, decoded: objects as map[string]any, arrays as []any,
	// numbers as json.Number. nil where it is absent or null.
	Data any
	// Config is the tenant's, decoded likewise; nil is {}.
	Config any
	// Sensitive tells of a path below payload.data whether its value must not be
	// shown; nil: none but those of the deny-list.
	Sensitive func(path []string) bool
}

// variables are the facts under the names that expressions have for them. Each is
// made when it is first read, once for all rules.
type variables struct {
	facts   *Facts
	event   map[string]any
	payload map[string]any
	tenant  map[string]any

	cost  uint64    // what the rule that is being asked has cost so far, in CEL's units
	until time.Time // by when every rule has to be asked
}

// ResolveName gives a variable's value (interpreter.Activation).
func (v *variables) ResolveName(name string) (any, bool) {
	switch name {
	case "payload":
		if v.payload == nil {
			v.payload = map[string]any{"id": v.facts.Event.EntityID}
			if v.facts.Event.Data != nil {
				v.payload["data"] = v.facts.Data
			}
		}
		return v.payload, true
	case "event":
		if v.event == nil {
			v.event = eventFacts(v.facts.Event)
		}
		return v.event, true
	case "tenant":
		if v.tenant == nil {
			config := v.facts.Config
			if config == nil {
				config = map[string]any{}
			}
			v.tenant = map[string]any{"config": config}
		}
		return v.tenant, true
	case "now":
		return v.now(), true
	}
	return nil, false
}

// Parent is of interpreter.Activation: there is none.
func (v *variables) Parent() interpreter.Activation { return nil }

// now is when the event was received, so that a decision made again is the same.
func (v *variables) now() time.Time { return v.facts.Event.ReceivedAt() }

// eventFacts is the event as workflows get it, payload aside, with times as such.
func eventFacts(e *signalbox.Event) map[string]any {
	m := map[string]any{
		"id": e.ID.String(), "type": e.Type, "operation": e.Operation,
		"source": textOrNull(e.Source), "subject": textOrNull(e.Subject),
		"occurredAt": e.HappenedAt(), "receivedAt": e.ReceivedAt(),
		"schemaVersion": nil, "metadata": map[string]any{},
	}
	if e.SchemaVersion != 0 {
		m["schemaVersion"] = int64(e.SchemaVersion)
	}
	if e.Metadata != nil {
		m["metadata"] = payload.Decode(e.Metadata)
	}
	return m
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
