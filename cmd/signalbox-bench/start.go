package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
)

// The raw side of starting: the service client's own call, over one connection as
// the SDK keeps it, with an argument of the shape and size that Signalbox sends.

func (g *generator) starter(context.Context, job) (operation, error) {
	return operation{close: func() {}, do: func(ctx context.Context) error {
		return g.startRaw(ctx, startQueue, nextEntity())
	}}, nil
}

func (g *generator) startRaw(ctx context.Context, queue, entity string) error {
	id := uuid.Must(uuid.NewV7()).String()
	_, err := g.temporal.WorkflowService().StartWorkflowExecution(ctx, &workflowservice.StartWorkflowExecutionRequest{
		RequestId:    id,
		Namespace:    g.Stack.Namespace,
		WorkflowId:   "raw/" + id,
		WorkflowType: &commonpb.WorkflowType{Name: workflowType},
		TaskQueue:    &taskqueuepb.TaskQueue{Name: queue},
		Identity:     "signalbox-bench",
		Input: &commonpb.Payloads{Payloads: []*commonpb.Payload{{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)},
			Data:     appendArgument(nil, id, entity),
		}}},
	})
	return err
}

// appendArgument has the members of the argument that a rule's workflow gets.
func appendArgument(b []byte, id, entity string) []byte {
	b = append(b, `{"event":{"id":"`...)
	b = append(b, id...)
	b = append(b, `","type":"`+eventType+`","operation":"`+operationStarted+`","source":null,"subject":null,`+
		`"occurredAt":"2026-03-01T12:00:00.25Z","receivedAt":"2026-03-01T12:00:00.25Z","schemaVersion":null,"metadata":{},`+
		`"tenant":"default","rule":"bench-start","ruleVersion":1},"payload":{"id":"`...)
	b = append(b, entity...)
	b = append(b, `","data":`...)
	return append(appendData(b, entity), "}}"...)
}

// sendsPerSecond is the pace at which latency is measured: what the way costs
// when nothing is in it.
const sendsPerSecond = 5

// latency makes calls at an even pace and measures from each call to the first
// line of its workflow's code, which runs in this process, so that one clock tells
// both.
func (g *generator) latency(ctx context.Context, j job, call func(ctx context.Context, entity string) error) (sample, error) {
	w, err := g.work(latencyQueue)
	if err != nil {
		return sample{}, err
	}
	n := max(1, int(j.Seconds*sendsPerSecond))
	took := make([]time.Duration, 0, n)
	tick := time.NewTicker(time.Second / sendsPerSecond)
	defer tick.Stop()
	began := time.Now()
	for range n {
		<-tick.C
		entity := nextEntity()
		ran := w.want(entity)
		called := time.Now()
		if err := call(ctx, entity); err != nil {
			return sample{}, err
		}
		select {
		case at := <-ran:
			took = append(took, at.Sub(called))
		case <-time.After(10 * time.Second):
			return sample{}, errors.New("a workflow has not run within 10 s")
		case <-ctx.Done():
			return sample{}, ctx.Err()
		}
	}
	s := newSample(took, 1, time.Since(began))
	for _, d := range took {
		s.All = append(s.All, float64(d)/float64(time.Millisecond))
	}
	return s, nil
}

func (g *generator) rawLatency(ctx context.Context, j job) (sample, error) {
	return g.latency(ctx, j, func(ctx context.Context, entity string) error { return g.startRaw(ctx, latencyQueue, entity) })
}

func (g *generator) sendLatency(ctx context.Context, j job) (sample, error) {
	c, err := dialHTTP(ctx, j)
	if err != nil {
		return sample{}, err
	}
	defer c.close()
	var body []byte
	return g.latency(ctx, j, func(_ context.Context, entity string) error {
		body = appendEvent(append(body[:0], sendHead...), operationTimed, "", entity)
		body = append(body, "}}"...)
		return c.post(body, []byte(`"outcome":"STARTED"`), 1)
	})
}
