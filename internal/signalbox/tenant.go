package signalbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Tenant is an organisation. It owns everything else; rules, keys and events of
// one never meet those of another.
type Tenant struct {
	ID   ID
	Slug string // in what a workflow gets
	Name string // for people; "" is none
	// Namespace is the Temporal namespace of rules that name none; "" is the server's own.
	Namespace string
	// Config is a JSON object of the tenant's own, which rules read as tenant.config
	// (P-13); nil is {}.
	Config       json.RawMessage
	UnknownNames UnknownNames
	Limits       Limits
	CreatedAt    time.Time
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

// DefaultTenantSlug names the tenant that the migrations make. A server without
// authentication takes every request for its.
const DefaultTenantSlug = "default"

// maxSlugLength bounds a tenant's slug, in bytes.
const maxSlugLength = 63

// CheckSlug is nil for what may be a tenant's slug: 1 to 63 of a to z, 0 to 9 and -,
// with no - at either end, so that it can stand in a URL, a host name or a workflow id.
func CheckSlug(s string) error {
	if s == "" || len(s) > maxSlugLength || s[0] == '-' || s[len(s)-1] == '-' || strings.ContainsFunc(s, notInSlug) {
		return fmt.Errorf("has 1 to %d of the characters a to z, 0 to 9 and -, and no - at either end", maxSlugLength)
	}
	return nil
}

func notInSlug(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
}

// TenantEdit asks to make a tenant or to change one; nil stays as it is.
type TenantEdit struct {
	Name         *string
	Namespace    *string
	Config       json.RawMessage // an object
	UnknownNames *UnknownNames
	Limits       LimitsEdit
}
