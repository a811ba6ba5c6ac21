package auth

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// OIDCConfig names the one issuer whose tokens are taken, and says what its claims
// mean here. A claim's name may be a path with dots, "realm_access.roles", which
// reaches into objects; a claim that has the very name comes first.
type OIDCConfig struct {
	Issuer   string // as in the tokens' iss: an https URL, or an http one on loopback
	Audience string // what must be among the tokens' aud
	// Algorithms are those that may sign; none are RS256, ES256 and EdDSA. Only
	// algorithms with a public key can be named.
	Algorithms []string
	// TenantClaim holds the tenant, a string; "" is DefaultTenantClaim.
	TenantClaim string
	// TenantMap gives the slug for each value of the claim. Where it is empty, the
	// value is the slug.
	TenantMap map[string]string
	// PermissionsClaim holds what the caller may do: a list of strings, or one string
	// with spaces between; "" is DefaultPermissionsClaim.
	PermissionsClaim string
	// RoleMap gives the permissions for a value of the claim. A value that is not in it
	// and is a permission counts as that, but operator comes from here only.
	RoleMap map[string][]string
	// HTTPClient asks the issuer; nil is one of our own. Its redirects are not used.
	HTTPClient *http.Client
}

// The claims that are read where OIDCConfig names none.
const (
	DefaultTenantClaim      = "signalbox_tenant"
	DefaultPermissionsClaim = "signalbox_permissions"
)

// asymmetric are the algorithms that may be allowed. HS256 and its like would make the
// issuer's public key a secret, and none is no signature: neither can be configured.
var asymmetric = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// checkedOIDC is an OIDCConfig with everything in it parsed and filled in.
type checkedOIDC struct {
	OIDCConfig
	algorithms []jose.SignatureAlgorithm
	roles      map[string]signalbox.Permissions
}

// check says in one sentence what cannot be right.
func (c OIDCConfig) check() (*checkedOIDC, error) {
	if err := checkIssuerURL(c.Issuer); err != nil {
		return nil, fmt.Errorf("the OIDC issuer %w", err)
	}
	if c.Audience == "" {
		return nil, errors.New("the OIDC audience is missing: name what the issuer puts into aud for Signalbox")
	}
	if c.TenantClaim == "" {
		c.TenantClaim = DefaultTenantClaim
	}
	if c.PermissionsClaim == "" {
		c.PermissionsClaim = DefaultPermissionsClaim
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{string(jose.RS256), string(jose.ES256), string(jose.EdDSA)}
	}
	checked := &checkedOIDC{OIDCConfig: c, roles: make(map[string]signalbox.Permissions, len(c.RoleMap))}
	for _, name := range c.Algorithms {
		algorithm := jose.SignatureAlgorithm(name)
		if !slices.Contains(asymmetric, algorithm) {
			return nil, fmt.Errorf("the OIDC algorithm %q cannot be allowed: there are %s", name, joinAlgorithms(asymmetric))
		}
		checked.algorithms = append(checked.algorithms, algorithm)
	}
	for _, value := range slices.Sorted(maps.Keys(c.TenantMap)) {
		if err := signalbox.CheckSlug(c.TenantMap[value]); err != nil {
			return nil, fmt.Errorf("the OIDC tenant map gives %q for %q, but a slug %w", c.TenantMap[value], value, err)
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.RoleMap)) {
		permissions, err := signalbox.ParsePermissions(c.RoleMap[value])
		if err != nil {
			return nil, fmt.Errorf("the OIDC role map has for %q what is no permission: %w", value, err)
		}
		checked.roles[value] = permissions
	}
	return checked, nil
}

func joinAlgorithms(all []jose.SignatureAlgorithm) string {
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

// checkIssuerURL is nil for what may be an issuer (OpenID Connect Discovery 1.0,
// section 3). Keys that come over plain http could be anybody's.
func checkIssuerURL(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case issuer == "":
		return errors.New("is missing: name the URL that its tokens have in iss")
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("is no issuer's URL: it has a scheme, a host and perhaps a path, as https://id.example.com/realm")
	case u.Scheme == "https", u.Scheme == "http" && onLoopback(u):
		return nil
	default:
		return fmt.Errorf("%q is not an https URL; plain http is for issuers on loopback", issuer)
	}
}

func onLoopback(u *url.URL) bool {
	if u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}
