package signalbox

import "time"

// APIKey lets a program in. Its secret is known to whom it was given and to nobody
// else: what is kept is a hash.
type APIKey struct {
	ID          ID // in the key's own text
	Tenant      ID
	Name        string // what it is for, in its owner's words
	Permissions Permissions
	Limits      Limits
	Hash        [32]byte // SHA-256 of the 32 random bytes
	CreatedBy   string   // an Actor
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	RevokedAt   time.Time // zero: it is not
	LastUsedAt  time.Time // zero: never, or not for the last minute; recorded in batches
	// ReplacedBy is the key that a rotation made; this one expires then.
	ReplacedBy ID
}

// Valid tells whether the key lets anyone in at t.
func (k *APIKey) Valid(t time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || t.Before(k.ExpiresAt))
}

// KeyFilter chooses keys; what is zero is not asked for.
type KeyFilter struct {
	// Valid asks for those that still let somebody in, or for those that no longer do.
	Valid *bool
}

// KeyEdit asks for a key.
type KeyEdit struct {
	Name        string
	Permissions Permissions // at least one
	Limits      Limits
	ExpiresAt   time.Time // zero: never
}
