package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// maxOverlap is for how long at the most a key may still let in after its rotation.
const maxOverlap = 30 * 24 * time.Hour

// KeyEditor keeps API keys, and the audit log of them.
type KeyEditor interface {
	// CreateKey is INVALID_INPUT, naming the limit, where the tenant has as many keys
	// that let somebody in as it may.
	CreateKey(ctx context.Context, k signalbox.APIKey) error
	// ChangeKey changes a key under a lock; change may be called again where the
	// transaction has to be. NOT_FOUND where the tenant has no such key; change's error
	// is its own.
	ChangeKey(ctx context.Context, actor string, tenant, id signalbox.ID, action signalbox.AuditAction, change func(*signalbox.APIKey) error) (signalbox.APIKey, error)
	// RotateKey does the same, and stores the key that rotate makes along with the old
	// one. It answers the new one. Where the old one goes on for a while, the limit holds
	// as it does for CreateKey.
	RotateKey(ctx context.Context, actor string, tenant, id signalbox.ID, rotate func(old *signalbox.APIKey) (signalbox.APIKey, error)) (signalbox.APIKey, error)
}

// KeysConfig is what Keys are made of.
type KeysConfig struct {
	Store KeyEditor
	Now   func() time.Time
	// Random is where secrets and ids come from; nil is crypto/rand.
	Random io.Reader
	// Forget is called with a key that lets nobody in any more, so that this process
	// does not wait until it asks again; nil where nobody remembers keys.
	Forget func(signalbox.ID)
}

// Keys makes, rotates and revokes API keys.
type Keys struct{ cfg KeysConfig }

// NewKeys refuses a config with a part missing.
func NewKeys(cfg KeysConfig) (*Keys, error) {
	if cfg.Store == nil || cfg.Now == nil {
		return nil, errors.New("auth.NewKeys: a part of the config is missing")
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Forget == nil {
		cfg.Forget = func(signalbox.ID) {}
	}
	return &Keys{cfg: cfg}, nil
}

// Create makes a key of the tenant's. The text is the key, and this is the only time
// that anybody learns it. The caller may hand on no more than Permissions.Cover says,
// and to its own tenant only, unless it is an operator.
func (k *Keys) Create(ctx context.Context, by signalbox.Principal, tenant signalbox.ID, e signalbox.KeyEdit) (signalbox.APIKey, string, error) {
	if err := mayManage(&by, tenant); err != nil {
		return signalbox.APIKey{}, "", err
	}
	now := k.now()
	if err := checkKeyEdit(&e, now); err != nil {
		return signalbox.APIKey{}, "", err
	}
	if err := by.Permissions.Cover(e.Permissions); err != nil {
		return signalbox.APIKey{}, "", err
	}
	id, secret, err := k.draw(now)
	if err != nil {
		return signalbox.APIKey{}, "", err
	}
	key := signalbox.APIKey{
		ID: id, Tenant: tenant, Name: e.Name, Permissions: e.Permissions, Limits: e.Limits,
		Hash: secret.Hash(), CreatedBy: by.Actor, CreatedAt: now, ExpiresAt: storable(e.ExpiresAt),
	}
	if err := k.cfg.Store.CreateKey(ctx, key); err != nil {
		return signalbox.APIKey{}, "", err
	}
	return key, secret.text(id), nil
}

// Rotate makes a key that may do what the old one may and is valid for as long as that
// was when it was made. The old one expires after the overlap, unless it does sooner.
func (k *Keys) Rotate(ctx context.Context, by signalbox.Principal, tenant, id signalbox.ID, overlap time.Duration) (signalbox.APIKey, string, error) {
	if err := mayManage(&by, tenant); err != nil {
		return signalbox.APIKey{}, "", err
	}
	if overlap < 0 || overlap > maxOverlap {
		return signalbox.APIKey{}, "", signalbox.InvalidInput([]signalbox.Violation{{Pointer: "/overlap", Message: "is from 0 to 30 days: after that the old key lets nobody in"}})
	}
	now := k.now()
	newID, secret, err := k.draw(now)
	if err != nil {
		return signalbox.APIKey{}, "", err
	}
	key, err := k.cfg.Store.RotateKey(ctx, by.Actor, tenant, id, func(old *signalbox.APIKey) (signalbox.APIKey, error) {
		if err := by.Permissions.Cover(old.Permissions); err != nil {
			return signalbox.APIKey{}, err
		}
		if err := mayRotate(old, now); err != nil {
			return signalbox.APIKey{}, err
		}
		made := signalbox.APIKey{
			ID: newID, Tenant: old.Tenant, Name: old.Name, Permissions: old.Permissions, Limits: old.Limits,
			Hash: secret.Hash(), CreatedBy: by.Actor, CreatedAt: now,
		}
		if !old.ExpiresAt.IsZero() {
			made.ExpiresAt = now.Add(old.ExpiresAt.Sub(old.CreatedAt))
		}
		if end := now.Add(overlap); old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt) {
			old.ExpiresAt = end
		}
		old.ReplacedBy = newID
		return made, nil
	})
	if err != nil {
		return signalbox.APIKey{}, "", err
	}
	k.cfg.Forget(id)
	return key, secret.text(newID), nil
}

func mayRotate(old *signalbox.APIKey, now time.Time) error {
	switch {
	case !old.RevokedAt.IsZero():
		return signalbox.Errorf(signalbox.CodeInvalidInput, "the key was revoked on %s: create another", old.RevokedAt.UTC().Format(time.RFC3339))
	case !old.ReplacedBy.IsZero():
		return signalbox.Errorf(signalbox.CodeInvalidInput, "the key was rotated already: rotate the key %s, which replaces it", old.ReplacedBy)
	case !old.Valid(now):
		return signalbox.Errorf(signalbox.CodeInvalidInput, "the key expired on %s: create another", old.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// errRevoked ends a transaction in which there is nothing to change.
var errRevoked = errors.New("the key is revoked already")

// Revoke ends a key: at once in this process, and within 10 s in the others. One that
// is revoked stays as it is.
func (k *Keys) Revoke(ctx context.Context, by signalbox.Principal, tenant, id signalbox.ID) (signalbox.APIKey, error) {
	if err := mayManage(&by, tenant); err != nil {
		return signalbox.APIKey{}, err
	}
	now := k.now()
	var before signalbox.APIKey
	key, err := k.cfg.Store.ChangeKey(ctx, by.Actor, tenant, id, signalbox.AuditRevoked, func(key *signalbox.APIKey) error {
		if key.Permissions.Allow(signalbox.ActionOperator) && !by.Permissions.Allow(signalbox.ActionOperator) {
			return signalbox.Errorf(signalbox.CodeForbidden, "this is an operator's key, which only an operator may revoke")
		}
		if !key.RevokedAt.IsZero() {
			before = *key
			return errRevoked
		}
		key.RevokedAt = now
		return nil
	})
	if errors.Is(err, errRevoked) {
		key, err = before, nil
	}
	if err != nil {
		return signalbox.APIKey{}, err
	}
	k.cfg.Forget(id)
	return key, nil
}

func (k *Keys) now() time.Time { return storable(k.cfg.Now()) }

// storable is the time as the store can hold it, so that what is answered is what
// will be read. Zero stays zero.
func storable(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// draw makes the id and the secret of a new key.
func (k *Keys) draw(now time.Time) (signalbox.ID, Secret, error) {
	var id signalbox.ID
	var secret Secret
	if _, err := io.ReadFull(k.cfg.Random, id[6:]); err != nil {
		return id, secret, err
	}
	if _, err := io.ReadFull(k.cfg.Random, secret.bytes[:]); err != nil {
		return id, secret, err
	}
	first := signalbox.FirstID(now)
	copy(id[:6], first[:6])
	id[6] = id[6]&0x0f | 0x70 // version 7 (RFC 9562, section 5.7)
	id[8] = id[8]&0x3f | 0x80 // variant
	return id, secret, nil
}
