package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// rules measures what schemas and conditions cost: accepting events that have them
// beside accepting events that have none, on the same server.
func (b *bench) rules(ctx context.Context) error {
	if err := b.apply(ctx, ruledCatalogue()); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // the server looks for changes twice a second
	for _, side := range []struct {
		name, do string
		aim      aim
	}{
		{fmt.Sprintf("accept, %d pairs with a schema and a rule", ruledPairs), "send-ruled", aim{ratio: 0.8}},
		{fmt.Sprintf("accept, %d rules and a schema on one pair", ruledPairs), "send-crowded", aim{}},
	} {
		pairs, err := b.alternate(ctx, side.name, b.flags.Rounds, b.flags.Seconds,
			b.round(job{Do: "send", Connections: 64}), b.round(job{Do: side.do, Connections: 64}))
		if err != nil {
			return err
		}
		b.report.rate(side.name, pairs, side.aim)
	}
	return nil
}

// Tables of so many rules on one pair are asked.
var tableSizes = []int{10, 100, 1_000, 10_000}

const (
	matchRounds = 15
	matchTurns  = 200 // calls a round, for each of the tables
)

// match measures Table.Match by itself, in this process: how the time grows with
// rules on one pair that cannot match. The raw side is the smallest table's; the
// tables are asked in turns, so that a noisy machine is noisy for all.
func (b *bench) match(context.Context) error {
	raw := appendData(nil, "item-1")
	facts := &routing.Facts{
		Event: &signalbox.Event{ID: signalbox.FirstID(time.Now()), Type: eventType, Operation: operationCrowded, EntityID: "item-1", Data: raw},
		Data:  payload.Decode(json.RawMessage(raw)),
	}
	for _, kind := range []struct {
		name, when string
		most       float64
	}{
		{"with an equality", `payload.data.supplier.id == "sup-%d" && payload.data.stock.current < payload.data.stock.threshold`, 2},
		{"without one", `payload.data.stock.current > %d + 100`, 0},
	} {
		tables := make([]*routing.Table, len(tableSizes))
		for i, size := range tableSizes {
			var err error
			if tables[i], err = tableOf(size, kind.when); err != nil {
				return err
			}
		}
		times := make([][]float64, len(tableSizes))
		for range matchRounds {
			for i, table := range tables {
				turns := matchTurns
				if kind.most == 0 {
					turns = max(1, matchTurns*10/tableSizes[i])
				}
				for range turns {
					began := time.Now()
					table.Match(facts)
					times[i] = append(times[i], float64(time.Since(began))/float64(time.Microsecond))
				}
			}
		}
		for i, size := range tableSizes {
			a := aim{}
			if size == tableSizes[len(tableSizes)-1] {
				a.ratioMost = kind.most
			}
			b.report.match(fmt.Sprintf("match, %s rules %s", thousands(float64(size)), kind.name), median(times[0]), median(times[i]), a)
			b.say("match, %d rules %s: p50 %.1f µs", size, kind.name, median(times[i]))
		}
	}
	return nil
}

func tableOf(size int, when string) (*routing.Table, error) {
	rules := make([]signalbox.Rule, size)
	for i := range rules {
		r := &rules[i]
		r.Name, r.Version, r.State = fmt.Sprintf("r%05d", i), 1, signalbox.RuleEnabled
		r.On = signalbox.Pattern{Type: eventType, Operation: operationCrowded}
		r.When = fmt.Sprintf(when, i+109) // one of them is sup-118
		r.Start = signalbox.StartSpec{Workflow: workflowType, TaskQueue: startQueue}
	}
	return routing.Compile(rules, routing.Options{Home: routing.Home{Namespace: "default"}})
}
