package secrets_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/signalbox/signalbox/internal/secrets"
)

const place = "tenants/018f4b7e-0000-7000-8000-000000000001/config"

func generate(t *testing.T, id string) string {
	t.Helper()
	entry, err := secrets.Generate(id)
	require.NoError(t, err)
	return entry
}

func ring(t *testing.T, entries ...string) *secrets.Keyring {
	t.Helper()
	k, err := secrets.Parse(strings.Join(entries, ","))
	require.NoError(t, err)
	return k
}

func TestSealOpens(t *testing.T) {
	k := ring(t, generate(t, "k1"))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		where := rapid.String().Draw(t, "where")
		id, sealed := k.Seal(plain, where)
		if id != "k1" || len(sealed) != len(plain)+secrets.Overhead {
			t.Fatalf("sealed under %q as %d bytes of %d", id, len(sealed), len(plain))
		}
		opened, err := k.Open(id, sealed, where)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("opened %x, %v", opened, err)
		}
		if other := rapid.String().Draw(t, "other"); other != where {
			if _, err := k.Open(id, sealed, other); err == nil {
				t.Fatal("it opens in another place")
			}
		}
		bit := rapid.IntRange(0, len(sealed)*8-1).Draw(t, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := k.Open(id, sealed, where); err == nil {
			t.Fatal("it opens with a bit flipped")
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	k := ring(t, generate(t, "k1"), generate(t, "k2"))
	id, sealed := k.Seal([]byte(`{"token":"canary"}`), place)
	for name, c := range map[string]struct {
		id     string
		sealed []byte
		place  string
	}{
		"another tenant's row": {id, sealed, strings.Replace(place, "0001", "0002", 1)},
		"another column":       {id, sealed, strings.Replace(place, "config", "secret", 1)},
		"no place":             {id, sealed, ""},
		"another key":          {"k2", sealed, place},
		"truncated":            {id, sealed[:len(sealed)-1], place},
		"prolonged":            {id, append(bytes.Clone(sealed), 0), place},
		"without its nonce":    {id, sealed[12:], place},
		"too short":            {id, sealed[:27], place},
		"the nonce alone":      {id, sealed[:12], place},
		"nothing":              {id, nil, place},
	} {
		t.Run(name, func(t *testing.T) {
			plain, err := k.Open(c.id, c.sealed, c.place)
			require.EqualError(t, err, "the value cannot be opened: it was altered, or sealed for another place")
			require.Nil(t, plain)
		})
	}
}

func TestKeyMissing(t *testing.T) {
	k := ring(t, generate(t, "k2"))
	_, err := k.Open("k1", make([]byte, 64), place)
	require.EqualError(t, err, "the value is sealed with the key \"k1\", which is not in the keyring: put the key back, behind the current one, until `signalbox secrets rotate` has run")
	require.False(t, k.Has("k1"))
	require.True(t, k.Has("k2"))

	var none *secrets.Keyring
	_, err = none.Open("k1", make([]byte, 64), place)
	require.ErrorContains(t, err, `the key "k1", which is not in the keyring`)
	require.Empty(t, none.Current())
	require.False(t, none.Has("k1"))
	require.Equal(t, "keyring[]", fmt.Sprint(none))
}

func TestRotation(t *testing.T) {
	older, newer := generate(t, "2026-01"), generate(t, "2026-11")
	id, sealed := ring(t, older).Seal([]byte("x"), place)

	both := ring(t, newer, older)
	require.Equal(t, "2026-11", both.Current())
	plain, err := both.Open(id, sealed, place)
	require.NoError(t, err)
	require.Equal(t, "x", string(plain))

	id, sealed = both.Seal(plain, place)
	require.Equal(t, "2026-11", id)
	_, err = ring(t, newer).Open(id, sealed, place)
	require.NoError(t, err)
}

func TestNonceIsFresh(t *testing.T) {
	k := ring(t, generate(t, "k1"))
	seen := make(map[string]bool)
	for range 10_000 {
		_, sealed := k.Seal([]byte("same"), place)
		nonce := string(sealed[:12])
		require.False(t, seen[nonce])
		seen[nonce] = true
	}
}

func TestParse(t *testing.T) {
	good := bytes.Repeat([]byte{1, 2, 3, 4}, 8)
	padded := base64.StdEncoding.EncodeToString(good)
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{5, 6, 7, 8}, 8))
	for name, c := range map[string]struct{ text, want, current string }{
		"none":              {"", "", ""},
		"white space":       {" \n", "", ""},
		"one":               {"k1:" + padded, "", "k1"},
		"unpadded":          {"k1:" + strings.TrimRight(padded, "="), "", "k1"},
		"several":           {"k2:" + other + ", k1:" + padded, "", "k2"},
		"lines":             {"k2:" + other + "\nk1:" + padded + "\n", "", "k2"},
		"no id":             {padded, "entry 1 of the keyring is not <id>:<key>, with the key's 32 bytes in base64: generate one", ""},
		"empty id":          {":" + padded, "entry 1 of the keyring has an id that is not 1 to 32 of the characters a to z, 0 to 9 and -", ""},
		"the key as the id": {padded + ":k1", "entry 1 of the keyring has an id that is not 1 to 32 of the characters a to z, 0 to 9 and -", ""},
		"long id":           {strings.Repeat("a", 33) + ":" + padded, "entry 1 of the keyring has an id that is not 1 to 32 of the characters a to z, 0 to 9 and -", ""},
		"short key":         {"k1:" + base64.StdEncoding.EncodeToString(good[:31]), `entry 1 of the keyring has a key that is not 32 bytes in base64: generate one`, ""},
		"changed places":    {"000102030405060708090a0b0c0d0e0f:k1", `entry 1 of the keyring has a key that is not 32 bytes in base64: generate one`, ""},
		"hex":               {"k1:" + fmt.Sprintf("%x", good), `entry 1 of the keyring has a key that is not 32 bytes in base64: generate one`, ""},
		"trailing bits":     {"k1:" + padded[:42] + "B=", `entry 1 of the keyring has a key that is not 32 bytes in base64: generate one`, ""},
		"zeros":             {"k1:" + base64.StdEncoding.EncodeToString(make([]byte, 32)), `entry 1 of the keyring with the id "k1" has a key that is one byte over and over: generate one`, ""},
		"id twice":          {"k1:" + padded + ",k1:" + other, `entry 2 of the keyring has the id "k1", which another has already: give each key an id of its own`, ""},
		"key twice":         {"k1:" + padded + ",k2:" + padded, `entry 2 of the keyring, "k2", is another's key once more: generate a new one`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := secrets.Parse(c.text)
			if c.want != "" {
				require.EqualError(t, err, c.want)
				require.Nil(t, k)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.current, k.Current())
			require.Equal(t, c.current == "", k == nil)
		})
	}
}

func TestErrorsShowNoKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// A key's text, cut or put where it does not belong.
		entry, err := secrets.Generate("k1")
		if err != nil {
			t.Fatal(err)
		}
		_, key, _ := strings.Cut(entry, ":")
		text := rapid.SampledFrom([]string{"", "k1:", "K1:", ":", key + ":"}).Draw(t, "before") +
			key[rapid.IntRange(0, 8).Draw(t, "from"):rapid.IntRange(34, len(key)).Draw(t, "to")] +
			rapid.SampledFrom([]string{"", ":k1", "!", ",k1"}).Draw(t, "after")
		if _, err = secrets.Parse(text); err == nil {
			return
		}
		for i := 8; i+6 <= 34; i++ {
			if strings.Contains(err.Error(), key[i:i+6]) {
				t.Fatalf("the error shows part of the key: %v", err)
			}
		}
	})
}

func TestGenerate(t *testing.T) {
	a, b := generate(t, "k1"), generate(t, "k1")
	require.NotEqual(t, a, b)
	_, err := secrets.Generate("K 1")
	require.EqualError(t, err, "the new key has an id that is not 1 to 32 of the characters a to z, 0 to 9 and -")
}

func TestKeyringIsNeverPrinted(t *testing.T) {
	k := ring(t, generate(t, "k2"), generate(t, "k1"))
	const shown = "keyring[k2 k1]"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		require.Equal(t, shown, fmt.Sprintf(verb, k), verb)
	}
	within, err := json.Marshal(map[string]any{"keyring": k})
	require.NoError(t, err)
	require.JSONEq(t, `{"keyring":"`+shown+`"}`, string(within))

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "keyring", k)
	require.Contains(t, log.String(), `"keyring":"`+shown+`"`)
}
