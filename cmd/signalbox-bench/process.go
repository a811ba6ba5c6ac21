package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopTimeout is how long a process may take to end when asked to.
	stopTimeout = 30 * time.Second
	// tailLines of what a process said last are told when it breaks.
	tailLines = 8
)

// process is a child of ours.
type process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	ended  chan struct{}

	mu   sync.Mutex
	tail []string
}

// start runs a program. Each line of its standard error goes to heard, if there is
// one, and the newest are kept for the day that it breaks.
func start(name string, env []string, heard func(line string), program string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(program, args...), ended: make(chan struct{})} //nolint:gosec,noctx // running it is the point, and stop ends it.
	p.cmd.Env = append(os.Environ(), env...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(stdout)
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			p.keep(lines.Text())
			if heard != nil {
				heard(lines.Text())
			}
		}
		_, _ = io.Copy(io.Discard, stderr)
	}()
	return p, nil
}

func (p *process) keep(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tail = append(p.tail, line)
	if len(p.tail) > tailLines {
		p.tail = p.tail[1:]
	}
}

// broken adds to an error what the process said last.
func (p *process) broken(err error) error {
	select {
	case <-p.ended: // its last words are in
	case <-time.After(time.Second):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Errorf("%s: %w; it said: %s", p.name, err, strings.Join(p.tail, " | "))
}

// line reads a line of standard output; the process is at fault if there is none
// in time.
func (p *process) line(ctx context.Context, within time.Duration) ([]byte, error) {
	type read struct {
		line []byte
		err  error
	}
	got := make(chan read, 1)
	go func() {
		line, err := p.stdout.ReadBytes('\n')
		got <- read{line, err}
	}()
	select {
	case r := <-got:
		if r.err != nil {
			return nil, p.broken(r.err)
		}
		return r.line, nil
	case <-time.After(within):
		return nil, p.broken(errors.New("no answer in time"))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stop asks the process to end, and makes it.
func (p *process) stop() error {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.ended
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 { // a signal, ours
		return nil
	}
	if err != nil {
		return p.broken(err)
	}
	return nil
}
