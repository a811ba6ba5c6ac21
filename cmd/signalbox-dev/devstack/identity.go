package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is a way to run the server. Postgres refuses to run as root, so root
// needs another one than its own.
type identity struct {
	name string
	// uid and gid own the files, as seen from outside.
	uid, gid int
	// apply makes a process start as this identity; nil leaves it as it is.
	apply func(*syscall.SysProcAttr)
	// plain is apply without capabilities, where it has any. Postgres looks for
	// its binaries with access(2), which knows users but no capabilities.
	plain func(*syscall.SysProcAttr)
}

func (id identity) sysProcAttr() *syscall.SysProcAttr {
	// A process group of its own: Ctrl-C in a terminal goes to the whole
	// foreground group, and Postgres is to stop after Temporal, not before.
	attr := &syscall.SysProcAttr{Setpgid: true}
	if id.apply != nil {
		id.apply(attr)
	}
	return attr
}

// identities lists the ways to run a server on data below dir, best first.
func identities(dir string) []identity {
	if os.Geteuid() != 0 {
		return []identity{{name: "this user", uid: os.Geteuid(), gid: os.Getegid()}}
	}
	users := serverUsers(dir)
	ids := make([]identity, 0, 2*len(users))
	for _, u := range users {
		ids = append(ids, dropTo(u))
	}
	return append(ids, platformIdentities(users)...)
}

type account struct {
	name     string
	uid, gid int
}

// serverUsers are the accounts that root can run Postgres as: the folder's own
// owner first, so that he can go on without root later. initdb wants the
// account to have a name.
func serverUsers(dir string) []account {
	var users []account
	add := func(u *user.User, err error) {
		if err != nil {
			return
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid > 0 {
			users = append(users, account{name: u.Username, uid: uid, gid: gid})
		}
	}
	for _, path := range []string{filepath.Join(dir, "postgres"), dir} {
		if uid, ok := ownerOf(path); ok && uid != 0 {
			add(user.LookupId(strconv.Itoa(uid)))
		}
	}
	add(user.Lookup("postgres"))
	add(user.Lookup("_postgres"))
	add(user.Lookup("nobody"))
	return users
}

func dropTo(u account) identity {
	return identity{
		name: u.name, uid: u.uid, gid: u.gid,
		apply: func(attr *syscall.SysProcAttr) {
			attr.Credential = &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.gid)} //nolint:gosec // ids fit
		},
	}
}

// chooseIdentity finds the first identity that can work in folder and run the
// binary, and makes it the owner of the folder. Rather than reason about modes,
// access lists and capabilities it tries.
func chooseIdentity(ctx context.Context, ids []identity, binary, folder string) (identity, error) {
	var faults []error
	for _, id := range ids {
		err := own(folder, id)
		if err == nil {
			err = probe(ctx, id, binary, folder)
		}
		if err == nil {
			return id, nil
		}
		faults = append(faults, fmt.Errorf("as %s: %w", id.name, err))
	}
	return identity{}, fmt.Errorf("no user can run Postgres in %s: choose a folder that an ordinary user can reach with --dir (%w)", folder, errors.Join(faults...))
}

// command runs a binary as an identity.
func (id identity) command(ctx context.Context, binary string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // a server binary of the user's choice
	cmd.Dir = "/"
	cmd.Env = serverEnv()
	cmd.SysProcAttr = id.sysProcAttr()
	return cmd
}

func probe(ctx context.Context, id identity, binary, folder string) error {
	if err := id.command(ctx, "/bin/sh", "-c", `cd "$0" && test -w .`, folder).Run(); err != nil {
		return fmt.Errorf("reach %s: %w", folder, err)
	}
	if id.plain != nil {
		id.apply = id.plain
	}
	if err := id.command(ctx, "/bin/sh", "-c", `test -x "$0"`, binary).Run(); err != nil {
		return fmt.Errorf("run %s: %w", binary, err)
	}
	return nil
}

// own gives a folder and what is in it to an identity. The folder itself goes
// last: as long as it has the old owner, there is still work to do.
func own(folder string, id identity) error {
	if uid, ok := ownerOf(folder); ok && uid == id.uid {
		return nil
	}
	// Within the folder only, whatever links its present owner makes meanwhile.
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	err = fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		return root.Lchown(path, id.uid, id.gid)
	})
	if err == nil {
		err = root.Lchown(".", id.uid, id.gid)
	}
	return errors.Join(err, root.Close())
}

func ownerOf(path string) (uid int, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
