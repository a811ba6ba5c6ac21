package app

import (
	"context"
	"errors"

	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/secrets"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// NewSecretKey is a new entry of a keyring, for what is sealed at rest.
func NewSecretKey(id string) (string, error) { return secrets.Generate(id) }

// RotateSecrets seals everything anew with the keyring's first key, and answers how
// much it was that another key had sealed, or none.
func (o Operator) RotateSecrets(ctx context.Context) (int, error) {
	return withStore(ctx, o, func(db *postgres.DB) (int, error) { return db.RotateSecrets(ctx, cliActor()) })
}

// sealer is the keyring in text; nil where there is none.
func sealer(text string) (postgres.Sealer, error) {
	keyring, err := secrets.Parse(text)
	if err != nil {
		return nil, errors.New("--secret-keys: " + err.Error())
	}
	if keyring == nil {
		return nil, nil // No keyring is a setting like any other.
	}
	return keyring, nil
}

// asSentence is an error as an operator reads it.
func asSentence(err error) error {
	var known *signalbox.Error
	if errors.As(err, &known) && known.Code != signalbox.CodeInternal {
		return errors.New(known.Message)
	}
	return err
}
