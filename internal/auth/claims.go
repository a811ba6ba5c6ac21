package auth

import (
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// maxSubject bounds a token's sub (OpenID Connect Core 1.0, section 2).
	maxSubject = 255
	// maxRoles bounds how many values of the permissions' claim are looked at.
	maxRoles = 1000
)

// claim finds a claim by its name, or else by its path.
func claim(claims map[string]any, name string) any {
	if value, ok := claims[name]; ok {
		return value
	}
	var value any = claims
	for step := range strings.SplitSeq(name, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[step]
	}
	return value
}

// tenant is the one that the token is for. Its settings are those of now.
func (t *tokens) tenant(claims map[string]any) (signalbox.Tenant, error) {
	slug, ok := claim(claims, t.cfg.TenantClaim).(string)
	if !ok || slug == "" {
		return signalbox.Tenant{}, signalbox.Errorf(signalbox.CodeForbidden, "the token has no claim %s that is a string: have the issuer put the tenant's slug into it", t.cfg.TenantClaim)
	}
	if len(t.cfg.TenantMap) > 0 {
		slug, ok = t.cfg.TenantMap[slug]
	}
	if !ok {
		return signalbox.Tenant{}, t.noTenant()
	}
	tenant, err := t.slug(slug)
	switch {
	case signalbox.ErrorCode(err) == signalbox.CodeNotFound:
		return signalbox.Tenant{}, t.noTenant()
	case err != nil:
		return signalbox.Tenant{}, errNoTenantYet(err)
	}
	return tenant, nil
}

func (t *tokens) noTenant() error {
	return signalbox.Errorf(signalbox.CodeForbidden, "the token's claim %s names no tenant of this server: ask its operator which there are", t.cfg.TenantClaim)
}

// permissions are what the token's values give. One that says nothing here is passed
// over: tokens carry roles of other services too.
func (t *tokens) permissions(claims map[string]any) signalbox.Permissions {
	var values []string
	switch v := claim(claims, t.cfg.PermissionsClaim).(type) {
	case string:
		values = strings.Fields(v)
	case []any:
		for _, element := range v {
			if s, ok := element.(string); ok {
				values = append(values, s)
			}
		}
	}
	values = values[:min(len(values), maxRoles)]
	var permissions signalbox.Permissions
	for _, value := range values {
		if mapped, ok := t.cfg.roles[value]; ok {
			permissions = append(permissions, mapped...)
			continue
		}
		p, err := signalbox.ParsePermission(value)
		if err == nil && p.Action != signalbox.ActionOperator {
			permissions = append(permissions, p)
		}
	}
	return permissions
}
