package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestKeysRotate(t *testing.T) {
	older, newer := rsaSigner("k1", 0), rsaSigner("k2", 1)
	issuer := newIDP(t, older)
	clock := newClock()
	r := newRig(t, clock.now, issuer.config())
	token := func(s signer) string { return s.token(t, issuer.claims(clock.now(), nil), nil) }

	_, err := r.try(t, token(older))
	require.NoError(t, err)
	// A new key is found at the first token that names it.
	issuer.publish(older, newer)
	clock.advance(time.Second)
	_, err = r.try(t, token(newer))
	require.NoError(t, err)
	_, err = r.try(t, token(older))
	require.NoError(t, err)
	require.EqualValues(t, 2, issuer.fetches.Load())

	// One that is withdrawn counts for five minutes, and until the answer then is here.
	issuer.publish(newer)
	clock.advance(5 * time.Minute)
	require.Eventually(t, func() bool {
		_, err := r.try(t, token(older))
		return signalbox.ErrorCode(err) == signalbox.CodeUnauthenticated
	}, 10*time.Second, time.Millisecond)
	_, err = r.try(t, token(newer))
	require.NoError(t, err)

	// One that takes another's name is found as well, later.
	again := rsaSigner("k2", 2)
	issuer.publish(again)
	_, err = r.try(t, token(again))
	refused(t, err, signalbox.CodeUnauthenticated, "is not one that")
	clock.advance(5 * time.Minute)
	require.Eventually(t, func() bool { _, err := r.try(t, token(again)); return err == nil }, 10*time.Second, time.Millisecond)
}

func TestNamelessKeysRotate(t *testing.T) {
	older, newer := rsaSigner("", 0), rsaSigner("", 1)
	issuer := newIDP(t, older)
	clock := newClock()
	r := newRig(t, clock.now, issuer.config())
	token := func(s signer) string { return s.token(t, issuer.claims(clock.now(), nil), nil) }
	_, err := r.try(t, token(older))
	require.NoError(t, err)
	issuer.publish(newer)
	_, err = r.try(t, token(newer))
	refused(t, err, signalbox.CodeUnauthenticated, "is not one that")
	clock.advance(30 * time.Second)
	_, err = r.try(t, token(newer))
	require.NoError(t, err)
	_, err = r.try(t, token(older))
	refused(t, err, signalbox.CodeUnauthenticated, "is not one that")
}

// Whoever sends tokens at will makes us ask the issuer once a second at the most, and
// in nobody's way.
func TestIssuerIsNotHammered(t *testing.T) {
	key := rsaSigner("k1", 0)
	issuer := newIDP(t, key)
	clock := newClock()
	r := newRig(t, clock.now, issuer.config())
	claims := issuer.claims(clock.now(), map[string]any{"exp": clock.now().Add(time.Hour).Unix()})
	good := key.token(t, claims, nil)
	_, err := r.try(t, good)
	require.NoError(t, err)
	for range 5 {
		clock.advance(time.Second)
		var group sync.WaitGroup
		for n := range 20 {
			group.Go(func() {
				_, err := r.try(t, rsaSigner("x"+string(rune('a'+n)), 1).token(t, claims, nil))
				if e := signalbox.AsError(err); e == nil || e.Code != signalbox.CodeUnauthenticated || e.RetryAfter <= 0 {
					t.Errorf("%v", err)
				}
				_, err = r.try(t, rsaSigner("k1", 1).token(t, claims, nil))
				if signalbox.ErrorCode(err) != signalbox.CodeUnauthenticated {
					t.Errorf("%v", err)
				}
				if _, err = r.try(t, good); err != nil {
					t.Errorf("%v", err)
				}
			})
		}
		group.Wait()
	}
	require.EqualValues(t, 6, issuer.fetches.Load())
	require.EqualValues(t, 6, issuer.discoveries.Load())
}

// What is not the issuer's by its own words does not make us ask.
func TestIssuerIsNotAskedForOthers(t *testing.T) {
	key := rsaSigner("k1", 0)
	issuer := newIDP(t, key)
	clock := newClock()
	r := newRig(t, clock.now, issuer.config())
	for _, token := range []string{
		"x", "a.b.c", key.token(t, issuer.claims(clock.now(), map[string]any{"iss": "https://else.example"}), nil),
		forge(t, map[string]any{"alg": "HS256"}, issuer.claims(clock.now(), nil), hs256(nil)),
	} {
		_, err := r.try(t, token)
		refused(t, err, signalbox.CodeUnauthenticated, "the token ")
	}
	require.Zero(t, issuer.discoveries.Load())
}

func TestIssuerAway(t *testing.T) {
	key := rsaSigner("k1", 0)
	issuer := newIDP(t, key)
	clock := newClock()
	r := newRig(t, clock.now, issuer.config()) // which does not ask
	claims := issuer.claims(clock.now(), map[string]any{"exp": clock.now().Add(24 * time.Hour).Unix()})
	good, unknown := key.token(t, claims, nil), rsaSigner("k2", 1).token(t, claims, nil)
	down := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	issuer.instead(down, nil)

	// The first tokens, and no more questions than the gaps allow: at 0, 1, 3, 7 and 15 s.
	for range 200 {
		_, err := r.try(t, good)
		e := refusal(t, err, signalbox.CodeUnavailable, "its issuer does not answer as it should")
		require.LessOrEqual(t, e.RetryAfter, 10*time.Second)
		clock.advance(100 * time.Millisecond)
	}
	require.EqualValues(t, 5, issuer.discoveries.Load())
	require.Contains(t, r.log.String(), "the keys of the OIDC issuer cannot be had")
	require.NotContains(t, r.log.String(), good)

	issuer.instead(nil, nil)
	clock.advance(10 * time.Second)
	_, err := r.try(t, good)
	require.NoError(t, err)

	// Away again: its keys are known for an hour.
	issuer.instead(nil, down)
	clock.advance(time.Minute)
	_, err = r.try(t, unknown)
	refused(t, err, signalbox.CodeUnavailable, "its issuer does not answer as it should")
	for range 58 {
		_, err = r.try(t, good)
		require.NoError(t, err)
		clock.advance(time.Minute)
	}
	clock.advance(time.Minute)
	_, err = r.try(t, good)
	refused(t, err, signalbox.CodeUnavailable, "its issuer does not answer as it should")

	issuer.instead(nil, nil)
	clock.advance(10 * time.Second)
	_, err = r.try(t, good)
	require.NoError(t, err)
}

func TestIssuerAnswersBadly(t *testing.T) {
	key := rsaSigner("k1", 0)
	clock := newClock()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	set := func(keys ...jose.JSONWebKey) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: keys})
		}
	}
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s)) }
	}
	var redirected atomic.Int64
	elsewhere := newIDP(t, key)
	elsewhere.instead(nil, func(http.ResponseWriter, *http.Request) { redirected.Add(1) })
	many := make([]jose.JSONWebKey, 65)
	for i := range many {
		many[i] = jose.JSONWebKey{Key: key.key.Public(), KeyID: "k1"}
	}
	for name, c := range map[string]struct {
		discovery func(*idp) http.HandlerFunc
		set       http.HandlerFunc
		logs      string
	}{
		"another issuer":           {func(i *idp) http.HandlerFunc { return describe(i, "https://else.example", i.URL+"/keys") }, nil, "issuer"},
		"the issuer and a slash":   {func(i *idp) http.HandlerFunc { return describe(i, i.issuer()+"/", i.URL+"/keys") }, nil, "issuer"},
		"no jwks_uri":              {func(i *idp) http.HandlerFunc { return describe(i, i.issuer(), "") }, nil, "no jwks_uri that is a URL"},
		"a jwks_uri that is plain": {func(i *idp) http.HandlerFunc { return describe(i, i.issuer(), "http://id.example.com/keys") }, nil, "not https"},
		"a jwks_uri that is local": {func(i *idp) http.HandlerFunc { return describe(i, i.issuer(), "file:///etc/keys") }, nil, "no jwks_uri that is a URL"},
		"no discovery":             {func(*idp) http.HandlerFunc { return http.NotFound }, nil, "404"},
		"discovery that is HTML":   {func(*idp) http.HandlerFunc { return text("<html>" + strings.Repeat("x", 1000)) }, nil, "discovery"},
		"discovery elsewhere":      {func(*idp) http.HandlerFunc { return redirect(elsewhere.URL + discoveryPath) }, nil, "302"},
		"great discovery":          {func(*idp) http.HandlerFunc { return text(strings.Repeat(" ", 10<<20)) }, nil, "too large"},
		"keys elsewhere":           {nil, redirect(elsewhere.URL + "/keys"), "status 302"},
		"keys with a fault":        {nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "status 500"},
		"10 MB of keys":            {nil, text(`{"keys":[` + strings.Repeat(`{"kty":"RSA"},`, 10<<20/14) + `{}]}`), "too large"},
		"10 MB in one key":         {nil, text(`{"keys":[{"kid":"` + strings.Repeat("x", 10<<20) + `"}]}`), "too large"},
		"no JSON":                  {nil, text("keys"), "cannot be read"},
		"another JSON":             {nil, text(`{"keys":{}}`), "cannot be read"},
		"no keys":                  {nil, text(`{}`), "no key that signs"},
		"many keys":                {nil, set(many...), "has 65 keys; the limit is 64"},
		"a symmetric key":          {nil, set(jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "k1"}), "no key that signs"},
		"a private key":            {nil, set(jose.JSONWebKey{Key: key.key, KeyID: "k1"}), "no key that signs"},
		"a key that encrypts":      {nil, set(jose.JSONWebKey{Key: key.key.Public(), KeyID: "k1", Use: "enc"}), "no key that signs"},
		"a weak key":               {nil, set(jose.JSONWebKey{Key: weak.Public(), KeyID: "k1"}), "no key that signs"},
		"an unknown kind of key":   {nil, text(`{"keys":[{"kty":"QTM","kid":"k1"}]}`), "no key that signs"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := newIDP(t, key)
			r := newRig(t, clock.now, issuer.config())
			token := key.token(t, issuer.claims(clock.now(), nil), nil)
			var discovery http.HandlerFunc
			if c.discovery != nil {
				discovery = c.discovery(issuer)
			}
			issuer.instead(discovery, c.set)
			_, err := r.try(t, token)
			e := refusal(t, err, signalbox.CodeUnavailable, "its issuer does not answer as it should")
			require.ErrorContains(t, e.Err, c.logs)
			require.Less(t, len(r.log.String()), 1000)

			issuer.instead(nil, nil)
			clock.advance(time.Second)
			_, err = r.try(t, token)
			require.NoError(t, err)
		})
	}
	require.Zero(t, redirected.Load())
	require.Zero(t, elsewhere.discoveries.Load())
}

func describe(i *idp, issuer, keys string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { i.describe(w, issuer, keys) }
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// Keys that say nothing to us do not spoil those that do.
func TestKeySetOfAllKinds(t *testing.T) {
	key := ecSigner(t, "e1")
	issuer := newIDP(t, key)
	clock := newClock()
	public, err := json.Marshal(jose.JSONWebKey{Key: key.key.Public(), KeyID: "e1"})
	require.NoError(t, err)
	issuer.instead(nil, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed448","x":"AA"},{"kty":"oct","k":"AAAA","kid":"e1"},7,{},` + string(public) + `],"more":1}`))
	})
	r := newRig(t, clock.now, issuer.config())
	_, err = r.try(t, key.token(t, issuer.claims(clock.now(), nil), nil))
	require.NoError(t, err)
}

// A key is for algorithms of its own kind, whether or not the set says so.
func TestKeySetWithoutAlgorithms(t *testing.T) {
	one, two := rsaSigner("r1", 0), ecSigner(t, "e1")
	issuer := newIDP(t)
	issuer.instead(nil, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: one.key.Public(), KeyID: "r1"}, {Key: two.key.Public(), KeyID: "e1"}}})
	})
	clock := newClock()
	r := newRig(t, clock.now, issuer.config())
	claims := issuer.claims(clock.now(), nil)
	for _, good := range []signer{one, two} {
		_, err := r.try(t, good.token(t, claims, nil))
		require.NoError(t, err)
	}
	for _, forged := range []signer{{"e1", jose.RS256, one.key}, {"r1", jose.ES256, two.key}} {
		_, err := r.try(t, forged.token(t, claims, nil))
		refused(t, err, signalbox.CodeUnauthenticated, "is signed by a key that its issuer does not have")
	}
}

func TestIssuerHangs(t *testing.T) {
	key := rsaSigner("k1", 0)
	issuer := newIDP(t, key)
	clock := newClock()
	cfg := issuer.config()
	cfg.HTTPClient = &http.Client{Timeout: 50 * time.Millisecond}
	r := newRig(t, clock.now, cfg)
	done := make(chan struct{})
	defer close(done)
	issuer.instead(nil, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	})
	_, err := r.try(t, key.token(t, issuer.claims(clock.now(), nil), nil))
	refused(t, err, signalbox.CodeUnavailable, "its issuer does not answer as it should")
}
