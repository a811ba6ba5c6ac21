package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The files of the data folder that only its owner can read. They are plain text, so
// that a script can say $(cat .signalbox/key).
const (
	keyFile       = "key"         // an API key that may do everything
	secretKeyFile = "secrets.key" // the keyring of what is encrypted at rest
)

// secretKeys reads the keyring, and makes one on the first start.
func (c *runCmd) secretKeys() (string, error) {
	text, err := readCredential(c.path(secretKeyFile))
	if err != nil || text != "" {
		return text, err
	}
	// Each has an id of its own, so that one that was lost is missed and not mistaken.
	if text, err = app.NewSecretKey("dev-" + strings.ToLower(rand.Text()[:8])); err != nil {
		return "", err
	}
	return text, writeCredential(c.path(secretKeyFile), text)
}

// key reads the API key that earlier starts have printed. On the first start, and
// where the database does not let it in any more, it makes another.
func (c *runCmd) key(ctx context.Context, operator app.Operator) (string, error) {
	text, err := readCredential(c.path(keyFile))
	if err != nil {
		return "", err
	}
	if text != "" {
		good, err := operator.LetsIn(ctx, text)
		if err != nil || good {
			return text, err
		}
	}
	key, err := operator.CreateKey(ctx, signalbox.DefaultTenantSlug, signalbox.KeyEdit{
		Name:        "signalbox-dev",
		Permissions: signalbox.Permissions{{Action: signalbox.ActionAdmin}, {Action: signalbox.ActionOperator}},
	})
	if err != nil {
		return "", err
	}
	return key.Text, writeCredential(c.path(keyFile), key.Text)
}

func (c *runCmd) path(name string) string { return filepath.Join(c.Dir, name) }

// readCredential is "" where there is no such file.
func readCredential(path string) (string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // within the folder that the user names.
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", path, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// writeCredential puts the whole text there or leaves what is there: a file that was
// half written would lock out of what it opens.
func writeCredential(path, text string) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // with the mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = temporary.WriteString(text + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temporary.Name()))
	}
	return nil
}
