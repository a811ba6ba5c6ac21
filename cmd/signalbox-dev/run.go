package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signalbox/signalbox/cmd/signalbox-dev/devstack"
)

type runCmd struct {
	stackFlags

	Listen string `default:"127.0.0.1:8080" help:"Address that Signalbox listens on."`
}

// Run is called by kong.
func (c *runCmd) Run(ctx context.Context) (err error) {
	logger := c.logger()
	began := time.Now()
	stack, err := devstack.Start(ctx, c.options(logger))
	if err != nil {
		return err
	}
	defer func() {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err = errors.Join(err, stack.Stop(stopCtx))
	}()
	fmt.Printf("ready after %v\n\n  Temporal UI  %s\n  Temporal     %s\n  Postgres     %s\n",
		time.Since(began).Round(time.Millisecond), stack.UIURL, stack.TemporalAddress, stack.PostgresDSN)
	select {
	case <-ctx.Done():
		return nil
	case err := <-stack.Failed():
		return err
	}
}
