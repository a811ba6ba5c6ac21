package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const (
	workflowType = "Bench"
	startQueue   = "signalbox-bench"
	latencyQueue = "signalbox-bench-latency"

	workflowPollers = 8
	settleTimeout   = 2 * time.Minute
	// closing allows Temporal to write down that the newest workflows are done.
	closing = 300 * time.Millisecond
)

// argument is what every run gets, as far as it is looked at.
type argument struct {
	Payload struct {
		ID   string          `json:"id"`
		Data json.RawMessage `json:"data"`
	} `json:"payload"`
}

// benchWorker runs the workflow, which completes at once.
type benchWorker struct {
	worker.Worker

	runs   atomic.Int64
	mu     sync.Mutex
	wanted map[string]chan time.Time // by entity id: who wants to know when it runs
}

func (g *generator) dial() (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	g.temporal, err = client.NewLazyClient(client.Options{
		HostPort: g.Stack.Temporal, Namespace: g.Stack.Namespace, Logger: sdklog.NewStructuredLogger(log),
	})
	return err
}

func (g *generator) close() {
	for _, w := range g.workers {
		w.Stop()
	}
	if g.temporal != nil {
		g.temporal.Close()
	}
}

// work starts the worker of a queue, unless it runs.
func (g *generator) work(queue string) (*benchWorker, error) {
	if w := g.workers[queue]; w != nil {
		return w, nil
	}
	w := &benchWorker{
		Worker: worker.New(g.temporal, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: workflowPollers, LocalActivityWorkerOnly: true}),
		wanted: make(map[string]chan time.Time),
	}
	w.RegisterWorkflowWithOptions(func(_ workflow.Context, arg argument) error {
		w.ran(arg.Payload.ID, time.Now()) //nolint:gocritic // the wall clock is what is measured; nothing depends on it.
		return nil
	}, workflow.RegisterOptions{Name: workflowType})
	if err := w.Start(); err != nil {
		return nil, err
	}
	g.workers[queue] = w
	return w, nil
}

func (w *benchWorker) ran(entity string, at time.Time) {
	w.runs.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if told := w.wanted[entity]; told != nil {
		told <- at // it has room for one, and the first is what counts
		delete(w.wanted, entity)
	}
}

// want gives the time at which the entity's workflow runs its first line.
func (w *benchWorker) want(entity string) <-chan time.Time {
	told := make(chan time.Time, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted[entity] = told
	return told
}

// settle waits until as many workflows have run as were started ever since, so that
// a round does not pay for what the one before it left behind.
func (w *benchWorker) settle(ctx context.Context, started int) error {
	for began := time.Now(); time.Since(began) < settleTimeout && ctx.Err() == nil; time.Sleep(closing / 8) {
		if w.runs.Load() >= int64(started) {
			time.Sleep(closing)
			return nil
		}
	}
	return fmt.Errorf("%d of %d workflows have run in time", w.runs.Load(), started)
}
