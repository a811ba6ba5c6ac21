// Package logtest keeps what is logged in a test.
package logtest

import (
	"bytes"
	"strings"
	"sync"
)

// Log may be written and read at once, by a server and its test. It begins empty.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write is io.Writer's.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// String is all that has been written up to now.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Lines counts the lines.
func (l *Log) Lines() int { return strings.Count(l.String(), "\n") }

// With gives the lines in which a text stands: a test that fails shows them, and not all.
func (l *Log) With(text string) (lines []string) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// End is what was written last, some screens of it.
func (l *Log) End() string {
	const most = 6000
	text := l.String()
	return text[max(0, len(text)-most):]
}
