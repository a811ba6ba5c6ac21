package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// stopTimeout bounds the whole of Stop.
const stopTimeout = 20 * time.Second

// teardown is a stack of named steps, run last in, first out.
type teardown struct {
	log   *slog.Logger
	mu    sync.Mutex
	steps []step
}

type step struct {
	name string
	run  func(ctx context.Context) error
}

func (t *teardown) push(name string, run func(ctx context.Context) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, step{name, run})
}

// run takes every step that is left; a second call finds none.
func (t *teardown) run(ctx context.Context) error {
	t.mu.Lock()
	steps := t.steps
	t.steps = nil
	t.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	var faults []error
	for _, s := range slices.Backward(steps) {
		began := time.Now()
		if err := s.run(ctx); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
		t.log.Debug("stopped", "step", s.name, "took", time.Since(began))
	}
	return errors.Join(faults...)
}

// background runs work until the step is taken, which waits for it to return.
func (t *teardown) background(name string, work func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(ctx)
	}()
	t.push(name, func(stop context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-stop.Done():
			return stop.Err()
		}
	})
}
