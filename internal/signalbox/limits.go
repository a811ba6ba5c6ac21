package signalbox

import "encoding/json"

// Limits bound what a tenant or a key may ask for. Zero is no limit of its own: the
// tenant's, and then the server's, apply. Where several apply, the least counts.
type Limits struct {
	// Rate is how many events a second may be sent over time, in each server process,
	// and Burst how many at once; a Burst of 0 is one second's worth, and one at least.
	Rate  float64 `json:"rate,omitempty"`
	Burst int     `json:"burst,omitempty"`
	// Backlog is how many of the tenant's starts may be waiting for Temporal when an
	// event with starts is sent.
	Backlog      int `json:"backlog,omitempty"`
	PayloadBytes int `json:"payloadBytes,omitempty"` // of payload.data
	Batch        int `json:"batch,omitempty"`        // events in one sendCustomEvents
	Page         int `json:"page,omitempty"`         // elements of one page of a list
	// Keys is how many keys that still let somebody in a tenant may have, in place of
	// DefaultKeys. It is a tenant's limit, and no key's.
	Keys int `json:"keys,omitempty"`
}

// LimitsEdit asks for other limits; nil stays as it is, and zero is no limit.
type LimitsEdit struct {
	Rate                                            *float64
	Burst, Backlog, PayloadBytes, Batch, Page, Keys *int
}

// With is l with what the edit says instead.
func (l Limits) With(e LimitsEdit) Limits {
	set(&l.Rate, e.Rate)
	set(&l.Burst, e.Burst)
	set(&l.Backlog, e.Backlog)
	set(&l.PayloadBytes, e.PayloadBytes)
	set(&l.Batch, e.Batch)
	set(&l.Page, e.Page)
	set(&l.Keys, e.Keys)
	return l
}

func set[T any](limit, given *T) {
	if given != nil {
		*limit = *given
	}
}

// DefaultKeys is how many keys that still let somebody in a tenant may have that has
// no limit of its own.
const DefaultKeys = 1000

// Check is nil, or says of every limit that cannot be what is wrong with it.
func (l Limits) Check() []Violation {
	var faults []Violation
	negative := func(name string, is bool) {
		if is {
			faults = append(faults, Violation{Pointer: "/limits/" + name, Message: "is negative: leave it out where there is to be no limit"})
		}
	}
	negative("rate", l.Rate < 0)
	negative("burst", l.Burst < 0)
	negative("backlog", l.Backlog < 0)
	negative("payloadBytes", l.PayloadBytes < 0)
	negative("batch", l.Batch < 0)
	negative("page", l.Page < 0)
	negative("keys", l.Keys < 0)
	if l.Burst > 0 && l.Rate == 0 {
		faults = append(faults, Violation{Pointer: "/limits/burst", Message: "says nothing without a rate: set the rate too"})
	}
	return faults
}

// Within is l with the sizes that it leaves open, or sets higher, as most has them.
func (l Limits) Within(most Limits) Limits {
	l.PayloadBytes = least(l.PayloadBytes, most.PayloadBytes)
	l.Batch = least(l.Batch, most.Batch)
	l.Page = least(l.Page, most.Page)
	return l
}

// least is the smaller of two limits, of which 0 is none.
func least(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// String is the JSON form.
func (l Limits) String() string {
	text, _ := json.Marshal(l) // numbers: this cannot fail
	return string(text)
}

// LimitReached names a limit that refused something, so that a client can tell whom
// to ask for more.
type LimitReached struct {
	// Name is as the settings have it: "rate", "backlog", "payloadBytes", "batch",
	// "page", "keys", "inFlight"; or of what has no setting: "keyLookups", "lists", "lookups",
	// "scans", "requests", "operations", "edits", "metadataBytes", "queuedBytes",
	// "explanations", "heldBytes", "answerBytes".
	Name  string     `json:"name"`
	Value float64    `json:"value"`
	Scope LimitScope `json:"scope"`
}

// LimitScope says whose limit it is.
type LimitScope string

// The scopes.
const (
	ScopeServer LimitScope = "server"
	ScopeTenant LimitScope = "tenant"
	ScopeKey    LimitScope = "key"
)
