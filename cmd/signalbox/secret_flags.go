package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// secretFlags carry the keys of what is encrypted at rest.
type secretFlags struct {
	SecretKeys     string `help:"The keys of what is encrypted at rest, as secrets keygen prints them: id:key, with commas between; the first one seals. Better set in the environment, where other users do not see it." env:"SIGNALBOX_SECRET_KEYS" placeholder:"KEYS"`
	SecretKeysFile string `help:"A file with these keys instead, one a line." env:"SIGNALBOX_SECRET_KEYS_FILE" placeholder:"FILE"`
}

// AfterApply is called by kong: it puts the file's keys where the others would be. A
// file without any is refused. Who names one believes that secrets are sealed.
func (f *secretFlags) AfterApply() error {
	if f.SecretKeysFile == "" {
		return nil
	}
	if f.SecretKeys != "" {
		return errors.New("--secret-keys and --secret-keys-file (SIGNALBOX_SECRET_KEYS, SIGNALBOX_SECRET_KEYS_FILE) are both given: leave one of them out")
	}
	text, err := os.ReadFile(f.SecretKeysFile)
	if err != nil {
		return fmt.Errorf("--secret-keys-file cannot be read: %w", err)
	}
	keys := strings.Fields(string(text))
	if len(keys) == 0 {
		return fmt.Errorf("--secret-keys-file %s is empty: put the keys into it, one a line", f.SecretKeysFile)
	}
	f.SecretKeys, f.SecretKeysFile = strings.Join(keys, ","), ""
	return nil
}
