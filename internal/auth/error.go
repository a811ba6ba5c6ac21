package auth

import (
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// retryAfter is when trying again makes sense where nothing better is known.
const retryAfter = time.Second

// howToAuthenticate ends the sentence of a refusal.
const howToAuthenticate = "send the header Authorization: Bearer sbx_..., with a key that a tenant's admin has made"

// errBadKey is the one answer to a key that lets nobody in, so that nothing can be
// learned from trying.
func errBadKey() error {
	return &signalbox.Error{
		Code:    signalbox.CodeUnauthenticated,
		Message: "these credentials are not valid here: " + howToAuthenticate,
	}
}

// errSpent is for who holds the secret of a key that was good once.
func errSpent(k *signalbox.APIKey) error {
	at := k.ExpiresAt
	switch {
	case !k.RevokedAt.IsZero():
		return signalbox.Errorf(signalbox.CodeUnauthenticated, "the key was revoked on %s: ask a tenant's admin for another", k.RevokedAt.UTC().Format(time.RFC3339))
	case !k.ReplacedBy.IsZero():
		return signalbox.Errorf(signalbox.CodeUnauthenticated, "the key was rotated and expired on %s: use the key %s, which replaces it", at.UTC().Format(time.RFC3339), k.ReplacedBy)
	default:
		return signalbox.Errorf(signalbox.CodeUnauthenticated, "the key expired on %s: ask a tenant's admin for another, and have that one rotated in time", at.UTC().Format(time.RFC3339))
	}
}

// errNoTenantYet is for a good key or token whose tenant cannot be given: it may have
// been made a moment ago, and not be known to this process.
func errNoTenantYet(cause error) error {
	return &signalbox.Error{
		Code: signalbox.CodeUnavailable, RetryAfter: retryAfter, Err: cause,
		Message: "the tenant is not ready in this process: try again in a moment",
	}
}

func errKeysAway(cause error) error {
	return &signalbox.Error{
		Code: signalbox.CodeUnavailable, RetryAfter: retryAfter, Err: cause,
		Message: "the key cannot be checked now, because the database does not answer in time: try again in a moment",
	}
}

// errTooManyUnknown keeps guesses at ids from taking all connections.
func errTooManyUnknown() error {
	return &signalbox.Error{
		Code: signalbox.CodeOverloaded, RetryAfter: retryAfter,
		Message: "too many keys that were not used here lately are being checked at once: try again in a moment",
		Limit:   &signalbox.LimitReached{Name: "keyLookups", Value: maxColdLookups, Scope: signalbox.ScopeServer},
	}
}
