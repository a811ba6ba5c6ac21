package signalbox

// RuleEdit asks to save a rule's definition.
type RuleEdit struct {
	Name       string
	Definition RuleDefinition
	// Create refuses a name that is taken, its absence one that is not.
	Create bool
	// Publish makes the definition the next version at once; else it waits as a draft.
	Publish bool
	// State is what a rule that is published gets; "" keeps it, ENABLED at first.
	State RuleState
	// DryRun checks and answers as if it had been saved.
	DryRun bool
}

// RuleSaved is what came of an edit of a rule.
type RuleSaved struct {
	Rule     Rule
	Change   Change
	Warnings []Warning
}

// EventTypeEdit asks to register a pair, or to change what is registered.
type EventTypeEdit struct {
	// Type is the whole but for Schemas: they only ever grow, by Schema.
	Type EventType
	// Schema is a JSON Schema's text; where it differs from the newest version it
	// becomes the next. nil adds none.
	Schema []byte
	// AllowBreaking saves a schema that a BACKWARD type would refuse.
	AllowBreaking bool
	DryRun        bool
}

// EventTypeSaved is what came of an edit of an event type.
type EventTypeSaved struct {
	Type     EventType
	Change   Change
	Warnings []Warning // lint, compatibility, broken rules
	// Breaks are where the new schema refuses what the version before took.
	Breaks []Violation
	// BrokenRules read what the new schema does not have, or as another kind.
	BrokenRules []BrokenRule
	// Of the newest Sampled stored events of the pair, Refused break the new schema.
	Sampled int
	Refused Sample
}

// BrokenRule is a rule that a schema would break, and how.
type BrokenRule struct {
	Rule   string
	Reason string
}
