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
	return Errorf(CodeForbidden, "this needs the permission %s, which %s does not have", action, p.Noun())
}

// Noun is what the principal is called in a sentence that it reads.
func (p *Principal) Noun() string {
	if p.Key.IsZero() {
		return "the caller"
	}
	return "this key"
}

// KeyLimits are its key's own; none where it has no key.
func (p *Principal) KeyLimits() Limits {
	if p.Key.IsZero() {
		return Limits{}
	}
	return p.Limits
}

// Least is the least of the limits of one name that the principal has: the server's,
// which are every tenant's, its tenant's and its key's. Its Value is 0 where none is set.
func (p *Principal) Least(server Limits, name string, of func(Limits) int) LimitReached {
	reached := LimitReached{Name: name, Scope: ScopeServer}
	for _, one := range []struct {
		limits Limits
		scope  LimitScope
	}{{server, ScopeServer}, {p.Tenant.Limits, ScopeTenant}, {p.KeyLimits(), ScopeKey}} {
		if v := float64(of(one.limits)); v > 0 && (reached.Value == 0 || v < reached.Value) {
			reached.Value, reached.Scope = v, one.scope
		}
	}
	return reached
}
