package main

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever runs the tests, an ordinary user can run the stack.
func TestAnOrdinaryUserRunsTheStack(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the other tests show it: they run as an ordinary user")
	}
	nobody := account(t, "nobody")
	dir := openDir(t)
	binary := filepath.Join(dir, "signalbox-dev")
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, exec.Command("cp", self, binary).Run())
	home := filepath.Join(dir, "home")
	require.NoError(t, os.Mkdir(home, 0o700))
	require.NoError(t, os.Chown(home, int(nobody.Uid), int(nobody.Gid)))

	stack := filepath.Join(home, "stack")
	d := launch{binary: binary, user: nobody, args: deps(stack), env: []string{"HOME=" + home}}.start(t)
	a := d.ready()
	require.Equal(t, 1, query[int](t, a.Postgres, `SELECT 1`))
	requireUI(t, a.UI)
	require.Equal(t, nobody.Uid, ownerOf(t, filepath.Join(stack, "postgres")).Uid)
	d.signal(os.Interrupt)
	requireNoProcess(t, stack)

	// Root may use the same folder for a while without locking its owner out.
	asRoot := start(t, deps(stack, "--no-temporal")...)
	asRoot.ready()
	asRoot.signal(os.Interrupt)
	require.Equal(t, nobody.Uid, ownerOf(t, filepath.Join(stack, "postgres")).Uid)
	again := launch{binary: binary, user: nobody, args: deps(stack, "--no-temporal"), env: []string{"HOME=" + home}}.start(t)
	require.Equal(t, 1, query[int](t, again.ready().Postgres, `SELECT 1`))
}

// A clone under /root: Postgres runs as another user, who cannot enter it.
func TestRootRunsTheStackInAFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := filepath.Join(openDir(t), "closed", "stack")
	require.NoError(t, os.Mkdir(filepath.Dir(dir), 0o700))

	d := start(t, deps(dir, "--no-temporal")...)
	execute(t, d.ready().Postgres, `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`)
	d.signal(os.Kill)
	requireNoProcess(t, dir) // the kernel ends Postgres with it, whoever it runs as
	d = start(t, deps(dir, "--no-temporal")...)
	require.Equal(t, 1, query[int](t, d.ready().Postgres, `SELECT n FROM kept`))
}

func account(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	require.NoError(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	require.NoError(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
