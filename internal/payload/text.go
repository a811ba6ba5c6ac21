package payload

import (
	"bytes"
	"unicode/utf8"
)

// plain are the bytes that stand for themselves in a string and are whole
// characters: ASCII without controls, quote and backslash.
var plain = func() (t [256]bool) {
	for b := ' '; b < utf8.RuneSelf; b++ {
		t[b] = b != '"' && b != '\\'
	}
	return t
}()

// quoted reads a string (RFC 8259, section 7) and tells whether it has escapes.
func (c *checker) quoted() (escaped bool, err *Error) {
	raw, i := c.raw, c.at+1
	for {
		for i < len(raw) && plain[raw[i]] {
			i++
		}
		if i == len(raw) {
			c.at = i
			return false, c.fault(Malformed, unclosed)
		}
		if raw[i] == '"' {
			c.at = i + 1
			return escaped, nil
		}
		c.at = i
		n, err := c.special(raw[i:])
		if err != nil {
			return false, err
		}
		escaped = escaped || raw[i] == '\\'
		i += n
	}
}

// special reads what in a string is not plain: an escape, or a character beyond
// ASCII. It answers of how many bytes it is.
func (c *checker) special(b []byte) (int, *Error) {
	switch {
	case b[0] >= utf8.RuneSelf:
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return 0, c.fault(BadString, "has invalid UTF-8 in a string: send text in UTF-8, and bytes in base64")
		}
		return n, nil
	case b[0] == 0:
		return 0, c.fault(BadString, "has the control character NUL in a string: leave it out")
	case b[0] < ' ':
		return 0, c.fault(BadString, "has a control character in a string: escape it")
	}
	r, n, malformed := unescape(b)
	switch {
	case malformed != "":
		return 0, c.fault(Malformed, malformed)
	case r == 0:
		return 0, c.fault(BadString, "has the character NUL in a string: leave it out")
	case r == half:
		return 0, c.fault(BadString, "has a lone surrogate in a string: send both of the pair, or the character itself")
	}
	return n, nil
}

const unclosed = "is malformed: a string is not closed"

// half stands for half a surrogate pair, which is no character.
const half rune = -1

// unescape reads the escape sequence, or the two of a surrogate pair, that b begins
// with: the character, the number of bytes, and what is malformed, if anything is.
func unescape(b []byte) (r rune, n int, malformed string) {
	if len(b) < 2 {
		return 0, 0, unclosed
	}
	if b[1] != 'u' {
		switch b[1] {
		case '"', '\\', '/':
			return rune(b[1]), 2, ""
		case 'b':
			return '\b', 2, ""
		case 'f':
			return '\f', 2, ""
		case 'n':
			return '\n', 2, ""
		case 'r':
			return '\r', 2, ""
		case 't':
			return '\t', 2, ""
		}
		return 0, 0, `is malformed: a string has an escape that JSON has not, write \\ for a backslash`
	}
	const short = `is malformed: a string has a \u without four hexadecimal digits`
	r, ok := hex4(b[2:])
	if !ok {
		return 0, 0, short
	}
	switch {
	case r < 0xD800 || r > 0xDFFF:
		return r, 6, ""
	case r >= 0xDC00:
		return half, 6, ""
	case len(b) == 6, len(b) == 7 && b[6] == '\\':
		return 0, 0, unclosed
	case len(b) < 8 || b[6] != '\\' || b[7] != 'u':
		return half, 6, ""
	}
	low, ok := hex4(b[8:])
	switch {
	case !ok:
		return 0, 0, short
	case low < 0xDC00 || low > 0xDFFF:
		return half, 6, ""
	}
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 12, ""
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

// appendUnescaped appends what stands between a string's quotes, escapes undone. It
// is false where an escape is malformed.
func appendUnescaped(dst, inner []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(inner, '\\')
		if i < 0 {
			return append(dst, inner...), true
		}
		dst = append(dst, inner[:i]...)
		r, n, malformed := unescape(inner[i:])
		if malformed != "" {
			return dst, false
		}
		dst = utf8.AppendRune(dst, r) // U+FFFD for half a pair, as in encoding/json
		inner = inner[i+n:]
	}
}
