package secrets

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

const (
	keyBytes = 32 // AES-256
	maxID    = 32
)

var errNoColon = errors.New("is not <id>:<key>, with the key's 32 bytes in base64: generate one")

// Parse reads a keyring: entries "<id>:<base64 of 32 bytes>" with white space or
// commas between them. The first is the current key, which seals; the others only
// open. No text gives nil: there is no key. An error names an entry by its place,
// and by its id where its key is one; it never holds what could be a key.
func Parse(text string) (*Keyring, error) {
	entries := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(entries) == 0 {
		return nil, nil // No text is no keyring, which is what the caller asks by it.
	}
	k := &Keyring{keys: make(map[string]key, len(entries))}
	raws := make([][]byte, 0, len(entries))
	for i, entry := range entries {
		id, raw, err := parseEntry(entry)
		if err != nil {
			return nil, fmt.Errorf("entry %d of the keyring %w", i+1, err)
		}
		if _, there := k.keys[id]; there {
			return nil, fmt.Errorf("entry %d of the keyring has the id %q, which another has already: give each key an id of its own", i+1, id)
		}
		for _, other := range raws {
			if subtle.ConstantTimeCompare(other, raw) == 1 {
				return nil, fmt.Errorf("entry %d of the keyring, %q, is another's key once more: generate a new one", i+1, id)
			}
		}
		raws = append(raws, raw)
		if k.keys[id], err = newKey(raw); err != nil {
			return nil, fmt.Errorf("entry %d of the keyring, %q: %w", i+1, id, err)
		}
		if i == 0 {
			k.current = id
		}
	}
	return k, nil
}

func parseEntry(entry string) (id string, raw []byte, err error) {
	id, text, ok := strings.Cut(entry, ":")
	if !ok {
		return "", nil, errNoColon
	}
	if err := checkID(id); err != nil {
		// What stands before a colon in the wrong place may be part of a key.
		return "", nil, err
	}
	raw, err = base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		raw, err = base64.RawStdEncoding.Strict().DecodeString(text)
	}
	if err != nil || len(raw) != keyBytes {
		// The two may have changed places: what reads as an id may be a key then.
		return "", nil, fmt.Errorf("has a key that is not %d bytes in base64: generate one", keyBytes)
	}
	if uniform(raw) {
		return "", nil, fmt.Errorf("with the id %q has a key that is one byte over and over: generate one", id)
	}
	return id, raw, nil
}

// uniform catches the placeholder that somebody meant to replace.
func uniform(raw []byte) bool {
	for _, b := range raw {
		if b != raw[0] {
			return false
		}
	}
	return true
}

func checkID(id string) error {
	if id == "" || len(id) > maxID || strings.ContainsFunc(id, notInID) {
		return fmt.Errorf("has an id that is not 1 to %d of the characters a to z, 0 to 9 and -", maxID)
	}
	return nil
}

func notInID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
}

// Generate makes an entry with a new random key. What it returns is a secret.
func Generate(id string) (string, error) {
	if err := checkID(id); err != nil {
		return "", fmt.Errorf("the new key %w", err)
	}
	raw := make([]byte, keyBytes)
	rand.Read(raw) // which never fails: the process ends instead
	return id + ":" + base64.StdEncoding.EncodeToString(raw), nil
}
