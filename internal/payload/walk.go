package payload

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
)

// checker is at one place of a text.
type checker struct {
	raw    []byte
	at     int
	limits Limits
	// unescaped is where keys with escapes are decoded to. It is never rewound, as it
	// never outgrows the text.
	unescaped []byte
	// The hash table of an object with many keys, one object after the other.
	slots []uint64
	seed  maphash.Seed
	warm  uint64 // of no meaning, and kept so that the slots are read ahead
}

// level is an object or an array that is open.
type level struct {
	firstKey int // its first key's place among the keys; inArray for an array
	n        int // the keys so far; in an array, the index of the element
}

const inArray = -1

// walk goes through the whole text. It keeps what is open around the place that it
// is at on a stack of its own, outermost first, with the keys so far of each object:
// a recursion as deep as MaxDepth may allow would exhaust Go's.
func (c *checker) walk(levels []level, keys []span) (err *Error) {
	if bytes.HasPrefix(c.raw, []byte("\ufeff")) {
		return c.fault(Malformed, "begins with a byte order mark: leave it out")
	}
	for {
		// A value is to come, at any depth.
		c.space()
		if open := c.peek(); open == '{' || open == '[' {
			if len(levels) >= c.limits.MaxDepth {
				return c.fault(TooDeep, fmt.Sprintf("is nested deeper than %d levels: flatten it", c.limits.MaxDepth)).in(levels, keys, c)
			}
			c.at++
			c.space()
			if c.peek() != open+2 { // as } is to { and ] to [
				if open == '[' {
					levels = append(levels, level{firstKey: inArray})
					continue
				}
				levels = append(levels, level{firstKey: len(keys)})
				if keys, err = c.key(levels, keys); err != nil {
					return err
				}
				continue
			}
			c.at++
		} else if err := c.scalar(); err != nil {
			return err.in(levels, keys, c)
		}
		// A value has ended. How does what is around it go on?
		for more := false; !more; {
			c.space()
			if len(levels) == 0 {
				if c.at < len(c.raw) {
					return c.fault(Malformed, "is followed by something else: send one value")
				}
				return nil
			}
			l := &levels[len(levels)-1]
			array := l.firstKey == inArray
			switch b := c.peek(); {
			case b == ',' && array:
				c.at++
				l.n++
				more = true
			case b == ',':
				c.at++
				c.space()
				if keys, err = c.key(levels, keys); err != nil {
					return err
				}
				more = true
			case b == ']' && array:
				c.at++
				levels = levels[:len(levels)-1]
			case b == '}' && !array:
				if i := c.duplicate(keys[l.firstKey:]); i >= 0 {
					l.n = i + 1
					c.at = int(keys[l.firstKey+i].at)
					return c.fault(DuplicateKey, "is there twice: a key can be in an object once").in(levels, keys, c)
				}
				c.at++
				keys = keys[:l.firstKey]
				levels = levels[:len(levels)-1]
			default:
				return c.unclosed(array).in(levels[:len(levels)-1], keys, c)
			}
		}
	}
}

// scalar reads a value that is no object and no array.
func (c *checker) scalar() *Error {
	switch c.peek() {
	case '"':
		_, err := c.quoted()
		return err
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return c.number()
	case 't':
		return c.literal("true")
	case 'f':
		return c.literal("false")
	case 'n':
		return c.literal("null")
	}
	if c.at == len(c.raw) {
		return c.fault(Malformed, "is malformed: it ends where a value is expected")
	}
	return c.fault(Malformed, noValue)
}

const noValue = "is malformed: a value is expected"

func (c *checker) literal(word string) *Error {
	if len(c.raw)-c.at < len(word) || string(c.raw[c.at:c.at+len(word)]) != word {
		return c.fault(Malformed, noValue)
	}
	c.at += len(word)
	return nil
}

// key reads the next key of the innermost object, and the colon.
func (c *checker) key(levels []level, keys []span) ([]span, *Error) {
	around := levels[:len(levels)-1] // a key that cannot be read is in no pointer
	switch {
	case c.at == len(c.raw):
		return nil, c.unclosed(false).in(around, keys, c)
	case c.raw[c.at] != '"':
		return nil, c.fault(Malformed, "is malformed: a key in double quotes is expected").in(around, keys, c)
	}
	start := c.at
	escaped, err := c.quoted()
	if err != nil {
		return nil, err.in(around, keys, c)
	}
	key := c.span(start+1, c.at-1, escaped)
	if len(keys) == cap(keys) {
		keys = slices.Grow(keys, len(keys)) // append alone grows in small steps
	}
	keys = append(keys, key)
	l := &levels[len(levels)-1]
	l.n++
	if n := int(key.size); n > c.limits.MaxKeyBytes {
		c.at = start
		return nil, c.fault(LongKey, fmt.Sprintf("is a key of %d bytes; the limit is %d: shorten it", n, c.limits.MaxKeyBytes)).in(levels, keys, c)
	}
	c.space()
	if c.peek() != ':' {
		return nil, c.fault(Malformed, "is malformed: a colon is expected after the key").in(levels, keys, c)
	}
	c.at++
	return keys, nil
}

func (c *checker) space() {
	for c.at < len(c.raw) && c.raw[c.at] <= ' ' && isSpace(c.raw[c.at]) {
		c.at++
	}
}

// isSpace tells white space (RFC 8259, section 2).
func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// peek is the byte to come, or NUL, which no text may have, at the end.
func (c *checker) peek() byte {
	if c.at < len(c.raw) {
		return c.raw[c.at]
	}
	return 0
}

// fault is one of the whole text, until in says otherwise.
func (c *checker) fault(kind Kind, reason string) *Error {
	return &Error{Kind: kind, Reason: reason, Offset: c.at}
}

func (c *checker) unclosed(array bool) *Error {
	switch {
	case c.at == len(c.raw):
		return c.fault(Malformed, "is malformed: it is not closed")
	case array:
		return c.fault(Malformed, "is malformed: a comma or ] is expected")
	}
	return c.fault(Malformed, "is malformed: a comma or } is expected")
}

// in puts the fault where the levels lead to.
func (e *Error) in(levels []level, keys []span, c *checker) *Error {
	e.Pointer = c.pointer(levels, keys)
	return e
}
