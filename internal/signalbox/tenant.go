package signalbox

// Tenant is an organisation. It owns everything else; rules, keys and events of
// one never meet those of another.
type Tenant struct {
	ID   ID
	Slug string // in URLs and in what a workflow gets
	// Namespace is the Temporal namespace of rules that name none; "" is the server's own.
	Namespace string
	// Revision grows with every change to the tenant or to its catalogue.
	Revision int64
}

// DefaultTenantSlug names the tenant that the migrations make. It is every
// request's until there are keys.
const DefaultTenantSlug = "default"

// Principal is who is calling.
type Principal struct {
	Tenant Tenant
}
