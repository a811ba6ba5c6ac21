package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxIssuerKeys bounds how many keys a token that names none is tried with.
	maxIssuerKeys = 64
	// minRSABits is the least that signs (NIST SP 800-131A).
	minRSABits = 2048
)

// readKeys reads a key set (RFC 7517, section 5), and leaves out what is of no use:
// kinds of keys that are not known, symmetric and private ones, and those that are
// not for signatures.
func readKeys(from *json.Decoder) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := from.Decode(&set); err != nil {
		return nil, shorten(fmt.Errorf("the key set cannot be read: %w", err))
	}
	if len(set.Keys) > maxIssuerKeys {
		return nil, fmt.Errorf("the key set has %d keys; the limit is %d", len(set.Keys), maxIssuerKeys)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && signs(&key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no key that signs")
	}
	return keys, nil
}

func signs(k *jose.JSONWebKey) bool {
	if k.Use != "" && k.Use != "sig" || !k.Valid() {
		return false
	}
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		return public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	default:
		return false
	}
}

// candidates are the keys that a signature with that algorithm and key id could be by.
func candidates(keys []jose.JSONWebKey, algorithm jose.SignatureAlgorithm, kid string) []any {
	var found []any
	for i := range keys {
		k := &keys[i]
		if (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == string(algorithm)) && fits(k.Key, algorithm) {
			found = append(found, k.Key)
		}
	}
	return found
}

// fits tells whether the algorithm goes with that kind of key (RFC 7518, section 3.1).
func fits(key any, algorithm jose.SignatureAlgorithm) bool {
	switch public := key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(string(algorithm), "RS") || strings.HasPrefix(string(algorithm), "PS")
	case *ecdsa.PublicKey:
		switch public.Curve.Params().BitSize {
		case 256:
			return algorithm == jose.ES256
		case 384:
			return algorithm == jose.ES384
		case 521:
			return algorithm == jose.ES512
		}
	case ed25519.PublicKey:
		return algorithm == jose.EdDSA
	}
	return false
}
