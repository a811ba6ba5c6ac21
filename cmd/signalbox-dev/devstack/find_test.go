package devstack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/ulikunitz/xz"
)

func TestFindPostgresChoosesByVersion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		installed int
		data      int
		want      string
	}{
		{"no data yet", 15, 0, ""},
		{"too old for new data", 12, 0, "of version 14 or later (found: 12)"},
		{"old, but it wrote the data", 12, 12, ""},
		{"another version wrote the data", 16, 15, "of version 15, which wrote the data (found: 16)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bin := fakeServer(t, tt.installed)
			found, err := findPostgres(t.Context(), bin, tt.data)
			if tt.want != "" {
				require.ErrorIs(t, err, errNoPostgres)
				require.ErrorContains(t, err, tt.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, installation{bin: bin, major: tt.installed}, found)
		})
	}
}

func TestFindPostgresTakesTheFolderAboveBin(t *testing.T) {
	t.Parallel()
	bin := fakeServer(t, 17)
	home := filepath.Join(filepath.Dir(bin), "home")
	require.NoError(t, os.Mkdir(home, 0o750))
	require.NoError(t, os.Rename(bin, filepath.Join(home, "bin")))
	found, err := findPostgres(t.Context(), home, 0)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(home, "bin"), found.bin)
}

func TestFoldersOfHigherVersionsComeFirst(t *testing.T) {
	t.Parallel()
	require.Greater(t, folderVersion("/usr/lib/postgresql/16/bin"), folderVersion("/usr/lib/postgresql/9.6/bin"))
	require.Equal(t, 0, folderVersion("/opt/homebrew/opt/postgresql/bin"))
}

// The download, from a repository that serves this machine's own Postgres in
// the form that the real one has.
func TestPostgresIsDownloadedOnceAndRuns(t *testing.T) {
	t.Parallel()
	installed, err := findPostgres(t.Context(), "", 0)
	require.NoError(t, err)
	var requests atomic.Int32
	jar := serverJar(t, installed)
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if !strings.HasSuffix(r.URL.Path, ".jar") || !strings.Contains(r.URL.Path, "/io/zonky/test/postgres/") {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(jar) // a client that hangs up is its own fault
	}))
	t.Cleanup(repository.Close)

	o := Options{
		Dir: t.TempDir(), NoTemporal: true, Logger: slog.New(slog.DiscardHandler),
		PostgresBin: DownloadPostgres, PostgresRepository: repository.URL + "/", PostgresCache: t.TempDir(),
	}
	stack, err := Start(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, stack.Stop(t.Context()))
	require.Positive(t, requests.Load())
	entries, err := os.ReadDir(o.PostgresCache)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing temporary stays")

	seen := requests.Load()
	again, err := downloadPostgres(t.Context(), o, 0)
	require.NoError(t, err)
	require.Equal(t, installed.major, again.major)
	require.Equal(t, seen, requests.Load(), "what is there is not fetched again")
}

func TestAFailedDownloadSaysWhatToDo(t *testing.T) {
	t.Parallel()
	repository := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(repository.Close)
	o := Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), PostgresRepository: repository.URL, PostgresCache: t.TempDir()}
	_, err := downloadPostgres(t.Context(), o, 0)
	require.ErrorContains(t, err, "or install it, or name its folder with --postgres-bin")
	entries, err := os.ReadDir(o.PostgresCache)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestADownloadCanBeInterrupted(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	repository := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(repository.Close)
	t.Cleanup(func() { close(release) })
	o := Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), PostgresRepository: repository.URL}
	var err error
	o.PostgresCache, err = os.MkdirTemp("", "signalbox-dev-cache-") // the abandoned download may still write here
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(o.PostgresCache) })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = downloadPostgres(ctx, o, 0)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestDataOfAnUnknownVersionIsNotDownloadedFor(t *testing.T) {
	t.Parallel()
	_, err := downloadPostgres(t.Context(), Options{Dir: "/stack", Logger: slog.New(slog.DiscardHandler)}, 11)
	require.EqualError(t, err, "the data in /stack was written by Postgres 11: install that version, or remove the folder to start anew")
}

func fakeServer(t *testing.T, major int) (bin string) {
	t.Helper()
	bin = t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %d.3 (Test)'\n", major)
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700))
	}
	return bin
}

// serverJar packs a server as the repository does: a tar in xz in a zip.
func serverJar(t *testing.T, installed installation) []byte {
	t.Helper()
	var packed bytes.Buffer
	compress, err := xz.NewWriter(&packed)
	require.NoError(t, err)
	archive := tar.NewWriter(compress)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		// A link, since this machine's libraries are where it was installed.
		require.NoError(t, archive.WriteHeader(&tar.Header{
			Typeflag: tar.TypeSymlink, Name: "bin/" + name, Linkname: installed.path(name), Mode: 0o777,
		}))
	}
	require.NoError(t, archive.Close())
	require.NoError(t, compress.Close())

	var jar bytes.Buffer
	outer := zip.NewWriter(&jar)
	w, err := outer.Create("postgres-linux-x86_64.txz")
	require.NoError(t, err)
	_, err = io.Copy(w, &packed)
	require.NoError(t, err)
	require.NoError(t, outer.Close())
	return jar.Bytes()
}
