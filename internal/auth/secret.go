package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// The text of a key is "sbx_<id>_<secret>": the id in 32 lower-case hexadecimal
// digits, and the secret's 32 bytes in unpadded base64url (RFC 4648, section 5). The
// prefix lets scanners find keys that were committed somewhere.
const (
	keyPrefix    = "sbx_"
	idDigits     = 32
	secretDigits = 43
	keyLength    = len(keyPrefix) + idDigits + 1 + secretDigits
)

// keyEncoding is strict: the bits behind the last byte are zero, so that each secret
// has one text only.
var keyEncoding = base64.RawURLEncoding.Strict()

// Secret is the secret half of an API key. However it is printed, logged or encoded,
// it does not show.
type Secret struct{ bytes [32]byte }

// ParseKey takes a key's text apart; false for what cannot be a key. It does not say
// what is wrong: that is no business of who mistyped or guessed it.
func ParseKey(text string) (signalbox.ID, Secret, bool) {
	var id signalbox.ID
	var s Secret
	if len(text) != keyLength || text[:len(keyPrefix)] != keyPrefix || text[len(keyPrefix)+idDigits] != '_' {
		return id, s, false
	}
	var digits [secretDigits]byte
	copy(digits[:], text[len(keyPrefix):])
	for _, c := range digits[:idDigits] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return id, s, false
		}
	}
	if _, err := hex.Decode(id[:], digits[:idDigits]); err != nil {
		return signalbox.ID{}, s, false
	}
	copy(digits[:], text[len(keyPrefix)+idDigits+1:])
	for _, c := range digits {
		if c == '\r' || c == '\n' { // which the decoder would skip
			return signalbox.ID{}, s, false
		}
	}
	if n, err := keyEncoding.Decode(s.bytes[:], digits[:]); err != nil || n != len(s.bytes) {
		return signalbox.ID{}, Secret{}, false
	}
	return id, s, true
}

// Hash is what is kept of the secret. SHA-256 without salt or stretching is enough
// for 256 random bits: there is nothing to guess at.
func (s *Secret) Hash() [32]byte { return sha256.Sum256(s.bytes[:]) }

// text is the whole key, for the one time that it is shown.
func (s *Secret) text(id signalbox.ID) string {
	b := make([]byte, 0, keyLength)
	b = append(b, keyPrefix...)
	b = hex.AppendEncode(b, id[:])
	b = append(b, '_')
	return string(keyEncoding.AppendEncode(b, s.bytes[:]))
}

const hidden = "[secret]"

// String shows nothing.
func (s Secret) String() string { return hidden }

// Format shows nothing under any verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue shows nothing.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText shows nothing.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
