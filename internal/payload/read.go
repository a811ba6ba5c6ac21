package payload

import (
	"bytes"
	"iter"
	"unicode/utf8"
)

// The readers below are for text that has passed Check. On anything else their
// results mean nothing, but they end, and stay within the text.

// IsObject tells whether the value is an object.
func IsObject(raw []byte) bool { return firstByte(raw) == '{' }

// IsNull tells whether the value is null.
func IsNull(raw []byte) bool { return firstByte(raw) == 'n' }

func firstByte(raw []byte) byte {
	if i := skipSpace(raw, 0); i < len(raw) {
		return raw[i]
	}
	return 0
}

// Members goes through an object's members in their order: the key, unescaped, and
// the value's text, which shares raw's memory. It yields nothing for other values.
func Members(raw []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		i := skipSpace(raw, 0)
		if i >= len(raw) || raw[i] != '{' {
			return
		}
		for i++; ; i++ {
			i = skipSpace(raw, i)
			if i >= len(raw) || raw[i] != '"' {
				return
			}
			end := skipValue(raw, i)
			key, ok := String(raw[i:end])
			i = skipSpace(raw, end)
			if !ok || i >= len(raw) || raw[i] != ':' {
				return
			}
			i = skipSpace(raw, i+1)
			end = skipValue(raw, i)
			if end == i || !yield(key, raw[i:end:end]) {
				return
			}
			i = skipSpace(raw, end)
			if i >= len(raw) || raw[i] != ',' {
				return
			}
		}
	}
}

// Elements goes through an array's elements in their order; their text shares
// raw's memory. It yields nothing for other values.
func Elements(raw []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := skipSpace(raw, 0)
		if i >= len(raw) || raw[i] != '[' {
			return
		}
		for i++; ; i++ {
			i = skipSpace(raw, i)
			end := skipValue(raw, i)
			if end == i || !yield(raw[i:end:end]) {
				return
			}
			i = skipSpace(raw, end)
			if i >= len(raw) || raw[i] != ',' {
				return
			}
		}
	}
}

// String decodes a JSON string; false where raw is another value.
func String(raw []byte) (string, bool) {
	i := skipSpace(raw, 0)
	end := skipValue(raw, i)
	if end-i < 2 || raw[i] != '"' || raw[end-1] != '"' {
		return "", false
	}
	if inner := raw[i+1 : end-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	c := checker{raw: raw[:end], at: i}
	s, err := c.text(true)
	return string(s), err == nil
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// skipValue answers the index after the value that begins at i.
func skipValue(raw []byte, i int) int {
	depth := 0
	for i < len(raw) {
		switch raw[i] {
		case '"':
			i = skipString(raw, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

func skipString(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		if plain[raw[i]] {
			continue
		}
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. It escapes what RFC 8259 (section 7)
// requires and nothing else, so that every code point stays as it is; bytes that
// are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		if b >= ' ' && b != '"' && b != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&0xf])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
