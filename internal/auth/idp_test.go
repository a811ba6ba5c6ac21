package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/auth"
)

// idp is an issuer as there are many: discovery, a key set, and tokens.
type idp struct {
	*httptest.Server
	mu     sync.Mutex
	public []jose.JSONWebKey
	// discovery and set answer in place of the good ones, where they are there.
	discovery, set http.HandlerFunc
	// fetches counts how often the key set was asked for, and others what else was.
	fetches, discoveries, others atomic.Int64
}

const (
	audience      = "signalbox"
	discoveryPath = "/realm/.well-known/openid-configuration"
)

func newIDP(t testing.TB, keys ...signer) *idp {
	t.Helper()
	i := &idp{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+discoveryPath, func(w http.ResponseWriter, r *http.Request) {
		i.discoveries.Add(1)
		i.mu.Lock()
		instead := i.discovery
		i.mu.Unlock()
		if instead != nil {
			instead(w, r)
			return
		}
		i.describe(w, i.issuer(), i.URL+"/keys")
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		i.mu.Lock()
		instead, set := i.set, jose.JSONWebKeySet{Keys: i.public}
		i.mu.Unlock()
		if instead != nil {
			instead(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(set)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		i.others.Add(1)
		w.WriteHeader(http.StatusNotFound)
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	i.publish(keys...)
	return i
}

func (i *idp) issuer() string { return i.URL + "/realm" }

func (i *idp) describe(w http.ResponseWriter, issuer, keys string) {
	_ = json.NewEncoder(w).Encode(map[string]any{
		"issuer": issuer, "jwks_uri": keys, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		// None of these widens what is allowed.
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	})
}

func (i *idp) publish(keys ...signer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.public = nil
	for _, k := range keys {
		i.public = append(i.public, jose.JSONWebKey{Key: k.key.Public(), KeyID: k.kid, Algorithm: string(k.algorithm), Use: "sig"})
	}
}

func (i *idp) instead(discovery, set http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.discovery, i.set = discovery, set
}

// claims are a good token's; nil takes one away.
func (i *idp) claims(now time.Time, changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": i.issuer(), "aud": audience, "sub": "alice", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"signalbox_tenant": "acme", "signalbox_permissions": []string{"events:read", "events:send:order/*"},
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func (i *idp) config() *auth.OIDCConfig {
	return &auth.OIDCConfig{Issuer: i.issuer(), Audience: audience}
}

// signer is one of the issuer's keys, or somebody else's.
type signer struct {
	kid       string
	algorithm jose.SignatureAlgorithm
	key       crypto.Signer
}

var rsaKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 3)
	for i := range keys {
		keys[i], _ = rsa.GenerateKey(rand.Reader, 2048) // it never fails with rand.Reader
	}
	return keys
})

func rsaSigner(kid string, n int) signer { return signer{kid, jose.RS256, rsaKeys()[n]} }

func ecSigner(t testing.TB, kid string) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return signer{kid, jose.ES256, key}
}

func edSigner(t testing.TB, kid string) signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return signer{kid, jose.EdDSA, key}
}

// token signs as an issuer does. The header gets what is in extra besides.
func (s signer) token(t testing.TB, claims any, extra map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	for k, v := range extra {
		options.WithHeader(jose.HeaderKey(k), v)
	}
	var key any = s.key
	if s.kid != "" {
		key = jose.JSONWebKey{Key: s.key, KeyID: s.kid}
	}
	with, err := jose.NewSigner(jose.SigningKey{Algorithm: s.algorithm, Key: key}, options)
	require.NoError(t, err)
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	return compact(t, with, text)
}

func compact(t testing.TB, with jose.Signer, payload []byte) string {
	t.Helper()
	signed, err := with.Sign(payload)
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

// forge writes a token by hand, which no library would.
func forge(t testing.TB, header map[string]any, claims any, sign func(text string) []byte) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(header) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
}

func hs256(secret []byte) func(string) []byte {
	return func(text string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
}

// clock is set by the test.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time { return time.Unix(0, c.at.Load()).UTC() }

func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }
