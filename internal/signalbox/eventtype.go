package signalbox

import (
	"encoding/json"
	"time"
)

// EventType is a registered pair of type and operation.
type EventType struct {
	Type          string
	Operation     string
	DisplayName   string // free text that resolves to the pair; "" is none
	Description   string
	Sample        json.RawMessage // an example of payload.data; nil where there is none
	Policy        PayloadPolicy
	Compatibility Compatibility
	Schemas       []Schema // by version, from 1; a version never changes
}

// Newest is the schema that events are held to which name no version; nil where
// the pair has none.
func (t *EventType) Newest() *Schema {
	if len(t.Schemas) == 0 {
		return nil
	}
	return &t.Schemas[len(t.Schemas)-1]
}

// Name is how the pair is written in one: type:operation.
func (t *EventType) Name() string { return t.Type + ":" + t.Operation }

// Schema is one version of what payload.data may be.
type Schema struct {
	Version   int
	Text      json.RawMessage // JSON Schema 2020-12 or draft-07, as it was saved
	CreatedAt time.Time       // zero until it is stored
}

// PayloadPolicy says what becomes of a payload that breaks its schema.
type PayloadPolicy string

// The policies; "" is REJECT.
const (
	PayloadOff    PayloadPolicy = "OFF"    // nobody looks
	PayloadWarn   PayloadPolicy = "WARN"   // accepted, with a warning
	PayloadReject PayloadPolicy = "REJECT" // INVALID_PAYLOAD
)

// Compatibility says what becomes of a schema version that breaks what stands: that
// refuses payloads which the version before took, or that lacks what a rule reads.
type Compatibility string

// The modes; "" is NONE.
const (
	CompatibilityNone     Compatibility = "NONE"     // saved, with warnings
	CompatibilityBackward Compatibility = "BACKWARD" // refused
)
