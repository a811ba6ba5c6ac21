package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cost is processor time in microseconds an event, by who used it; all 0 on a
// system without proc(5). Temporal's is that of the process it runs in.
type cost struct {
	Client   float64 `json:"client"`
	Server   float64 `json:"server"`
	Postgres float64 `json:"postgres"`
	Temporal float64 `json:"temporal"`
}

// costed runs a side and says what it took.
func (b *bench) costed(ctx context.Context, long float64, run side) (sample, cost, error) {
	before := b.used()
	s, err := run(ctx, long)
	if err != nil {
		return sample{}, cost{}, err
	}
	after := b.used()
	each := func(before, after time.Duration) float64 {
		return float64((after - before).Microseconds()) / float64(max(s.Count, 1))
	}
	return s, cost{
		Client: each(before.client, after.client), Server: each(before.server, after.server),
		Postgres: each(before.postgres, after.postgres), Temporal: each(before.temporal, after.temporal),
	}, nil
}

type used struct{ client, server, postgres, temporal time.Duration }

// used is the processor time that everyone has used so far.
func (b *bench) used() used {
	all := processes()
	stack := b.processes[0].cmd.Process.Pid
	u := used{
		client:   all[b.load.cmd.Process.Pid].own,
		server:   all[b.server.cmd.Process.Pid].own,
		temporal: all[stack].own,
	}
	for pid, p := range all {
		// Postgres is the stack's only child; its own children serve a connection each.
		switch {
		case p.parent == stack:
			u.postgres += p.own + p.reaped
		case all[p.parent].parent == stack && pid != stack:
			u.postgres += p.own
		}
	}
	return u
}

type usage struct {
	parent int
	own    time.Duration
	reaped time.Duration // of children that have ended
}

// clockTick is the unit of times in proc(5): USER_HZ, which is 100 on every
// architecture that this is likely to run on.
const clockTick = 10 * time.Millisecond

// processes reads /proc/PID/stat of all; it is empty where there is none.
func processes() map[int]usage {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	all := make(map[int]usage, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // of the kernel.
		if err != nil {
			continue // it has ended
		}
		var pid int
		if _, err := fmt.Sscan(string(text), &pid); err != nil {
			continue
		}
		// The second field is a name in parentheses and may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		const ppid, utime, stime, cutime, cstime = 1, 11, 12, 13, 14 // fields 4 and 14 to 17, counted from 1
		if len(fields) <= cstime {
			continue
		}
		number := func(i int) int64 {
			n, _ := strconv.ParseInt(fields[i], 10, 64) // 0 if the kernel has changed its mind
			return n
		}
		all[pid] = usage{
			parent: int(number(ppid)),
			own:    time.Duration(number(utime)+number(stime)) * clockTick,
			reaped: time.Duration(number(cutime)+number(cstime)) * clockTick,
		}
	}
	return all
}
