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

// pair is a round: the raw side, then ours.
type pair struct {
	Raw  sample `json:"raw"`
	Ours sample `json:"ours"`
}

// alternate runs the two sides in turns, a warm-up of each first, and profiles the
// server during ours of the last round.
func (b *bench) alternate(ctx context.Context, name string, rounds int, raw, ours func(context.Context) (sample, error)) ([]pair, error) {
	pairs := make([]pair, 0, rounds)
	for i := range rounds + 1 {
		var p pair
		var err error
		if p.Raw, err = raw(ctx); err != nil {
			return nil, err
		}
		profiled := func() error { return nil }
		if i == rounds {
			profiled = b.profile(ctx, name)
		}
		if p.Ours, err = ours(ctx); err != nil {
			return nil, err
		}
		if err := profiled(); err != nil {
			return nil, err
		}
		if i == 0 {
			continue
		}
		b.say("%s %d/%d: raw %s (p50 %s, p99 %s), ours %s (p50 %s, p99 %s), ratio %.2f", name, i, rounds,
			perSecond(p.Raw.rate()), ms(p.Raw.P50), ms(p.Raw.P99), perSecond(p.Ours.rate()), ms(p.Ours.P50), ms(p.Ours.P99), p.Ours.rate()/p.Raw.rate())
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// round makes a job of the load client into a side.
func (b *bench) round(j job) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		j.Server = b.server.address
		if j.Seconds == 0 && j.Count == 0 {
			j.Seconds = b.flags.Seconds
		}
		return b.load.do(ctx, j)
	}
}

func (b *bench) accept(ctx context.Context) error {
	for _, connections := range []int{1, 64} {
		name := fmt.Sprintf("accept, %s", plural(connections, "connection"))
		resident := b.watchMemory()
		pairs, err := b.alternate(ctx, name, b.flags.Rounds,
			b.round(job{Do: "insert", Connections: connections}), b.round(job{Do: "send", Connections: connections}))
		most := resident()
		if err != nil {
			return err
		}
		if connections == 1 {
			b.report.rate(name, pairs, aim{})
			b.report.latency(name, pairs, aim{over: 0.5}, aim{})
			continue
		}
		b.report.rate(name, pairs, aim{ratio: 0.5, least: 10_000})
		b.report.latency(name, pairs, aim{}, aim{most: 15})
		b.report.memory("memory, 64 connections", most, 150)
	}
	return nil
}

// bulkConnections is a little more than two cores need to be busy.
const bulkConnections = 8

func (b *bench) bulk(ctx context.Context) error {
	name := fmt.Sprintf("bulk of %d, %d connections", bulkSize, bulkConnections)
	pairs, err := b.alternate(ctx, name, b.flags.Rounds,
		b.round(job{Do: "insert-bulk", Connections: bulkConnections}), b.round(job{Do: "send-bulk", Connections: bulkConnections}))
	if err != nil {
		return err
	}
	b.report.rate(name, pairs, aim{ratio: 0.3})
	b.report.latency(name, pairs, aim{}, aim{})
	return nil
}

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

// profile saves the server's CPU profile of the length of a round; the function
// that it answers waits for that.
func (b *bench) profile(ctx context.Context, name string) func() error {
	if b.flags.Pprof == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	file := filepath.Join(b.flags.Pprof, strings.NewReplacer(", ", "-", " ", "-").Replace(name)+".pprof")
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", b.server.pprof, max(1, int(b.flags.Seconds)))
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
