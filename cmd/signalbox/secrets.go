package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/app"
)

type secretsCmd struct {
	Keygen secretsKeygenCmd `cmd:"" help:"Print a new key for what is encrypted at rest. It speaks to no database."`
	Rotate secretsRotateCmd `cmd:"" help:"Seal everything anew with the first of the keys. Servers go on meanwhile."`
}

type secretsKeygenCmd struct {
	ID string `help:"The key's name, 1 to 32 of a to z, 0 to 9 and -; of today's date and chance if not given."`
}

func (c *secretsKeygenCmd) Run(out output) error {
	id := c.ID
	if id == "" {
		// Two keys of one day are not to pass for each other.
		id = strings.ToLower(time.Now().UTC().Format("k20060102-") + rand.Text()[:8])
	}
	text, err := app.NewSecretKey(id)
	if err != nil {
		return err
	}
	fmt.Fprintln(out.stderr, "add it to SIGNALBOX_SECRET_KEYS of every server, and keep it apart from the database's backups: what it seals can be read with it alone")
	_, err = fmt.Fprintln(out.stdout, text)
	return err
}

type secretsRotateCmd struct{ operatorFlags }

func (c *secretsRotateCmd) Run(ctx context.Context, out output) error {
	rotated, err := c.operator().RotateSecrets(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.stdout, "configs of tenants sealed anew: %d; the others were already\n", rotated)
	return err
}
