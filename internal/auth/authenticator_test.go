package auth_test

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/auth"
	"github.com/signalbox/signalbox/internal/logtest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestKeyLetsIn(t *testing.T) {
	r := newRig(t, time.Now, nil)
	k, text := r.key(t, signalbox.KeyEdit{Name: "shop", Limits: signalbox.Limits{Rate: 5}})
	require.Regexp(t, `^sbx_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`, text)
	require.Contains(t, text, hex.EncodeToString(k.ID[:]))

	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		p, err := r.Authenticate(t.Context(), scheme+" "+text)
		require.NoError(t, err)
		require.Equal(t, signalbox.Principal{
			Tenant: acme, Actor: "key " + k.ID.String() + " (shop)", Permissions: k.Permissions,
			Key: k.ID, Limits: signalbox.Limits{Rate: 5},
		}, p)
	}

	_, text = r.key(t, signalbox.KeyEdit{})
	p, err := r.try(t, text)
	require.NoError(t, err)
	require.Equal(t, "key "+p.Key.String(), p.Actor)
}

func TestTenantIsThatOfNow(t *testing.T) {
	r := newRig(t, time.Now, nil)
	_, text := r.key(t, signalbox.KeyEdit{})
	changed := acme
	changed.Limits.Rate = 1
	r.tenants["acme"] = changed
	p, err := r.try(t, text)
	require.NoError(t, err)
	require.InDelta(t, 1, p.Tenant.Limits.Rate, 0)

	delete(r.tenants, "acme")
	_, err = r.try(t, text)
	refused(t, err, signalbox.CodeUnavailable, "the tenant is not ready in this process")
}

func TestHeader(t *testing.T) {
	r := newRig(t, time.Now, nil)
	_, key := r.key(t, signalbox.KeyEdit{})
	for name, c := range map[string]struct{ header, says string }{
		"none":            {"", "there are no credentials"},
		"basic":           {"Basic " + key, "is not one bearer credential"},
		"no scheme":       {key, "is not one bearer credential"},
		"scheme alone":    {"Bearer", "is not one bearer credential"},
		"nothing":         {"Bearer ", "is not one bearer credential"},
		"two spaces":      {"Bearer  " + key, "is not one bearer credential"},
		"space before":    {" Bearer " + key, "is not one bearer credential"},
		"space behind":    {"Bearer " + key + " ", "is not one bearer credential"},
		"tab":             {"Bearer\t" + key, "is not one bearer credential"},
		"two credentials": {"Bearer " + key + " " + key, "is not one bearer credential"},
		"comma":           {"Bearer " + key + "," + key, "is not one bearer credential"},
		"newline":         {"Bearer " + key + "\n", "is not one bearer credential"},
		"NUL":             {"Bearer " + key + "\x00", "is not one bearer credential"},
		"not ASCII":       {"Bearer sbx_é", "is not one bearer credential"},
		"Kelvin sign":     {"Bearer \u212a", "is not one bearer credential"},
		"long":            {"Bearer " + strings.Repeat("a", 17<<10), "is longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Authenticate(t.Context(), c.header)
			e := refusal(t, err, signalbox.CodeUnauthenticated, c.says)
			require.Contains(t, e.Message, "send the header Authorization: Bearer sbx_...")
			require.NotContains(t, err.Error(), key[len("sbx_"):])
		})
	}
}

// Nobody learns from an answer which part of a key was right, nor whether an id has a
// key.
func TestSameAnswer(t *testing.T) {
	r := newRig(t, time.Now, nil)
	k, key := r.key(t, signalbox.KeyEdit{})
	_, second := r.key(t, signalbox.KeyEdit{})
	revoked, revokedKey := r.key(t, signalbox.KeyEdit{})
	_, err := r.keys.Revoke(t.Context(), admin(acme), acme.ID, revoked.ID)
	require.NoError(t, err)
	secret, id := key[37:], hex.EncodeToString(k.ID[:])

	var answer *signalbox.Error
	for name, credential := range map[string]string{
		"unknown id":          "sbx_" + strings.Repeat("0", 32) + "_" + secret,
		"wrong secret":        "sbx_" + id + "_" + second[37:],
		"secret of zeros":     "sbx_" + id + "_" + strings.Repeat("A", 43),
		"revoked, no secret":  revokedKey[:37] + secret,
		"upper case":          "sbx_" + strings.ToUpper(id) + "_" + secret,
		"prefix":              "SBX_" + key[4:],
		"no prefix":           key[4:],
		"short":               key[:len(key)-1],
		"long":                key + "A",
		"padded":              key + "=",
		"trailing bits":       key[:len(key)-1] + string(nextBits(key[len(key)-1])),
		"standard base64":     "sbx_" + id + "_+" + secret[1:],
		"id as a UUID":        "sbx_" + k.ID.String() + "_" + secret,
		"other separator":     "sbx_" + id + "-" + secret,
		"the hash":            "sbx_" + id + "_" + strings.TrimRight(fmt.Sprintf("%x", k.Hash)[:43], "="),
		"the id alone":        id,
		"something else":      "hello",
		"a token, unexpected": "eyJhbGciOiJub25lIn0.e30.",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.try(t, credential)
			e := refusal(t, err, signalbox.CodeUnauthenticated, "these credentials are not valid here")
			require.NotContains(t, err.Error(), credential)
			if answer == nil {
				answer = e
			}
			require.Equal(t, answer, e)
		})
	}
}

// nextBits changes a digit of base64url in its last two bits, which the 43rd has no
// meaning in.
func nextBits(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[strings.IndexByte(digits, c)|1]
}

func TestSpentKeys(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	r := newRig(t, func() time.Time { return now }, nil)
	revoked, revokedKey := r.key(t, signalbox.KeyEdit{})
	rotated, rotatedKey := r.key(t, signalbox.KeyEdit{})
	_, expiring := r.key(t, signalbox.KeyEdit{ExpiresAt: now.Add(time.Second)})
	_, err := r.keys.Revoke(t.Context(), admin(acme), acme.ID, revoked.ID)
	require.NoError(t, err)
	successor, successorKey, err := r.keys.Rotate(t.Context(), admin(acme), acme.ID, rotated.ID, time.Second)
	require.NoError(t, err)

	for _, key := range []string{rotatedKey, successorKey, expiring} {
		_, err = r.try(t, key)
		require.NoError(t, err)
	}
	_, err = r.try(t, revokedKey)
	refused(t, err, signalbox.CodeUnauthenticated, "the key was revoked on 2026-11-21T12:00:00Z: ask")

	now = now.Add(time.Second)
	_, err = r.try(t, expiring)
	refused(t, err, signalbox.CodeUnauthenticated, "the key expired on 2026-11-21T12:00:01Z: ask")
	_, err = r.try(t, rotatedKey)
	refused(t, err, signalbox.CodeUnauthenticated, "expired on 2026-11-21T12:00:01Z: use the key "+successor.ID.String())
	_, err = r.try(t, successorKey)
	require.NoError(t, err)
}

func TestParseKey(t *testing.T) {
	r := newRig(t, time.Now, nil)
	k, key := r.key(t, signalbox.KeyEdit{})
	id, secret, ok := auth.ParseKey(key)
	require.True(t, ok)
	require.Equal(t, k.ID, id)
	require.Equal(t, k.Hash, secret.Hash())

	// Each character counts: whatever is put in its place, it is another key or none.
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(key)-1).Draw(t, "at")
		with := rapid.Byte().Draw(t, "with")
		if key[at] == with {
			return
		}
		id, secret, ok := auth.ParseKey(key[:at] + string([]byte{with}) + key[at+1:])
		if ok && id == k.ID && secret.Hash() == k.Hash {
			t.Fatal("the same key in another spelling")
		}
	})
}

func TestSecretIsNeverPrinted(t *testing.T) {
	r := newRig(t, time.Now, nil)
	_, key := r.key(t, signalbox.KeyEdit{})
	_, secret, _ := auth.ParseKey(key)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		require.Equal(t, "[secret]", fmt.Sprintf(verb, secret), verb)
		require.Equal(t, "[secret]", fmt.Sprintf(verb, &secret), verb)
	}
	require.Equal(t, "{[secret]}", fmt.Sprintf("%v", struct{ S auth.Secret }{secret}))
	log := &logtest.Log{}
	slog.New(slog.NewJSONHandler(log, nil)).Info("x", "secret", secret, "in", struct{ S auth.Secret }{secret})
	require.Contains(t, log.String(), `"secret":"[secret]","in":{"S":"[secret]"}`)
}

func TestNewRefuses(t *testing.T) {
	_, err := auth.New(auth.Config{})
	require.ErrorContains(t, err, "a part of the config is missing")
	_, err = auth.NewKeys(auth.KeysConfig{})
	require.ErrorContains(t, err, "a part of the config is missing")
	_, err = auth.NewTenants(auth.TenantsConfig{})
	require.ErrorContains(t, err, "a part of the config is missing")
}

func FuzzAuthenticate(f *testing.F) {
	r := newRig(f, time.Now, nil)
	_, key := r.key(f, signalbox.KeyEdit{})
	for _, seed := range []string{"", "Bearer ", "Bearer " + key[:40], "Bearer sbx_", "basic x", "Bearer eyJ.e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		_, err := r.Authenticate(t.Context(), header)
		if code := signalbox.ErrorCode(err); code != signalbox.CodeUnauthenticated {
			t.Fatalf("%q: %v", header, err)
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	r := newRig(b, time.Now, nil)
	_, key := r.key(b, signalbox.KeyEdit{Name: "shop"})
	header := "Bearer " + key
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := r.Authenticate(b.Context(), header); err != nil {
				b.Fatal(err)
			}
		}
	})
}
