package app

import (
	"context"

	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/secrets"
)

// NewSecretKey is a new entry of a keyring, for what is sealed at rest.
func NewSecretKey(id string) (string, error) { return secrets.Generate(id) }

// RotateSecrets seals everything anew with the keyring's first key, and answers how
// much it was that another key had sealed, or none.
func (o Operator) RotateSecrets(ctx context.Context) (int, error) {
	return withStore(ctx, o, func(db *postgres.DB) (int, error) { return db.RotateSecrets(ctx, cliActor()) })
}
