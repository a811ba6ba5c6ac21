package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What is watched from outside while the server serves: its memory and its profile.

// idleMemory is measured on a server that is up and has served nothing.
func (b *bench) idleMemory(context.Context) error {
	time.Sleep(time.Second) // its first polls are done
	b.report.memory("memory, idle", residentBytes(b.server.cmd.Process.Pid), 60)
	return nil
}

// watchMemory samples the server's resident memory until the function that it
// answers is called, which tells the most; 0 where the system does not say.
func (b *bench) watchMemory() func() int64 {
	stop, done := make(chan struct{}), make(chan struct{})
	pid := b.server.cmd.Process.Pid
	var most int64
	go func() {
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, residentBytes(pid))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-done
		return most
	}
}

// residentBytes is VmRSS of proc(5); 0 where there is none.
func residentBytes(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// profile saves the server's CPU profile of so many seconds; the function that it
// answers waits for that.
func (b *bench) profile(ctx context.Context, name string, long float64) func() error {
	if b.flags.Pprof == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	file := filepath.Join(b.flags.Pprof, strings.NewReplacer(", ", "-", " ", "-", "/", "-per-").Replace(name)+".pprof")
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", b.server.pprof, max(1, int(long)))
	go func() { done <- download(ctx, url, file) }()
	return func() error { return <-done }
}

func download(ctx context.Context, url, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server gives no profile: %s", response.Status)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}
