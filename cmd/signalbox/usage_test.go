package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/secrets"
)

func TestAWrongLineNamesTheHelpThatHelps(t *testing.T) {
	for want, args := range map[string][]string{
		"unknown flag --nonsense (see signalbox serve --help)":                             {"serve", "--nonsense"},
		`expected "<slug>" (see signalbox tenants create --help)`:                          {"tenants", "create"},
		`expected one of "create", "list", "rotate", "revoke" (see signalbox keys --help)`: {"keys"},
		"unexpected argument nonsense (signalbox --help lists the commands)":               {"nonsense"},
		"missing flags: --file=FILE (see signalbox apply --help)":                          {"apply"},
	} {
		_, err := try(t, t.Context(), args...)
		require.EqualError(t, err, want)
	}
}

// A server is set up by its environment: each of its flags is there.
func TestEveryFlagOfTheServerIsInTheEnvironment(t *testing.T) {
	parser, err := kong.New(&cli{})
	require.NoError(t, err)
	for _, command := range parser.Model.Children {
		require.NotEmpty(t, command.Help, command.Name)
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			require.Len(t, flag.Envs, 1, flag.Name)
			require.Regexp(t, `^SIGNALBOX_[A-Z_]+$`, flag.Envs[0], flag.Name)
			require.NotEmpty(t, flag.Help, flag.Name)
			if flag.Target.Kind() == reflect.String && flag.Default == "" {
				require.NotEmpty(t, flag.PlaceHolder, flag.Name)
			}
		}
	}
}

func TestSecretKeysComeFromAFile(t *testing.T) { // P-18
	t.Setenv("SIGNALBOX_DSN", pgtest.DSN(t))
	older, err := secrets.Generate("k1")
	require.NoError(t, err)
	newer, err := secrets.Generate("k2")
	require.NoError(t, err)
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	config := file("config.json", `{"region": "eu"}`)
	_, err = try(t, t.Context(), "tenants", "create", "acme", "--config", config, "--secret-keys-file", file("one", older+"\n"))
	require.NoError(t, err)
	_, err = try(t, t.Context(), "tenants", "list")
	require.ErrorContains(t, err, `sealed with the key "k1"`)

	t.Setenv("SIGNALBOX_SECRET_KEYS_FILE", file("two", newer+"\n"+older+"\n"))
	out, err := try(t, t.Context(), "secrets", "rotate")
	require.NoError(t, err)
	require.Contains(t, out, "sealed anew: ")
	t.Setenv("SIGNALBOX_SECRET_KEYS_FILE", file("last", newer))
	_, err = try(t, t.Context(), "tenants", "list")
	require.NoError(t, err)

	for want, args := range map[string][]string{
		"both given":                         {"--secret-keys", newer},
		"cannot be read: open /nowhere/keys": {"--secret-keys-file", "/nowhere/keys"},
		"is empty: put the keys into it":     {"--secret-keys-file", os.DevNull},
		"entry 1 of the keyring":             {"--secret-keys-file", config},
	} {
		_, err := try(t, t.Context(), append([]string{"tenants", "list"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}

func TestAnEmptyFileIsSaidToBeEmpty(t *testing.T) {
	var out, warnings bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"apply", "--dsn", pgtest.DSN(t), "-f", os.DevNull}, &out, &warnings))
	require.Equal(t, "warning: the file has neither types nor rules in it\n", warnings.String())
}

func TestLengthsOfTimeMayBeInDays(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * day, "1.5d": 36 * time.Hour, "-2d": -2 * day, "0d": 0, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute} {
		var s span
		require.NoError(t, s.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, time.Duration(s), text)
	}
	for _, text := range []string{"", "d", "90", "90days", "NaNd", "Infd", "1e9d", "1d12h", "-40000d"} {
		var s span
		require.ErrorContains(t, s.UnmarshalText([]byte(text)), "is no length of time: write 90d", text)
	}
}

func TestAKeyThatIsNotThereMayBeAnothersTenants(t *testing.T) {
	t.Setenv("SIGNALBOX_DSN", pgtest.DSN(t))
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	for _, command := range []string{"rotate", "revoke"} {
		_, err := try(t, t.Context(), "keys", command, id)
		require.Equal(t, []string{"there is no key with the id " + id + " in the tenant default; another tenant is named with --tenant"}, lines(err))
		_, err = try(t, t.Context(), "keys", command, id, "--tenant", "nobody")
		require.Equal(t, []string{`there is no tenant "nobody"`}, lines(err))
	}
	_, err := try(t, t.Context(), "audit", "--kind", "nonsense")
	require.ErrorContains(t, err, `--kind must be one of "tenant","key","event_type","rule" but got "nonsense"`)
}
