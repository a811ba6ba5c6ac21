package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"go.temporal.io/sdk/client"
)

// clientCmd is the other process: it makes load, or runs workflows.
type clientCmd struct{}

// generator is what a client process has at hand.
type generator struct {
	setup

	temporal client.Client
	workers  map[string]*benchWorker // by task queue
}

// Run is called by kong. It ends when standard input does.
func (clientCmd) Run(ctx context.Context, out output) error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	g := &generator{workers: make(map[string]*benchWorker)}
	defer g.close()
	if !in.Scan() {
		return errors.New("standard input ended before the setup")
	}
	if err := json.Unmarshal(in.Bytes(), &g.setup); err != nil {
		return fmt.Errorf("the setup cannot be read: %w", err)
	}
	if err := g.dial(); err != nil {
		return err
	}
	for in.Scan() {
		var j job
		if err := json.Unmarshal(in.Bytes(), &j); err != nil {
			return fmt.Errorf("a job cannot be read: %w", err)
		}
		if err := g.answer(ctx, j, out.stdout); err != nil {
			return err
		}
	}
	return in.Err()
}

func (g *generator) answer(ctx context.Context, j job, w io.Writer) error {
	var a answer
	var err error
	if a.Sample, err = g.do(ctx, j); err != nil {
		a.Error = err.Error()
	}
	return json.NewEncoder(w).Encode(a)
}

func (g *generator) do(ctx context.Context, j job) (sample, error) {
	switch j.Do {
	case "insert":
		return load(ctx, j, 1, g.inserter)
	case "insert-bulk":
		return load(ctx, j, bulkSize, g.bulkInserter)
	case "send":
		return load(ctx, j, 1, g.sender("NO_RULE", operationAccepted))
	case "send-ruled":
		return load(ctx, j, 1, g.sender("FILTERED", ruledOperations()...))
	case "send-crowded":
		return load(ctx, j, 1, g.sender("FILTERED", operationCrowded))
	case "send-bulk":
		return load(ctx, j, bulkSize, g.bulkSender(operationAccepted, "NO_RULE", ""))
	case "start":
		return load(ctx, j, 1, g.starter)
	case "send-start":
		return load(ctx, j, 1, g.sender("STARTED", operationStarted))
	case "send-bulk-later":
		return load(ctx, j, bulkSize, g.bulkSender(operationStarted, "PENDING", "ACCEPTED"))
	case "read":
		return load(ctx, j, 1, g.reader)
	case "pace":
		return g.pace(ctx, j)
	case "latency":
		return g.rawLatency(ctx, j)
	case "send-latency":
		return g.sendLatency(ctx, j)
	case "settle":
		w, err := g.work(j.Queue)
		if err != nil {
			return sample{}, err
		}
		return sample{}, w.settle(ctx, j.Count)
	default:
		return sample{}, fmt.Errorf("there is no job %q", j.Do)
	}
}
