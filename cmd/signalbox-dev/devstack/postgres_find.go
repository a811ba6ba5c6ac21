package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestPostgres is the oldest major version that is still maintained and that
// Signalbox is tested on.
const oldestPostgres = 14

var errNoPostgres = errors.New("no Postgres found")

// installation is a folder with server binaries of one major version.
type installation struct {
	bin   string
	major int
}

func (i installation) path(binary string) string { return filepath.Join(i.bin, binary) }

// findPostgres chooses among the installed servers: the first one that can open
// the data that is there (dataMajor), or, with no data yet (0), the first that
// is recent enough.
func findPostgres(ctx context.Context, explicit string, dataMajor int) (installation, error) {
	folders := installedFolders()
	if explicit != "" {
		folders = []string{explicit, filepath.Join(explicit, "bin")}
	}
	var versions []string
	for _, folder := range folders {
		found, err := inspect(ctx, folder)
		if err != nil {
			continue
		}
		if found.major == dataMajor || dataMajor == 0 && found.major >= oldestPostgres {
			return found, nil
		}
		versions = append(versions, strconv.Itoa(found.major))
	}
	switch {
	case len(versions) == 0 && explicit != "":
		return installation{}, fmt.Errorf("%s holds no Postgres server: name the folder of postgres and initdb with --postgres-bin", explicit)
	case len(versions) == 0:
		return installation{}, errNoPostgres
	case dataMajor != 0:
		return installation{}, fmt.Errorf("%w of version %d, which wrote the data (found: %s)", errNoPostgres, dataMajor, strings.Join(slices.Compact(versions), ", "))
	default:
		return installation{}, fmt.Errorf("%w of version %d or later (found: %s)", errNoPostgres, oldestPostgres, strings.Join(slices.Compact(versions), ", "))
	}
}

// installedFolders lists where servers usually are. Distributions keep them out
// of PATH, because several versions can be installed at once.
func installedFolders() []string {
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(target))
		}
		folders = append(folders, filepath.Dir(path))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                        // Red Hat
		"/usr/libexec/postgresql*",                                // Alpine
		"/usr/local/pgsql/bin",                                    // from source
		"/opt/homebrew/opt/postgresql*/bin",                       // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",                          // Homebrew on Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",          // Homebrew on Linux
		"/opt/local/lib/postgresql*/bin",                          // MacPorts
		"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // Postgres.app
	} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(matches, func(a, b string) int { return folderVersion(b) - folderVersion(a) })
		folders = append(folders, matches...)
	}
	return folders
}

var digits = regexp.MustCompile(`\d+`)

// folderVersion reads the version that a folder's path names, so that 16 comes
// before 9.
func folderVersion(path string) int {
	n, err := strconv.Atoi(digits.FindString(path))
	if err != nil {
		return 0
	}
	return n
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the binaries of a folder what they are.
func inspect(ctx context.Context, folder string) (installation, error) {
	bin, err := filepath.Abs(folder)
	if err != nil {
		return installation{}, err
	}
	found := installation{bin: bin}
	if _, err := os.Stat(found.path("initdb")); err != nil {
		return installation{}, err
	}
	out, err := exec.CommandContext(ctx, found.path("postgres"), "--version").Output() //nolint:gosec // a server binary of the user's choice
	if err != nil {
		return installation{}, err
	}
	m := versionText.FindSubmatch(out)
	if m == nil {
		return installation{}, fmt.Errorf("%s names no version", found.path("postgres"))
	}
	found.major, err = strconv.Atoi(string(m[1]))
	return found, err
}

// dataMajor reads which major version wrote a data folder; 0 is none yet.
func dataMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION")) //nolint:gosec // our own folder
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	return major, nil
}
