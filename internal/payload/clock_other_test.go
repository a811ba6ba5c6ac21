//go:build !linux

package payload_test

import (
	"testing"
	"time"
)

// processorTime is the time that f takes, where that of a thread cannot be asked for.
func processorTime(_ *testing.T, f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
