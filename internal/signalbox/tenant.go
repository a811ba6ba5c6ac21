package signalbox

import "encoding/json"

// Tenant is an organisation. It owns everything else; rules, keys and events of
// one never meet those of another.
type Tenant struct {
	ID   ID
	Slug string // in URLs and in what a workflow gets
	// Namespace is the Temporal namespace of rules that name none; "" is the server's own.
	Namespace string
	// Config is a JSON object of the tenant's own, which rules read as tenant.config
	// (P-13); nil is {}.
	Config       json.RawMessage
	UnknownNames UnknownNames
	// Revision grows with every change to the tenant or to its catalogue.
	Revision int64
}

// UnknownNames says what becomes of events whose type or operation is not registered.
type UnknownNames string

// The policies; "" is REJECT.
const (
	UnknownReject UnknownNames = "REJECT" // UNKNOWN_EVENT_TYPE or UNKNOWN_OPERATION
	UnknownAccept UnknownNames = "ACCEPT" // accepted, with a warning
)

// DefaultTenantSlug names the tenant that the migrations make. It is every
// request's until there are keys.
const DefaultTenantSlug = "default"

// Principal is who is calling.
type Principal struct {
	Tenant Tenant
}
