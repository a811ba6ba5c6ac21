package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// The parent writes jobs to a client's standard input and reads an answer for
// each from its standard output, a JSON object a line. The first line is a setup.

type setup struct {
	Stack  addresses
	Tenant [16]byte
}

// job is one round of load, or another thing to do.
type job struct {
	Do          string
	Server      string  // host:port of Signalbox, where the job needs it
	Connections int     `json:",omitempty"`
	Seconds     float64 `json:",omitempty"`
	Count       int     `json:",omitempty"` // instead of Seconds: how many operations
	Queue       string  `json:",omitempty"`
	Key         string  `json:",omitempty"` // an API key, for a server that asks for one
	// Of a pace: events a second, and whether what was acknowledged is to be looked
	// up among the tenant's events.
	Rate   float64  `json:",omitempty"`
	Check  bool     `json:",omitempty"`
	Tenant [16]byte `json:",omitempty"`
}

type answer struct {
	Sample sample
	Error  string `json:",omitempty"`
}

// sample is what a round came to.
type sample struct {
	Count   int     `json:"count"`   // events, rows or starts
	Seconds float64 `json:"seconds"` // from the first operation's start to the last one's end
	// Milliseconds an operation.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	// Each operation's milliseconds, where the job asks for them.
	All []float64 `json:"all,omitempty"`
	// Of a pace: what was refused, by code, how many of these with a hint, and what
	// was not sent because every connection was waiting.
	Refused  map[string]int `json:"refused,omitempty"`
	Hinted   int            `json:"hinted,omitempty"`
	Unserved int            `json:"unserved,omitempty"`
	// Of one that was checked: acknowledged and not there, there more than once, and
	// refused and there all the same.
	Lost    int `json:"lost,omitempty"`
	Doubled int `json:"doubled,omitempty"`
	Stored  int `json:"stored,omitempty"`
}

func (s sample) rate() float64 { return float64(s.Count) / s.Seconds }

// link is a client process, seen from the parent.
type link struct{ *process }

func (b *bench) startClient(name string) (*link, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := start(name+" client", nil, nil, self, "client")
	if err != nil {
		return nil, err
	}
	b.processes = append(b.processes, p)
	l := &link{p}
	return l, l.send(setup{Stack: b.stack, Tenant: b.tenant})
}

func (l *link) send(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := l.stdin.Write(append(line, '\n')); err != nil {
		return l.broken(err)
	}
	return nil
}

// do has a job done and waits for the answer.
func (l *link) do(ctx context.Context, j job) (sample, error) {
	if err := l.send(j); err != nil {
		return sample{}, err
	}
	line, err := l.line(ctx, seconds(j.Seconds)+3*time.Minute)
	if err != nil {
		return sample{}, err
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return sample{}, fmt.Errorf("%s: %w", l.name, err)
	}
	if a.Error != "" {
		return sample{}, errors.New(j.Do + ": " + a.Error)
	}
	return a.Sample, nil
}
