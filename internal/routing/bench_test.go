package routing_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func BenchmarkMatch(b *testing.B) {
	for _, indexed := range []bool{true, false} {
		for _, n := range []int{1, 10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("indexed=%v/rules=%d", indexed, n), func(b *testing.B) {
				var rules []signalbox.Rule
				for i := range n {
					when := fmt.Sprintf(`payload.data.warehouse == "w%d" && payload.data.total > 100`, i)
					if !indexed {
						when = fmt.Sprintf(`payload.data.total > %d`, i+1000)
					}
					r := conditional(when)
					r.Name = fmt.Sprintf("r%05d", i)
					rules = append(rules, r)
				}
				table, err := routing.Compile(rules, routing.Options{Home: home})
				if err != nil {
					b.Fatal(err)
				}
				f := facts(`{"warehouse": "w5", "total": 500}`)
				b.ReportAllocs()
				for b.Loop() {
					table.Match(f)
				}
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	r := conditional(`payload.data.warehouse == "w1" && payload.data.total > 100 && payload.data.items.exists(i, i.sku == "a")`)
	for b.Loop() {
		if _, err := routing.CompileRule(r, home); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeap says how much memory 1,000 compiled rules keep.
func BenchmarkHeap(b *testing.B) {
	var rules []signalbox.Rule
	for i := range 1_000 {
		r := conditional(fmt.Sprintf(`payload.data.warehouse == "w%d" && payload.data.total > 100`, i))
		r.Name = fmt.Sprintf("r%05d", i)
		rules = append(rules, r)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table, err := routing.Compile(rules, routing.Options{Home: home})
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1_000, "B/rule")
	runtime.KeepAlive(table)
}
