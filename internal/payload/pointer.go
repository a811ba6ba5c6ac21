package payload

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxSegment and maxSegments bound a pointer, and so an error's message.
	maxSegment  = 64 // bytes of a key
	maxSegments = 32
)

// pointer writes the way that the levels go as a JSON pointer (RFC 6901). Of very
// many segments the outer ones are kept.
func (c *checker) pointer(levels []level, keys []span) string {
	var b strings.Builder
	for i, l := range levels {
		b.WriteByte('/')
		switch {
		case i == maxSegments:
			b.WriteString("…")
			return b.String()
		case l.firstKey == inArray:
			b.WriteString(strconv.Itoa(l.n))
		default:
			writeSegment(&b, c.bytes(keys[l.firstKey+l.n-1]))
		}
	}
	return b.String()
}

func writeSegment(b *strings.Builder, key []byte) {
	cut := len(key) > maxSegment
	if cut {
		end := maxSegment
		for !utf8.RuneStart(key[end]) {
			end--
		}
		key = key[:end]
	}
	for _, r := range string(key) {
		switch {
		case r == '~':
			b.WriteString("~0")
		case r == '/':
			b.WriteString("~1")
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteRune(unicode.ReplacementChar)
		}
	}
	if cut {
		b.WriteString("…")
	}
}
