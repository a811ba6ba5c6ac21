package crashtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What tests expect of the load while it runs and of its log.

// await waits until that many more answers without an error have come.
func (l *load) await(t *testing.T, more int) {
	t.Helper()
	target := l.acknowledged() + more
	require.Eventually(t, func() bool { return l.acknowledged() >= target }, soon, often, "the load does not get on")
}

// awaitCode waits for an answer with that code to a request made since then.
func (l *load) awaitCode(t *testing.T, code string, since time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, e := range l.log() {
			if e.Code == code && e.At >= since {
				return true
			}
		}
		return false
	}, soon, often, "no request was answered with %s", code)
}

// firstSuccess is when the first answer without an error came after a moment.
func (l *load) firstSuccess(after time.Duration) time.Duration {
	first := time.Duration(1<<63 - 1)
	for _, e := range l.log() {
		if came := e.At + e.Took; e.Code == "" && came > after {
			first = min(first, came)
		}
	}
	return first
}

func (l *load) requireNoTransportErrors(t *testing.T) {
	t.Helper()
	for _, e := range l.log() {
		require.NotEqual(t, Transport, e.Code, "a request got no answer: %s", e.Message)
	}
}

// requireWithin bounds the time of every answer with that code.
func (l *load) requireWithin(t *testing.T, code string, bound time.Duration) {
	t.Helper()
	over, slowest := 0, time.Duration(0)
	for _, e := range l.log() {
		if e.Code != code {
			continue
		}
		slowest = max(slowest, e.Took)
		if e.Took > bound {
			over++
		}
	}
	require.Zero(t, over, "answers with code %q took longer than %s; the slowest %s", code, bound, slowest)
	t.Logf("answers with code %q: the slowest took %s", code, slowest.Round(time.Millisecond))
}

// summary is how the answers were since a moment of the load.
func (l *load) summary(since time.Duration) string {
	took := make(map[string][]time.Duration)
	for _, e := range l.log() {
		if e.At < since {
			continue
		}
		code := e.Code
		if code == "" {
			code = "acknowledged"
		}
		took[code] = append(took[code], e.Took)
	}
	var text []string
	for _, code := range sortedKeys(took) {
		times := took[code]
		slices.Sort(times)
		text = append(text, fmt.Sprintf("%d %s (median %s, slowest %s)", len(times), code,
			times[len(times)/2].Round(time.Millisecond), times[len(times)-1].Round(time.Millisecond)))
	}
	return strings.Join(text, ", ")
}
