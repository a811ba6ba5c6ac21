package signalbox

// Principal is who is calling. The tenant of everything that is asked for or
// changed comes from here and from nowhere else.
type Principal struct {
	Tenant Tenant
	// Actor is who it is, as the audit log has it: "key <id>", "oidc <subject>",
	// "cli <user>".
	Actor       string
	Permissions Permissions
	// Key is the API key's id, and Limits are the key's own; zero for other principals.
	Key    ID
	Limits Limits
}

// Require is nil where the principal may do the action; else FORBIDDEN, naming what
// is needed.
func (p *Principal) Require(action Action) error {
	if p.Permissions.Allow(action) {
		return nil
	}
	return Errorf(CodeForbidden, "this needs the permission %s, which %s does not have", action, p.actor())
}

func (p *Principal) actor() string {
	if p.Key.IsZero() {
		return "the caller"
	}
	return "this key"
}
