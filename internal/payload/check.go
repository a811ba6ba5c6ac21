package payload

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Limits bound a JSON text.
type Limits struct {
	MaxBytes        int // of the whole text
	MaxDepth        int // of nested objects and arrays; the outermost is 1
	MaxKeyBytes     int // of a key, unescaped, in UTF-8
	MaxNumberDigits int // of a number, before and after the point
	MaxExponent     int // absolute value of a number's exponent, as it is written
}

// DefaultLimits are the limits of an event's data.
func DefaultLimits() Limits {
	return Limits{MaxBytes: 256 << 10, MaxDepth: 64, MaxKeyBytes: 256, MaxNumberDigits: 64, MaxExponent: 308}
}

// Kind is what is wrong with a text.
type Kind int

// The kinds.
const (
	Malformed Kind = iota // not JSON (RFC 8259)
	TooLarge
	TooDeep
	DuplicateKey
	LongKey
	BadString // NUL, invalid UTF-8, a lone surrogate, an unescaped control character
	BadNumber // too many digits, or too large an exponent
)

// Error says what is wrong and where. It never holds a value of the text; the
// pointer holds keys, cut to a bounded length.
type Error struct {
	Kind    Kind
	Pointer string // JSON pointer (RFC 6901); "" is the whole text
	Reason  string // the end of a sentence that begins with the pointer
	Offset  int    // in bytes
}

func (e *Error) Error() string {
	if e.Pointer == "" {
		return "the JSON " + e.Reason
	}
	return e.Pointer + " " + e.Reason
}

// Check is nil for exactly one JSON value within the limits, with white space
// around it at the most; else an *Error. One pass, and no allocation but for
// objects with many keys and for keys with escapes.
func Check(raw []byte, limits Limits) error {
	if len(raw) > limits.MaxBytes {
		return &Error{Kind: TooLarge, Reason: fmt.Sprintf("has %d bytes; the limit is %d", len(raw), limits.MaxBytes)}
	}
	var room [8]segment // deep enough for most; append finds more
	c := checker{raw: raw, limits: limits, path: room[:0]}
	c.space()
	if err := c.value(); err != nil {
		return err
	}
	c.space()
	if c.at < len(raw) {
		return c.fault(Malformed, "is followed by something else: one value is expected")
	}
	return nil
}

type checker struct {
	raw    []byte
	at     int
	limits Limits
	// path is where in the text the checker is. It becomes a pointer only when
	// something is wrong.
	path []segment
}

// segment is one step of a path.
type segment struct {
	key   []byte // unescaped; nil in an array
	index int
}

func (c *checker) fault(kind Kind, reason string) *Error {
	return &Error{Kind: kind, Pointer: pointer(c.path), Reason: reason, Offset: c.at}
}

func (c *checker) space() {
	for c.at < len(c.raw) {
		switch c.raw[c.at] {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

func (c *checker) value() *Error {
	if c.at == len(c.raw) {
		return c.fault(Malformed, "ends where a value is expected")
	}
	switch b := c.raw[c.at]; {
	case b == '{':
		return c.object()
	case b == '[':
		return c.array()
	case b == '"':
		_, err := c.text(false)
		return err
	case b == '-' || b >= '0' && b <= '9':
		return c.number()
	case b == 't':
		return c.literal("true")
	case b == 'f':
		return c.literal("false")
	case b == 'n':
		return c.literal("null")
	}
	return c.fault(Malformed, "is malformed: a value is expected")
}

func (c *checker) literal(word string) *Error {
	if !bytes.HasPrefix(c.raw[c.at:], []byte(word)) {
		return c.fault(Malformed, "is malformed: a value is expected")
	}
	c.at += len(word)
	return nil
}

func (c *checker) object() *Error {
	if len(c.path) >= c.limits.MaxDepth {
		return c.fault(TooDeep, fmt.Sprintf("is nested deeper than %d levels", c.limits.MaxDepth))
	}
	c.at++ // {
	var keys keySet
	for first := true; ; first = false {
		c.space()
		if c.at < len(c.raw) && c.raw[c.at] == '}' && first {
			c.at++
			return nil
		}
		if c.at == len(c.raw) || c.raw[c.at] != '"' {
			return c.fault(Malformed, "is malformed: a key in double quotes is expected")
		}
		key, err := c.text(true)
		if err != nil {
			return err
		}
		c.path = append(c.path, segment{key: key})
		if len(key) > c.limits.MaxKeyBytes {
			return c.fault(LongKey, fmt.Sprintf("has a key of %d bytes; the limit is %d", len(key), c.limits.MaxKeyBytes))
		}
		if !keys.add(key) {
			return c.fault(DuplicateKey, "is there twice: a key can be in an object once")
		}
		c.space()
		if c.at == len(c.raw) || c.raw[c.at] != ':' {
			return c.fault(Malformed, "is malformed: a colon is expected after the key")
		}
		c.at++
		c.space()
		if err := c.value(); err != nil {
			return err
		}
		c.path = c.path[:len(c.path)-1]
		c.space()
		if c.at == len(c.raw) {
			return c.fault(Malformed, "is not closed")
		}
		switch c.raw[c.at] {
		case ',':
			c.at++
		case '}':
			c.at++
			return nil
		default:
			return c.fault(Malformed, "is malformed: a comma or } is expected")
		}
	}
}

func (c *checker) array() *Error {
	if len(c.path) >= c.limits.MaxDepth {
		return c.fault(TooDeep, fmt.Sprintf("is nested deeper than %d levels", c.limits.MaxDepth))
	}
	c.at++ // [
	c.space()
	if c.at < len(c.raw) && c.raw[c.at] == ']' {
		c.at++
		return nil
	}
	for i := 0; ; i++ {
		c.path = append(c.path, segment{index: i})
		c.space()
		if err := c.value(); err != nil {
			return err
		}
		c.path = c.path[:len(c.path)-1]
		c.space()
		if c.at == len(c.raw) {
			return c.fault(Malformed, "is not closed")
		}
		switch c.raw[c.at] {
		case ',':
			c.at++
		case ']':
			c.at++
			return nil
		default:
			return c.fault(Malformed, "is malformed: a comma or ] is expected")
		}
	}
}

// text checks a string and answers its bytes, unescaped, where they are wanted.
func (c *checker) text(wanted bool) ([]byte, *Error) {
	c.at++ // "
	start := c.at
	var unescaped []byte // nil until there is an escape
	for {
		for c.at < len(c.raw) && plain[c.raw[c.at]] {
			c.at++
		}
		if c.at == len(c.raw) {
			return nil, c.fault(Malformed, "has a string that is not closed")
		}
		switch b := c.raw[c.at]; {
		case b == '"':
			s := c.raw[start:c.at]
			if unescaped != nil {
				s = append(unescaped, s...)
			}
			c.at++
			return s, nil
		case b == '\\':
			before := c.raw[start:c.at]
			r, err := c.escape()
			if err != nil {
				return nil, err
			}
			if wanted {
				if unescaped == nil {
					unescaped = make([]byte, 0, 64)
				}
				unescaped = utf8.AppendRune(append(unescaped, before...), r)
			}
			start = c.at
		case b < ' ':
			return nil, c.fault(BadString, "has an unescaped control character in a string")
		default:
			r, size := utf8.DecodeRune(c.raw[c.at:])
			if r == utf8.RuneError && size == 1 {
				return nil, c.fault(BadString, "has invalid UTF-8 in a string")
			}
			c.at += size
		}
	}
}

// plain are the bytes that a string can hold and that mean nothing but themselves.
var plain = func() (table [256]bool) {
	for b := ' '; b < utf8.RuneSelf; b++ {
		table[b] = b != '"' && b != '\\'
	}
	return table
}()

// escapes are the escapes of one letter, and what they stand for.
var escapes = [256]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads one escape sequence, or the two of a surrogate pair.
func (c *checker) escape() (rune, *Error) {
	if c.at+1 >= len(c.raw) {
		return 0, c.fault(Malformed, "has a string that is not closed")
	}
	b := c.raw[c.at+1]
	if b != 'u' {
		r := escapes[b]
		if r == 0 {
			return 0, c.fault(Malformed, "has an unknown escape in a string")
		}
		c.at += 2
		return r, nil
	}
	r, ok := hex4(c.raw[c.at+2:])
	if !ok {
		return 0, c.fault(Malformed, `has a \u in a string that is not followed by four hexadecimal digits`)
	}
	switch {
	case r == 0:
		return 0, c.fault(BadString, "has the character NUL in a string, which the database cannot hold")
	case r >= 0xDC00 && r <= 0xDFFF:
		return 0, c.fault(BadString, "has a lone surrogate in a string")
	case r >= 0xD800 && r <= 0xDBFF:
		rest := c.raw[c.at+6:]
		low, ok := rune(0), false
		if len(rest) >= 2 && rest[0] == '\\' && rest[1] == 'u' {
			low, ok = hex4(rest[2:])
		}
		if !ok || low < 0xDC00 || low > 0xDFFF {
			return 0, c.fault(BadString, "has a lone surrogate in a string")
		}
		c.at += 12
		return (r-0xD800)<<10 | (low - 0xDC00) + 0x10000, nil
	}
	c.at += 6
	return r, nil
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, d := range b[:4] {
		switch {
		case d >= '0' && d <= '9':
			d -= '0'
		case d >= 'a' && d <= 'f':
			d -= 'a' - 10
		case d >= 'A' && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func (c *checker) digits() int {
	start := c.at
	for c.at < len(c.raw) && c.raw[c.at] >= '0' && c.raw[c.at] <= '9' {
		c.at++
	}
	return c.at - start
}

func (c *checker) number() *Error {
	const malformed = "is malformed: the number is not written as one"
	if c.raw[c.at] == '-' {
		c.at++
	}
	leading := c.at
	digits := c.digits()
	if digits == 0 || digits > 1 && c.raw[leading] == '0' {
		return c.fault(Malformed, malformed)
	}
	if c.at < len(c.raw) && c.raw[c.at] == '.' {
		c.at++
		fraction := c.digits()
		if fraction == 0 {
			return c.fault(Malformed, malformed)
		}
		digits += fraction
	}
	if digits > c.limits.MaxNumberDigits {
		return c.fault(BadNumber, fmt.Sprintf("is a number of %d digits; the limit is %d: send it as a string", digits, c.limits.MaxNumberDigits))
	}
	if c.at == len(c.raw) || c.raw[c.at] != 'e' && c.raw[c.at] != 'E' {
		return nil
	}
	c.at++
	if c.at < len(c.raw) && (c.raw[c.at] == '+' || c.raw[c.at] == '-') {
		c.at++
	}
	start := c.at
	if c.digits() == 0 {
		return c.fault(Malformed, malformed)
	}
	exponent := bytes.TrimLeft(c.raw[start:c.at], "0")
	// Nine digits fit any int; more are over any limit.
	n, err := strconv.Atoi(string(append([]byte{'0'}, exponent[:min(len(exponent), 9)]...)))
	if err != nil || len(exponent) > 9 || n > c.limits.MaxExponent {
		return c.fault(BadNumber, fmt.Sprintf("is a number with an exponent beyond ±%d: send it as a string", c.limits.MaxExponent))
	}
	return nil
}
