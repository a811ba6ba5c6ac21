package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// TaskQueue is where the demo worker listens, and where rules send its
// workflows.
const TaskQueue = "signalbox-demo"

// Activities are the systems around the workflows.
type Activities struct{}

// workflows by the name that rules start them by.
var workflows = map[string]any{
	"ReorderStock":         ReorderStock,
	"NotifyCustomer":       NotifyCustomer,
	"HandleOrderException": HandleOrderException,
	"InvestigateQuality":   InvestigateQuality,
	"EscalateWorkflow":     EscalateWorkflow,
	"Complete":             Complete,
	"Record":               Record,
}

// Registry is what a worker and a test environment have in common.
type Registry interface {
	WorkflowRegistry
	RegisterActivity(a any)
}

// WorkflowRegistry is what a replayer has of it.
type WorkflowRegistry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register adds all workflows and activities to a worker.
func Register(r Registry) {
	RegisterWorkflows(r)
	r.RegisterActivity(&Activities{})
}

// RegisterWorkflows adds the workflows alone, to replay their histories.
func RegisterWorkflows(r WorkflowRegistry) {
	for name, w := range workflows {
		r.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name})
	}
}

// Config is what a worker needs.
type Config struct {
	// Address and Namespace say which Temporal.
	Address   string
	Namespace string
	Logger    *slog.Logger
}

// Worker runs the demo workflows until it is stopped.
type Worker struct {
	client client.Client
	worker worker.Worker
}

// Start connects and begins to work.
func Start(ctx context.Context, c Config) (*Worker, error) {
	if c.Address == "" || c.Namespace == "" || c.Logger == nil {
		return nil, errors.New("demo: address, namespace and logger are required")
	}
	conn, err := client.DialContext(ctx, client.Options{
		HostPort:  c.Address,
		Namespace: c.Namespace,
		Logger:    temporallog.NewStructuredLogger(c.Logger),
	})
	if err != nil {
		return nil, fmt.Errorf("connect the demo worker: %w", err)
	}
	w := worker.New(conn, TaskQueue, worker.Options{})
	Register(w)
	if err := w.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start the demo worker: %w", err)
	}
	return &Worker{client: conn, worker: w}, nil
}

// Stop ends the worker. What it was doing is taken up again by the next one.
func (w *Worker) Stop(ctx context.Context) error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		w.worker.Stop()
		w.client.Close()
	}()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the demo worker is still busy: %w", ctx.Err())
	}
}
