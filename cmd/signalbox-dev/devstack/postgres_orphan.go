package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// reclaim deals with what a killed run has left in the data folder. The caller
// holds the lock, so no other signalbox-dev is using it.
//
//	no postmaster.pid            nothing to do
//	its process is gone          nothing to do: Postgres replaces the file
//	its process is our Postgres  stop it, as Ctrl-C would have
//	its process is another one   remove the file: the pid was given away, and
//	                             Postgres would take that process for a server
func reclaim(ctx context.Context, data string, logger *slog.Logger) error {
	path := filepath.Join(data, "postmaster.pid")
	text, err := os.ReadFile(path) //nolint:gosec // our own folder
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what the last run left: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		// Cut off while it was being written. Nothing can be running on it that
		// Postgres would not find by its shared memory.
		return removeStale(path)
	}
	if !alive(pid) {
		return nil
	}
	if !serves(ctx, pid, data) {
		return removeStale(path)
	}
	logger.InfoContext(ctx, "stopping the Postgres that a killed run left behind", slog.Int("pid", pid))
	for _, step := range stopPostgres[:2] {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the Postgres that a killed run left behind (pid %d): %w", pid, err)
		}
		if gone(ctx, pid, step.grace) {
			return nil
		}
	}
	return fmt.Errorf("the Postgres that a killed run left behind does not stop: end it with kill -9 %d", pid)
}

func removeStale(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove what the last run left: %w", err)
	}
	return nil
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func gone(ctx context.Context, pid int, grace time.Duration) bool {
	deadline := time.Now().Add(grace)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if !alive(pid) {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return !alive(pid)
}

// serves tells whether a process is the Postgres server of this very folder.
func serves(ctx context.Context, pid int, data string) bool {
	if runtime.GOOS == "linux" {
		// A server's working directory is its data folder.
		proc := "/proc/" + strconv.Itoa(pid)
		if cwd, err := os.Readlink(proc + "/cwd"); err == nil {
			return cwd == data
		}
		args, err := os.ReadFile(proc + "/cmdline") //nolint:gosec // procfs
		return err == nil && bytes.Contains(args, []byte("\x00"+data+"\x00"))
	}
	out, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec // a number
	return err == nil && bytes.Contains(out, []byte("postgres")) && bytes.Contains(out, []byte(data))
}
