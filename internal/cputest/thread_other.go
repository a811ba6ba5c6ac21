//go:build !linux

package cputest

import (
	"testing"
	"time"
)

// Of is the time that f takes, where that of a thread cannot be asked for.
func Of(_ testing.TB, f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
