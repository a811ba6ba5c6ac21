//go:build faultpoints

package faultpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// soon is long enough for a statement or a call to reach the other side, and
// short enough that its answer is not dealt with.
const soon = 3 * time.Millisecond

var (
	armed     Point
	remaining atomic.Int64
)

func init() { //nolint:gochecknoinits // armed before anything can be hit.
	name, count, _ := strings.Cut(os.Getenv("SIGNALBOX_FAULTPOINT"), ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		n = 1
	}
	armed = Point(name)
	remaining.Store(n)
}

// due tells whether this is the time that was asked for.
func due(p Point) bool { return p == armed && remaining.Add(-1) == 0 }

// Hit ends the process here, when it is due.
func Hit(p Point) {
	if due(p) {
		die()
	}
}

// HitInTransaction ends the process while the transaction that stall lengthens
// is open.
func HitInTransaction(p Point, stall func()) {
	if due(p) {
		stall()
		time.AfterFunc(200*time.Millisecond, die)
	}
}

// HitSoon ends the process when what the caller does next has been sent.
func HitSoon(p Point) {
	if due(p) {
		time.AfterFunc(soon, die)
	}
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
