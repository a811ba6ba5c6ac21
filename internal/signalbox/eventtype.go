package signalbox

// EventType is a registered pair of type and operation.
type EventType struct {
	Type        string
	Operation   string
	DisplayName string
	Description string
}
