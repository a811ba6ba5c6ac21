package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// issuer is an OpenID Connect issuer of the test's own.
type issuer struct {
	*httptest.Server

	signer jose.Signer
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	i := &issuer{}
	i.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, (&jose.SignerOptions{}).WithHeader("kid", "one"))
	require.NoError(t, err)
	mux := http.NewServeMux()
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	answer := func(path string, v any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v)
		})
	}
	answer("/.well-known/openid-configuration", map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/a", "token_endpoint": i.URL + "/t",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"EdDSA"},
	})
	answer("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: "one", Algorithm: "EdDSA", Use: "sig"}}})
	return i
}

// token is for the audience signalbox, with claims beside those of every token.
func (i *issuer) token(t *testing.T, claims map[string]any) string {
	t.Helper()
	text, err := jwt.Signed(i.signer).Claims(jwt.Claims{
		Issuer: i.URL, Subject: "ann", Audience: jwt.Audience{"signalbox"},
		Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute)), IssuedAt: jwt.NewNumericDate(time.Now()),
	}).Claims(claims).Serialize()
	require.NoError(t, err)
	return text
}

// The flags of docs/security.md.
func TestTokensOfAnIssuer(t *testing.T) { // P-18
	s := newSite(t)
	s.ok("tenants", "create", "acme")
	s.orders("acme")
	of := newIssuer(t)
	flags := []string{
		"--oidc-issuer", of.URL, "--oidc-audience", "signalbox", "--oidc-tenant-claim", "organization", "--oidc-permissions-claim", "realm_access.roles",
		"--oidc-tenant", "acme-corp=acme", "--oidc-role", "order-desk=events:send:order/*,events:read", "--oidc-role", "platform=operator",
	}
	i := s.serve(flags...)
	as := func(organization string, roles ...string) string {
		return of.token(t, map[string]any{"organization": organization, "realm_access": map[string]any{"roles": roles}})
	}

	var seen struct {
		Viewer struct {
			Tenant, Actor string
			Permissions   []string
		}
	}
	desk := as("acme-corp", "order-desk", "offline_access")
	i.must(desk, viewerQuery, "").into(t, &seen)
	require.Equal(t, "acme", seen.Viewer.Tenant)
	require.Equal(t, "oidc ann", seen.Viewer.Actor)
	require.Equal(t, []string{"events:send:order/*", "events:read"}, seen.Viewer.Permissions)
	require.Empty(t, i.sendOne(desk, "order", "placed").Errors)
	require.Equal(t, "FORBIDDEN", i.sendOne(desk, "invoice", "sent").code())
	require.Empty(t, i.must(as("acme-corp", "platform"), `{ tenants { nodes { slug } } }`, "").Errors)
	require.Equal(t, "FORBIDDEN", i.must(as("acme-corp", "operator"), viewerQuery, "").code(), "operator is given by a role alone")
	require.Equal(t, "FORBIDDEN", i.must(as("other", "order-desk"), viewerQuery, "").code())
	require.Equal(t, "UNAUTHENTICATED", i.must(desk[:len(desk)-10]+"AAAAAAAAAA", viewerQuery, "").code())
	require.Empty(t, i.must(s.key("acme", "events:read"), viewerQuery, "").Errors, "keys let in as well")

	require.Contains(t, s.refused("serve", "--oidc-issuer", of.URL), "audience")
	require.Contains(t, s.refused("serve", "--oidc-issuer", of.URL, "--oidc-audience", "x", "--oidc-algorithms", "HS256"), "HS256")
}
