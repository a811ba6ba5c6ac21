package devstack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// process is a running child. Its end is known by done being closed.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// startProcess starts a child that ends with us, even if we are killed, where
// the system offers that.
//
// On Linux the child is signalled when the thread that forked it ends, which
// need not be when the process ends. So the goroutine that forks is bound to
// its thread, and both stay until the child is gone.
func startProcess(cmd *exec.Cmd) (*process, error) {
	dieWithParent(cmd.SysProcAttr)
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// stop sends the signals one after another, each with a grace period, until
// the process is gone. When the context ends, the grace periods shrink but none
// of the signals is left out: a harsh end beats a process left behind.
func (p *process) stop(ctx context.Context, steps ...stopStep) error {
	for _, step := range steps {
		if err := p.cmd.Process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		if p.waitFor(ctx, step.grace) {
			return nil
		}
	}
	return errors.New("the process did not end")
}

func (p *process) waitFor(ctx context.Context, grace time.Duration) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	case <-ctx.Done():
	}
	select {
	case <-p.done:
		return true
	case <-time.After(min(grace, 500*time.Millisecond)):
		return false
	}
}

type stopStep struct {
	signal syscall.Signal
	grace  time.Duration
}

// stopPostgres is Postgres's own ladder: fast shutdown, which ends sessions and
// writes a checkpoint; immediate shutdown, from which the next start recovers;
// and the kernel's.
var stopPostgres = []stopStep{
	{syscall.SIGINT, 15 * time.Second},
	{syscall.SIGQUIT, 3 * time.Second},
	{syscall.SIGKILL, time.Second},
}

// serverEnv is our environment without what would redirect Postgres or make it
// speak another language in its log.
func serverEnv() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "PG") && !strings.HasPrefix(entry, "LC_") && !strings.HasPrefix(entry, "LANG") {
			env = append(env, entry)
		}
	}
	return append(env, "LC_ALL=C")
}
