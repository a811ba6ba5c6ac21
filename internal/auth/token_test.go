package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestTokenLetsIn(t *testing.T) {
	first, second, ed := rsaSigner("r1", 0), ecSigner(t, "e1"), edSigner(t, "d1")
	issuer := newIDP(t, first, second, ed)
	clock := newClock()
	r := newRig(t, clock.now, issuer.config())
	want := signalbox.Principal{Tenant: acme, Actor: "oidc alice", Permissions: can(t, "events:read", "events:send:order/*")}
	nameless := first
	nameless.kid = ""
	for name, c := range map[string]struct {
		by     signer
		claims map[string]any
		header map[string]any
	}{
		"RS256":                 {first, nil, nil},
		"ES256":                 {second, nil, nil},
		"EdDSA":                 {ed, nil, nil},
		"no kid":                {nameless, nil, nil},
		"typ JWT":               {first, nil, map[string]any{"typ": "JWT"}},
		"typ at+jwt":            {first, nil, map[string]any{"typ": "at+jwt"}},
		"typ in full":           {first, nil, map[string]any{"typ": "application/AT+JWT"}},
		"several audiences":     {first, map[string]any{"aud": []string{"other", audience}}, nil},
		"scope as one string":   {first, map[string]any{"signalbox_permissions": "openid events:read  events:send:order/* email"}, nil},
		"roles of others too":   {first, map[string]any{"signalbox_permissions": []any{"admin", 7, nil, "events:read", "offline_access", "events:send:order/*"}}, nil},
		"issuer's clock ahead":  {first, map[string]any{"iat": clock.now().Add(59 * time.Second).Unix(), "nbf": clock.now().Add(59 * time.Second).Unix()}, nil},
		"no iat":                {first, map[string]any{"iat": nil}, nil},
		"times with a fraction": {first, map[string]any{"iat": json.Number("1795262399.5"), "nbf": json.Number("1795262399.5")}, nil},
		"a last second":         {first, map[string]any{"exp": clock.now().Unix()}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := r.try(t, c.by.token(t, issuer.claims(clock.now(), c.claims), c.header))
			require.NoError(t, err)
			require.Equal(t, want, p)
		})
	}
	require.EqualValues(t, 1, issuer.fetches.Load())

	_, key := r.key(t, signalbox.KeyEdit{})
	_, err := r.try(t, key)
	require.NoError(t, err, "keys are taken as well")
}

func TestForgedTokens(t *testing.T) {
	good, second, mallory := rsaSigner("r1", 0), ecSigner(t, "e1"), rsaSigner("r1", 1)
	issuer := newIDP(t, good, second)
	clock := newClock()
	now := clock.now()
	r := newRig(t, clock.now, issuer.config())
	// What a forger would have us fetch.
	trap := newIDP(t, mallory)
	claims := issuer.claims(now, nil)
	with := func(name string, value any) map[string]any {
		return issuer.claims(now, map[string]any{name: value})
	}
	public := good.key.Public().(*rsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	asJWK, err := json.Marshal(jose.JSONWebKey{Key: public, KeyID: "r1"})
	require.NoError(t, err)
	token := good.token(t, claims, nil)
	parts := strings.Split(token, ".")
	encode := base64.RawURLEncoding.EncodeToString
	swapped, err := json.Marshal(with("sub", "mallory"))
	require.NoError(t, err)
	malloryJWK := jose.JSONWebKey{Key: mallory.key.Public(), KeyID: "r1", Algorithm: "RS256"}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	nothing := func(string) []byte { return nil }
	hs := map[string]any{"alg": "HS256", "kid": "r1"}
	big, err := json.Marshal(with("junk", strings.Repeat("x", 16<<10)))
	require.NoError(t, err)
	bigSigner, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: good.key}, nil)
	require.NoError(t, err)

	for name, c := range map[string]struct{ token, says string }{
		"none":                          {forge(t, map[string]any{"alg": "none"}, claims, nothing), "is neither a key nor a JSON Web Token"},
		"None":                          {forge(t, map[string]any{"alg": "None", "kid": "r1"}, claims, nothing), "is neither a key nor a JSON Web Token"},
		"no alg":                        {forge(t, map[string]any{"kid": "r1"}, claims, nothing), "is neither a key nor a JSON Web Token"},
		"HS256 by the key's PEM":        {forge(t, hs, claims, hs256(asPEM)), "is neither a key nor a JSON Web Token"},
		"HS256 by the key's PEM, cut":   {forge(t, hs, claims, hs256([]byte(strings.TrimSpace(string(asPEM))))), "is neither a key nor a JSON Web Token"},
		"HS256 by the key's DER":        {forge(t, hs, claims, hs256(der)), "is neither a key nor a JSON Web Token"},
		"HS256 by the key's PKCS 1":     {forge(t, hs, claims, hs256(x509.MarshalPKCS1PublicKey(public))), "is neither a key nor a JSON Web Token"},
		"HS256 by the key's JWK":        {forge(t, hs, claims, hs256(asJWK)), "is neither a key nor a JSON Web Token"},
		"HS256 by nothing":              {forge(t, hs, claims, hs256(nil)), "is neither a key nor a JSON Web Token"},
		"RS256 with an HMAC":            {forge(t, map[string]any{"alg": "RS256", "kid": "r1"}, claims, hs256(der)), "is not one that"},
		"RS256 with no signature":       {forge(t, map[string]any{"alg": "RS256", "kid": "r1"}, claims, nothing), "is not one that"},
		"PS256, not allowed":            {signer{"r1", jose.PS256, good.key}.token(t, claims, nil), "is neither a key nor a JSON Web Token"},
		"RS512, not allowed":            {signer{"r1", jose.RS512, good.key}.token(t, claims, nil), "is neither a key nor a JSON Web Token"},
		"somebody else's key":           {mallory.token(t, claims, nil), "is not one that"},
		"somebody else's, no kid":       {signer{"", jose.RS256, mallory.key}.token(t, claims, nil), "is not one that"},
		"kid of another key":            {signer{"e1", jose.RS256, good.key}.token(t, claims, nil), "is signed by a key that its issuer does not have"},
		"kid of another key, ES":        {signer{"r1", jose.ES256, second.key}.token(t, claims, nil), "is signed by a key that its issuer does not have"},
		"unknown kid":                   {rsaSigner("r9", 1).token(t, claims, nil), "is signed by a key that its issuer does not have"},
		"kid that is a path":            {rsaSigner("../../dev/null", 1).token(t, claims, nil), "is signed by a key that its issuer does not have"},
		"weak key":                      {signer{"r1", jose.RS256, weak}.token(t, claims, nil), "is not one that"},
		"jku":                           {mallory.token(t, claims, map[string]any{"jku": trap.URL + "/keys"}), "is not one that"},
		"x5u":                           {mallory.token(t, claims, map[string]any{"x5u": trap.URL + "/cert"}), "is not one that"},
		"jwk":                           {mallory.token(t, claims, map[string]any{"jwk": malloryJWK}), "is not one that"},
		"jwk, none of the issuer's":     {rsaSigner("m", 1).token(t, claims, map[string]any{"jwk": malloryJWK, "jku": trap.URL + "/keys"}), "is signed by a key that its issuer does not have"},
		"unknown critical header":       {forge(t, map[string]any{"alg": "RS256", "kid": "r1", "crit": []string{"x"}, "x": 1}, claims, nothing), "is not one that"},
		"tampered claims":               {parts[0] + "." + encode(swapped) + "." + parts[2], "is not one that"},
		"tampered header":               {encode([]byte(`{"alg":"RS256","kid":"r1","x":1}`)) + "." + parts[1] + "." + parts[2], "is not one that"},
		"tampered signature":            {parts[0] + "." + parts[1] + "." + strings.ToUpper(parts[2]), "is not one that"},
		"no signature":                  {parts[0] + "." + parts[1] + ".", "is not one that"},
		"a long alg":                    {forge(t, map[string]any{"alg": strings.Repeat("x", 9000)}, claims, nothing), "is neither a key nor a JSON Web Token"},
		"two parts":                     {parts[0] + "." + parts[1], "is neither a key nor a JSON Web Token"},
		"four parts":                    {token + ".x", "is neither a key nor a JSON Web Token"},
		"encrypted":                     {token + "." + parts[1] + "." + parts[2], "is neither a key nor a JSON Web Token"},
		"claims that are empty":         {good.token(t, map[string]any{}, nil), "is of another issuer"},
		"claims that are a list":        {good.token(t, []any{1}, nil), "has claims that are not one good JSON object"},
		"claims that are null":          {good.token(t, nil, nil), "has claims that are not one good JSON object"},
		"an issuer twice":               {forgeRaw(t, good, `{"iss":"https://evil.example","iss":"`+issuer.issuer()+`"}`), "has claims that are not one good JSON object"},
		"claims that are no JSON":       {forgeRaw(t, good, `{"iss":`), "has claims that are not one good JSON object"},
		"claims nested deep":            {forgeRaw(t, good, `{"iss":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000)+`}`), "has claims that are not one good JSON object"},
		"another audience":              {good.token(t, with("aud", "other"), nil), "is not one that " + issuer.issuer() + " has signed for the audience " + audience},
		"several other audiences":       {good.token(t, with("aud", []string{"a", "b"}), nil), "is not one that"},
		"an audience that has the name": {good.token(t, with("aud", audience+"2"), nil), "is not one that"},
		"no audience":                   {good.token(t, with("aud", nil), nil), "is not one that"},
		"another issuer":                {good.token(t, with("iss", trap.issuer()), nil), "is of another issuer: get one of " + issuer.issuer()},
		"the issuer and a slash":        {good.token(t, with("iss", issuer.issuer()+"/"), nil), "is of another issuer"},
		"no issuer":                     {good.token(t, with("iss", nil), nil), "is of another issuer"},
		"an issuer that is a list":      {good.token(t, with("iss", []string{issuer.issuer()}), nil), "is of another issuer"},
		"expired":                       {good.token(t, with("exp", now.Add(-time.Second).Unix()), nil), "expired on 2026-11-21T11:59:59Z: get a new one"},
		"expired long ago":              {good.token(t, with("exp", 0), nil), "expired on 1970"},
		"no exp":                        {good.token(t, with("exp", nil), nil), "never expires: have the issuer put exp into it"},
		"exp that is a text":            {good.token(t, with("exp", "tomorrow"), nil), "is not one that"},
		"not valid yet":                 {good.token(t, with("nbf", now.Add(61*time.Second).Unix()), nil), "is not valid yet, by its nbf"},
		"issued in the future":          {good.token(t, with("iat", now.Add(61*time.Second).Unix()), nil), "is not valid yet, by its iat"},
		"no subject":                    {good.token(t, with("sub", nil), nil), "has no sub of 1 to 255 characters"},
		"a subject with a line break":   {good.token(t, with("sub", "a\nb"), nil), "has no sub of 1 to 255 characters"},
		"a long subject":                {good.token(t, with("sub", strings.Repeat("a", 256)), nil), "has no sub of 1 to 255 characters"},
		"a logout token":                {good.token(t, claims, map[string]any{"typ": "logout+jwt"}), "has a typ that is not for access"},
		"a typ that is a number":        {good.token(t, claims, map[string]any{"typ": 1}), "has a typ that is not for access"},
		"too long":                      {compact(t, bigSigner, big), "is longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.try(t, c.token)
			e := refusal(t, err, signalbox.CodeUnauthenticated, c.says)
			require.Less(t, len(err.Error()), 1000)
			for part := range strings.SplitSeq(c.token, ".") {
				if len(part) > 8 {
					require.NotContains(t, err.Error(), part)
				}
			}
			require.NotContains(t, e.Message, "mallory")
		})
	}
	require.Zero(t, trap.fetches.Load()+trap.discoveries.Load()+trap.others.Load(), "an address in a token was asked")
	require.Zero(t, issuer.others.Load())
	require.LessOrEqual(t, issuer.fetches.Load(), int64(2))

	_, err = r.try(t, token)
	require.NoError(t, err)
}

func forgeRaw(t testing.TB, s signer, claims string) string {
	t.Helper()
	with, err := jose.NewSigner(jose.SigningKey{Algorithm: s.algorithm, Key: jose.JSONWebKey{Key: s.key, KeyID: s.kid}}, nil)
	require.NoError(t, err)
	return compact(t, with, []byte(claims))
}

func TestAllowedAlgorithms(t *testing.T) {
	clock := newClock()
	key := signer{"r1", jose.PS384, rsaKeys()[0]}
	issuer := newIDP(t, key)
	cfg := issuer.config()
	cfg.Algorithms = []string{"PS384"}
	r := newRig(t, clock.now, cfg)
	_, err := r.try(t, key.token(t, issuer.claims(clock.now(), nil), nil))
	require.NoError(t, err)
	_, err = r.try(t, rsaSigner("r1", 0).token(t, issuer.claims(clock.now(), nil), nil))
	refused(t, err, signalbox.CodeUnauthenticated, "that is signed by one of PS384")
}

func TestClaims(t *testing.T) {
	key := rsaSigner("r1", 0)
	issuer := newIDP(t, key)
	clock := newClock()
	plain := func(*auth.OIDCConfig) {}
	paths := func(c *auth.OIDCConfig) {
		c.TenantClaim, c.PermissionsClaim = "org.slug", "realm_access.roles"
	}
	maps := func(c *auth.OIDCConfig) {
		c.TenantMap = map[string]string{"4711": "acme", "4712": "gone"}
		c.RoleMap = map[string][]string{
			"shop":   {"events:send:order/*", "events:read"},
			"root":   {"operator"},
			"closed": {},
			// A name that is a permission means what the map says.
			"tenant:admin": {"events:read"},
		}
	}
	for name, c := range map[string]struct {
		config func(*auth.OIDCConfig)
		claims map[string]any
		want   []string // permissions, for acme
		code   signalbox.Code
		says   string
	}{
		"paths":                      {paths, map[string]any{"org": map[string]any{"slug": "acme"}, "realm_access": map[string]any{"roles": []string{"events:read"}}}, []string{"events:read"}, "", ""},
		"a claim with dots comes":    {paths, map[string]any{"org.slug": "acme", "org": map[string]any{"slug": "other"}, "realm_access.roles": "events:read"}, []string{"events:read"}, "", ""},
		"a path that ends early":     {paths, map[string]any{"org": "acme"}, nil, signalbox.CodeForbidden, "no claim org.slug that is a string"},
		"a path into a list":         {paths, map[string]any{"org": []any{map[string]any{"slug": "acme"}}}, nil, signalbox.CodeForbidden, "no claim org.slug that is a string"},
		"no tenant":                  {plain, map[string]any{"signalbox_tenant": nil}, nil, signalbox.CodeForbidden, "no claim signalbox_tenant that is a string"},
		"an empty tenant":            {plain, map[string]any{"signalbox_tenant": ""}, nil, signalbox.CodeForbidden, "no claim signalbox_tenant that is a string"},
		"a tenant that is a number":  {plain, map[string]any{"signalbox_tenant": 7}, nil, signalbox.CodeForbidden, "no claim signalbox_tenant that is a string"},
		"a tenant that is a list":    {plain, map[string]any{"signalbox_tenant": []string{"acme"}}, nil, signalbox.CodeForbidden, "no claim signalbox_tenant that is a string"},
		"a tenant that is an object": {plain, map[string]any{"signalbox_tenant": map[string]any{"slug": "acme"}}, nil, signalbox.CodeForbidden, "no claim signalbox_tenant that is a string"},
		"an unknown tenant":          {plain, map[string]any{"signalbox_tenant": "nobody"}, nil, signalbox.CodeForbidden, "the token's claim signalbox_tenant names no tenant of this server"},
		"a tenant in upper case":     {plain, map[string]any{"signalbox_tenant": "ACME"}, nil, signalbox.CodeForbidden, "names no tenant of this server"},
		"a tenant that is no slug":   {plain, map[string]any{"signalbox_tenant": "acme\n"}, nil, signalbox.CodeForbidden, "names no tenant of this server"},
		"no permissions":             {plain, map[string]any{"signalbox_permissions": nil}, nil, signalbox.CodeForbidden, "the token's claim signalbox_permissions gives no permission"},
		"no permission":              {plain, map[string]any{"signalbox_permissions": []string{}}, nil, signalbox.CodeForbidden, "gives no permission"},
		"unknown permissions":        {plain, map[string]any{"signalbox_permissions": []string{"events:delete", "admin", "*", "events:send:*"}}, nil, signalbox.CodeForbidden, "gives no permission"},
		"permissions as an object":   {plain, map[string]any{"signalbox_permissions": map[string]any{"events:read": true}}, nil, signalbox.CodeForbidden, "gives no permission"},
		"operator by itself":         {plain, map[string]any{"signalbox_permissions": []string{"operator"}}, nil, signalbox.CodeForbidden, "gives no permission"},
		"operator beside others":     {plain, map[string]any{"signalbox_permissions": "operator events:read"}, []string{"events:read"}, "", ""},
		"a map":                      {maps, map[string]any{"signalbox_tenant": "4711", "signalbox_permissions": "shop"}, []string{"events:send:order/*", "events:read"}, "", ""},
		"operator by the map":        {maps, map[string]any{"signalbox_tenant": "4711", "signalbox_permissions": "root"}, []string{"operator"}, "", ""},
		"operator beside the map":    {maps, map[string]any{"signalbox_tenant": "4711", "signalbox_permissions": "operator"}, nil, signalbox.CodeForbidden, "gives no permission"},
		"a permission in the map":    {maps, map[string]any{"signalbox_tenant": "4711", "signalbox_permissions": "tenant:admin"}, []string{"events:read"}, "", ""},
		"a permission beside it":     {maps, map[string]any{"signalbox_tenant": "4711", "signalbox_permissions": "types:write closed"}, []string{"types:write"}, "", ""},
		"a role that gives nothing":  {maps, map[string]any{"signalbox_tenant": "4711", "signalbox_permissions": "closed"}, nil, signalbox.CodeForbidden, "gives no permission"},
		"a slug beside the map":      {maps, map[string]any{"signalbox_tenant": "acme"}, nil, signalbox.CodeForbidden, "names no tenant of this server"},
		"a tenant that is gone":      {maps, map[string]any{"signalbox_tenant": "4712"}, nil, signalbox.CodeForbidden, "names no tenant of this server"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := issuer.config()
			c.config(cfg)
			r := newRig(t, clock.now, cfg)
			p, err := r.try(t, key.token(t, issuer.claims(clock.now(), c.claims), nil))
			if c.code != "" {
				refused(t, err, c.code, c.says)
				require.Zero(t, p)
				return
			}
			require.NoError(t, err)
			require.Equal(t, signalbox.Principal{Tenant: acme, Actor: "oidc alice", Permissions: can(t, c.want...)}, p)
		})
	}
}

func TestOIDCConfigRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*auth.OIDCConfig)
		says   string
	}{
		"no issuer":         {func(c *auth.OIDCConfig) { c.Issuer = "" }, "the OIDC issuer is missing"},
		"plain http":        {func(c *auth.OIDCConfig) { c.Issuer = "http://id.example.com" }, "is not an https URL; plain http is for issuers on loopback"},
		"loopback in name":  {func(c *auth.OIDCConfig) { c.Issuer = "http://localhost.example.com" }, "is not an https URL"},
		"loopback as user":  {func(c *auth.OIDCConfig) { c.Issuer = "http://localhost@id.example.com" }, "is no issuer's URL"},
		"no host":           {func(c *auth.OIDCConfig) { c.Issuer = "https:///x" }, "is no issuer's URL"},
		"a file":            {func(c *auth.OIDCConfig) { c.Issuer = "file:///etc/passwd" }, "is no issuer's URL"},
		"a query":           {func(c *auth.OIDCConfig) { c.Issuer = "https://id.example.com?x" }, "is no issuer's URL"},
		"a fragment":        {func(c *auth.OIDCConfig) { c.Issuer = "https://id.example.com#x" }, "is no issuer's URL"},
		"not a URL":         {func(c *auth.OIDCConfig) { c.Issuer = "https://[" }, "is no issuer's URL"},
		"no audience":       {func(c *auth.OIDCConfig) { c.Audience = "" }, "the OIDC audience is missing"},
		"HS256":             {func(c *auth.OIDCConfig) { c.Algorithms = []string{"RS256", "HS256"} }, `the OIDC algorithm "HS256" cannot be allowed: there are RS256`},
		"none":              {func(c *auth.OIDCConfig) { c.Algorithms = []string{"none"} }, `the OIDC algorithm "none" cannot be allowed`},
		"an empty one":      {func(c *auth.OIDCConfig) { c.Algorithms = []string{""} }, `the OIDC algorithm "" cannot be allowed`},
		"lower case":        {func(c *auth.OIDCConfig) { c.Algorithms = []string{"rs256"} }, `the OIDC algorithm "rs256" cannot be allowed`},
		"a slug in the map": {func(c *auth.OIDCConfig) { c.TenantMap = map[string]string{"x": "Not a slug"} }, `the OIDC tenant map gives "Not a slug" for "x", but a slug has 1 to 63`},
		"a role in the map": {func(c *auth.OIDCConfig) { c.RoleMap = map[string][]string{"x": {"root"}} }, `the OIDC role map has for "x" what is no permission: there is no permission "root"`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := &auth.OIDCConfig{Issuer: "https://id.example.com", Audience: audience}
			c.change(cfg)
			none := func(context.Context, signalbox.ID) (signalbox.Tenant, error) { return signalbox.Tenant{}, nil }
			_, err := auth.New(auth.Config{
				Keys: &memory{}, Tenant: none, TenantBySlug: func(string) (signalbox.Tenant, error) { return signalbox.Tenant{}, nil },
				OIDC: cfg, Now: time.Now, Logger: discard(),
			})
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func BenchmarkAuthenticateToken(b *testing.B) {
	for _, key := range []signer{rsaSigner("r1", 0), ecSigner(b, "e1"), edSigner(b, "d1")} {
		b.Run(string(key.algorithm), func(b *testing.B) {
			issuer := newIDP(b, key)
			clock := newClock()
			r := newRig(b, clock.now, issuer.config())
			header := "Bearer " + key.token(b, issuer.claims(clock.now(), nil), nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Authenticate(b.Context(), header); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
