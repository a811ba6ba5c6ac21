package payload_test

import (
	"bytes"
	"fmt"

	"github.com/signalbox/signalbox/internal/payload"
)

const hostileBytes = 8 << 20

// raised are limits under which only what is wrong with a text itself stops it.
var raised = payload.Limits{
	MaxBytes: 64 << 20, MaxDepth: 10_000, MaxKeyBytes: 64 << 20, MaxNumberDigits: 64 << 20, MaxExponent: 64 << 20,
}

// manyKeys is an object of about the bytes with keys that all differ, and a first
// one that comes again at the end.
func manyKeys(size int, format string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"first":0`)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, format, i)
	}
	b.WriteString(`,"first":0}`)
	return b.Bytes()
}
