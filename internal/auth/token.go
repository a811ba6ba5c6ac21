package auth

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// maxToken bounds a token's text, in characters.
	maxToken = 16 << 10
	// leeway is how far the issuer's clock may be ahead of ours. A token that has
	// expired gets none.
	leeway = time.Minute
)

// tokens makes principals of the issuer's tokens.
type tokens struct {
	cfg    *checkedOIDC
	issuer *issuer
	now    func() time.Time
	slug   func(string) (signalbox.Tenant, error)
}

func newTokens(c OIDCConfig, a Config) (*tokens, error) {
	checked, err := c.check()
	if err != nil {
		return nil, err
	}
	return &tokens{
		cfg: checked, now: a.Now, slug: a.TenantBySlug,
		issuer: &issuer{url: c.Issuer, client: issuerClient(c.HTTPClient), now: a.Now, log: a.Logger},
	}, nil
}

func (t *tokens) principal(ctx context.Context, text string) (signalbox.Principal, error) {
	claims, subject, err := t.verify(ctx, text)
	if err != nil {
		return signalbox.Principal{}, err
	}
	tenant, err := t.tenant(claims)
	if err != nil {
		return signalbox.Principal{}, err
	}
	permissions := t.permissions(claims)
	if len(permissions) == 0 {
		return signalbox.Principal{}, signalbox.Errorf(signalbox.CodeForbidden, "the token's claim %s gives no permission that is known here: have the issuer put one in, as events:read, or map its roles", t.cfg.PermissionsClaim)
	}
	return signalbox.Principal{Tenant: tenant, Actor: "oidc " + subject, Permissions: permissions}, nil
}

// verify gives the claims of a token that the issuer has signed for us and that is
// valid now, and whom it is about. What cannot be the issuer's own is refused without
// asking it anything.
func (t *tokens) verify(ctx context.Context, text string) (claims map[string]any, subject string, err error) {
	signed, err := jose.ParseSignedCompact(text, t.cfg.algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, "", refuse(err, "is neither a key nor a JSON Web Token that is signed by one of %s: %s", joinAlgorithms(t.cfg.algorithms), howToAuthenticate)
	}
	header := &signed.Signatures[0].Header
	if !isAccess(header.ExtraHeaders[jose.HeaderType]) {
		return nil, "", refuse(nil, "has a typ that is not for access: send an access token")
	}
	if claims, err = t.readClaims(signed.UnsafePayloadWithoutVerification()); err != nil {
		return nil, "", err
	}
	keys, err := t.issuer.keysFor(ctx, jose.SignatureAlgorithm(header.Algorithm), header.KeyID)
	if err != nil {
		return nil, "", err
	}
	if len(keys) == 0 {
		e := refuse(nil, "is signed by a key that its issuer does not have: get a new token")
		e.RetryAfter = t.issuer.untilNext()
		return nil, "", e
	}
	// From here on the library decides: the signature over these very bytes, the issuer,
	// the audience and the expiry.
	set := &oidc.StaticKeySet{PublicKeys: make([]crypto.PublicKey, len(keys))}
	for i := range keys {
		set.PublicKeys[i] = keys[i]
	}
	now := t.now()
	token, err := oidc.NewVerifier(t.cfg.Issuer, set, &oidc.Config{
		ClientID: t.cfg.Audience, SupportedSigningAlgs: t.cfg.Algorithms, Now: func() time.Time { return now },
	}).Verify(ctx, text)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		if _, ok := claims["exp"]; !ok {
			return nil, "", refuse(nil, "never expires: have the issuer put exp into it")
		}
		return nil, "", refuse(nil, "expired on %s: get a new one", expired.Expiry.UTC().Format(time.RFC3339))
	case err != nil:
		return nil, "", refuse(err, "is not one that %s has signed for the audience %s", t.cfg.Issuer, t.cfg.Audience)
	}
	if err := checkTimes(claims, now); err != nil {
		return nil, "", err
	}
	if signalbox.CheckText(token.Subject, maxSubject) != nil || token.Subject == "" {
		return nil, "", refuse(nil, "has no sub of 1 to %d characters that can be printed", maxSubject)
	}
	return claims, token.Subject, nil
}

// readClaims decodes what is not trusted yet, and looks whether it is for us to check.
func (t *tokens) readClaims(raw []byte) (map[string]any, error) {
	// Two decoders read the claims, this one and the library's: what they could
	// understand differently does not get past the gate.
	if err := payload.Check(raw, payload.DefaultLimits()); err != nil || !payload.IsObject(raw) {
		return nil, refuse(err, "has claims that are not one good JSON object")
	}
	claims, _ := payload.Decode(raw).(map[string]any)
	for name := range claims {
		if registered, similar := readsAs(name); similar {
			return nil, refuse(nil, "has a claim that reads as %s and is written otherwise: have the issuer take it out", registered)
		}
	}
	if claims["iss"] != t.cfg.Issuer {
		return nil, refuse(nil, "is of another issuer: get one of %s", t.cfg.Issuer)
	}
	return claims, nil
}

// readsAs tells whether the library, which reads names of claims in any case, takes
// that name for one of its own that is written otherwise.
func readsAs(name string) (registered string, similar bool) {
	for _, registered := range []string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "_claim_names", "_claim_sources"} {
		if name != registered && strings.EqualFold(name, registered) {
			return registered, true
		}
	}
	return "", false
}

// isAccess tells whether a token with that typ may be shown here. Others, such as
// logout tokens, are signed by the same keys (RFC 8725, section 3.11).
func isAccess(typ any) bool {
	if typ == nil {
		return true
	}
	name, ok := typ.(string)
	name = strings.TrimPrefix(strings.ToLower(name), "application/")
	return ok && (name == "jwt" || name == "at+jwt")
}

// checkTimes looks at nbf and iat, where they are there.
func checkTimes(claims map[string]any, now time.Time) error {
	for _, name := range []string{"nbf", "iat"} {
		value, there := claims[name]
		if !there {
			continue
		}
		number, ok := value.(json.Number)
		if !ok {
			return refuse(nil, "has an %s that is not a time in seconds", name)
		}
		seconds, err := number.Float64()
		if err != nil {
			return refuse(nil, "has an %s that is not a time in seconds", name)
		}
		if seconds > float64(now.Add(leeway).Unix()) {
			return refuse(nil, "is not valid yet, by its %s: wait, or have the clocks set right", name)
		}
	}
	return nil
}

// refuse is UNAUTHENTICATED, in a sentence about the token. The cause, which may quote
// some of it, is cut.
func refuse(cause error, format string, args ...any) *signalbox.Error {
	e := signalbox.Errorf(signalbox.CodeUnauthenticated, "the token "+format, args...)
	if cause != nil {
		e.Err = shorten(cause)
	}
	return e
}
