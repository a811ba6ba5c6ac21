package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// KeyStore is where API keys are looked up.
type KeyStore interface {
	// KeyByID finds a key, whatever its tenant and whether or not it is valid still;
	// NOT_FOUND where there is none.
	KeyByID(ctx context.Context, id signalbox.ID) (signalbox.APIKey, error)
	// TouchKeys records when keys were last used. A key that is gone is no error.
	TouchKeys(ctx context.Context, used map[signalbox.ID]time.Time) error
}

// Config is what an Authenticator is made of. All but OIDC is needed.
type Config struct {
	Keys KeyStore
	// Tenant and TenantBySlug give a tenant with its settings of now, from memory;
	// NOT_FOUND where it is not known.
	Tenant       func(context.Context, signalbox.ID) (signalbox.Tenant, error)
	TenantBySlug func(string) (signalbox.Tenant, error)
	// OIDC is the issuer whose tokens are taken; nil takes none.
	OIDC   *OIDCConfig
	Now    func() time.Time
	Logger *slog.Logger
}

// Authenticator says who is calling.
type Authenticator struct {
	cfg    Config
	keys   *keyCache
	uses   *uses
	tokens *tokens // nil where there is no issuer
	// nobody is compared with where there is no such key, so that the time of an
	// answer does not tell whether there is.
	nobody [32]byte
}

// New refuses a config with a part missing, or with an issuer that cannot be right. It
// asks the issuer nothing: that happens when the first token comes.
func New(cfg Config) (*Authenticator, error) {
	if cfg.Keys == nil || cfg.Tenant == nil || cfg.TenantBySlug == nil || cfg.Now == nil || cfg.Logger == nil {
		return nil, errors.New("auth.New: a part of the config is missing")
	}
	keys, err := newKeyCache(cfg.Keys, cfg.Now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	a := &Authenticator{cfg: cfg, keys: keys, uses: newUses(cfg.Keys, cfg.Logger)}
	if cfg.OIDC != nil {
		if a.tokens, err = newTokens(*cfg.OIDC, cfg); err != nil {
			return nil, err
		}
	}
	rand.Read(a.nobody[:]) // which never fails: the process ends instead
	return a, nil
}

// Authenticate makes a principal of the value of an Authorization header.
//
// UNAUTHENTICATED says what to send. It is the same for a key that is malformed, one
// that is unknown and one whose secret is wrong. FORBIDDEN is for a good token that
// gives no tenant or no permission here. UNAVAILABLE and OVERLOADED say when to try
// again: neither says anything about the credential.
func (a *Authenticator) Authenticate(ctx context.Context, header string) (signalbox.Principal, error) {
	credential, err := bearer(header)
	if err != nil {
		return signalbox.Principal{}, err
	}
	if a.tokens != nil && !strings.HasPrefix(credential, keyPrefix) {
		return a.tokens.principal(ctx, credential)
	}
	return a.byKey(ctx, credential)
}

func (a *Authenticator) byKey(ctx context.Context, text string) (signalbox.Principal, error) {
	id, secret, ok := ParseKey(text)
	if !ok {
		return signalbox.Principal{}, errBadKey()
	}
	e, err := a.keys.get(ctx, id)
	if err != nil {
		return signalbox.Principal{}, err
	}
	want := &a.nobody
	if e != nil {
		want = &e.key.Hash
	}
	hash := secret.Hash()
	if subtle.ConstantTimeCompare(hash[:], want[:]) != 1 || e == nil {
		return signalbox.Principal{}, errBadKey()
	}
	now := a.cfg.Now()
	if !e.key.Valid(now) {
		return signalbox.Principal{}, errSpent(&e.key)
	}
	tenant, err := a.cfg.Tenant(ctx, e.key.Tenant)
	if err != nil {
		return signalbox.Principal{}, errNoTenantYet(err)
	}
	if e.firstUse(now) {
		a.uses.note(id, now)
	}
	return signalbox.Principal{
		Tenant: tenant, Actor: e.actor, Permissions: e.key.Permissions, Key: id, Limits: e.key.Limits,
	}, nil
}

// Forget drops what is remembered of a key, so that its next use asks the store.
func (a *Authenticator) Forget(id signalbox.ID) { a.keys.forget(id) }

// Run writes last uses in batches until ctx ends, and once more then.
func (a *Authenticator) Run(ctx context.Context) { a.uses.run(ctx) }

// maxHeader bounds the header's value: a token, and the scheme before it.
const maxHeader = maxToken + len("Bearer ")

// bearer takes the credential out of the header (RFC 6750, section 2.1): the scheme in
// either case, one space, and the credential.
func bearer(header string) (string, error) {
	switch {
	case header == "":
		return "", signalbox.Errorf(signalbox.CodeUnauthenticated, "there are no credentials: %s", howToAuthenticate)
	case len(header) > maxHeader:
		return "", signalbox.Errorf(signalbox.CodeUnauthenticated, "the Authorization header is longer than %d characters: %s", maxHeader, howToAuthenticate)
	}
	scheme, credential, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || credential == "" || strings.ContainsFunc(credential, notInToken) {
		return "", signalbox.Errorf(signalbox.CodeUnauthenticated, "the Authorization header is not one bearer credential: %s", howToAuthenticate)
	}
	return credential, nil
}

// notInToken is for all but the characters of a b64token (RFC 6750, section 2.1).
func notInToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~+/=", r)
}
