package main

import (
	"log/slog"
	"os"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

const (
	workflowType = "Bench"
	startQueue   = "signalbox-bench"
	latencyQueue = "signalbox-bench-latency"
)

type benchWorker struct{ worker.Worker }

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
