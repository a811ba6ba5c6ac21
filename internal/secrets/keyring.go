package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// Overhead is by how many bytes a sealed value is longer than the plain one: the
// nonce before it, and the tag behind it.
const Overhead = 12 + 16

// errAltered is all that Open tells of a value that fails its check: nobody who
// sends one should learn at which byte.
var errAltered = errors.New("the value cannot be opened: it was altered, or sealed for another place")

// Keyring seals and opens. It never changes and may be used by many at once. However
// it is printed or logged, it shows no key; its keys' ids are no secret.
type Keyring struct {
	current string
	keys    map[string]key
}

type key struct{ aead cipher.AEAD }

func newKey(raw []byte) (key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, errors.New("is no AES key")
	}
	// Nonces are 96 random bits, put before the value. NIST SP 800-38D, section 8.3,
	// allows 2^32 values under one key then.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, errors.New("is no AES key")
	}
	return key{aead: aead}, nil
}

// Seal encrypts plain under the current key. The value opens with the same additional
// text only, which says where it belongs: "tenants/<id>/config". A nil keyring has
// nothing to seal with: ask Current first.
func (k *Keyring) Seal(plain []byte, additional string) (keyID string, sealed []byte) {
	return k.current, k.keys[k.current].aead.Seal(nil, nil, plain, []byte(additional)) //nolint:gosec // The nonce is the AEAD's own business, and random.
}

// Open is what was sealed under that key for that place. The error says which key is
// missing, or no more than that the value is not what was sealed.
func (k *Keyring) Open(keyID string, sealed []byte, additional string) ([]byte, error) {
	key, ok := k.lookup(keyID)
	if !ok {
		return nil, fmt.Errorf("the value is sealed with the key %q, which is not in the keyring: put the key back, behind the current one, until `signalbox secrets rotate` has run", keyID)
	}
	plain, err := key.aead.Open(nil, nil, sealed, []byte(additional))
	if err != nil {
		return nil, errAltered
	}
	return plain, nil
}

func (k *Keyring) lookup(id string) (key, bool) {
	if k == nil {
		return key{}, false
	}
	found, ok := k.keys[id]
	return found, ok
}

// Current is the id of the key that seals; "" where there is no keyring.
func (k *Keyring) Current() string {
	if k == nil {
		return ""
	}
	return k.current
}

// Has tells whether values under that key can be opened.
func (k *Keyring) Has(id string) bool {
	_, ok := k.lookup(id)
	return ok
}

// String lists the ids, the current one first.
func (k *Keyring) String() string {
	if k == nil {
		return "keyring[]"
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(k.keys)), func(id string) bool { return id == k.current })
	return "keyring[" + strings.Join(append([]string{k.current}, ids...), " ") + "]"
}

// Format is String under every verb, so that %+v and %#v reach no key.
func (k *Keyring) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, k.String()) // a printer has nobody to tell
}

// LogValue is String.
func (k *Keyring) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String, for JSON and all else that encodes.
func (k *Keyring) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
