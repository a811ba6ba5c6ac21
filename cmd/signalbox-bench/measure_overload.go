package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// overloadConnections are more than a tenant may have sends under way.
	overloadConnections = 3000
	// overloadTimes is how many times its capacity the server is asked for.
	overloadTimes = 2
	// overloadP99 is the bound on the times of what is accepted, in milliseconds.
	overloadP99 = 1000
)

// overload asks a server for twice what it can do, for a minute, and then holds
// every acknowledgement to what is in the database.
func (b *bench) overload(ctx context.Context) error {
	t, err := b.newTenant(ctx, "bench-overload")
	if err != nil {
		return err
	}
	return b.guarded(ctx, func() error {
		most, err := b.capacity(ctx, t)
		if err != nil {
			return err
		}
		long := b.flags.OverloadSeconds
		b.say("overload: %s for %.0f s, where the capacity is %s", perSecond(overloadTimes*most), long, perSecond(most))
		resident := b.sampleMemory()
		s, err := b.load.do(ctx, job{
			Do: "pace", Server: b.server.address, Key: t.key, Tenant: t.id, Rate: overloadTimes * most, Connections: overloadConnections, Seconds: long, Check: true,
		})
		memory := resident()
		if err != nil {
			return err
		}
		refused := 0
		for _, code := range slices.Sorted(maps.Keys(s.Refused)) {
			refused += s.Refused[code]
			b.say("overload: %s %s", thousands(float64(s.Refused[code])), code)
		}
		b.say("overload: %s accepted, %s refused, %s not sent for want of a connection; longest %s; resident MB over time %v",
			thousands(float64(s.Count)), thousands(float64(refused)), thousands(float64(s.Unserved)), ms(s.Max), memory)
		name := fmt.Sprintf("overload, %d× for %.0f s", overloadTimes, long)
		b.report.one(name, "accepted", "/s", s.rate(), aim{least: most / 4})
		b.report.one(name, "p99", "ms", s.P99, aim{most: overloadP99})
		b.report.one(name, "refused", "", float64(refused), aim{})
		b.report.one(name, "without a hint", "", float64(refused-s.Hinted), aim{none: true})
		b.report.one(name, "lost", "", float64(s.Lost), aim{none: true})
		b.report.one(name, "doubled", "", float64(s.Doubled), aim{none: true})
		b.report.one(name, "refused, stored", "", float64(s.Stored), aim{none: true})
		if n := len(memory); n >= 4 {
			early, late := median(memory[n/4:n/2]), median(memory[3*n/4:])
			one := row{Measurement: name, Metric: "resident, 2nd and 4th quarter", Unit: "MB", Raw: &early, Ours: late}
			ratio := late / early
			one.Ratio = &ratio
			one.judge(aim{ratioMost: 1.1}, megabytes)
			b.report.rows = append(b.report.rows, one)
		}
		return nil
	})
}

// sampleMemory samples the server's resident memory twice a second until the
// function that it answers is called, which gives the samples in MB.
func (b *bench) sampleMemory() func() []float64 {
	stop := make(chan struct{})
	pid := b.server.cmd.Process.Pid
	var all []float64
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if n := residentBytes(pid); n > 0 {
					all = append(all, float64(n/1e5)/10)
				}
			}
		}
	})
	return func() []float64 {
		close(stop)
		wg.Wait()
		return all
	}
}
