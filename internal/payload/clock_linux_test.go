package payload_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// processorTime is what f takes of one processor. On a machine that others share, the
// time that passes says little of the code.
func processorTime(t *testing.T, f func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const thisThread = 1 // RUSAGE_THREAD of getrusage(2)
	used := func() time.Duration {
		var u syscall.Rusage
		require.NoError(t, syscall.Getrusage(thisThread, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	f()
	return used() - start
}
