package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// teardown is what has to be undone, by name, last in first out.
type teardown struct {
	logger *slog.Logger

	mu    sync.Mutex
	steps []teardownStep
}

type teardownStep struct {
	name string
	stop func(context.Context) error
}

func (t *teardown) push(name string, stop func(context.Context) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, teardownStep{name: name, stop: stop})
}

// run stops everything that is left. A second call finds nothing left to do,
// but waits for the first one.
func (t *teardown) run(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var faults []error
	for len(t.steps) > 0 {
		step := t.steps[len(t.steps)-1]
		t.steps = t.steps[:len(t.steps)-1]
		began := time.Now()
		err := step.stop(ctx)
		t.logger.Debug("stopped", slog.String("part", step.name), slog.Duration("took", time.Since(began)))
		if err != nil {
			faults = append(faults, fmt.Errorf("stop %s: %w", step.name, err))
		}
	}
	return errors.Join(faults...)
}
