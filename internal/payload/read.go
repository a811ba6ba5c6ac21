package payload

import (
	"bytes"
	"iter"
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

// Members goes through an object's members in their order: the key, escapes undone,
// and the value's text without the white space around it, which shares raw's memory.
// It yields nothing for other values. Each call reads the object once.
func Members(raw []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		i := skipSpace(raw, 0)
		if i >= len(raw) || raw[i] != '{' {
			return
		}
		for {
			i = skipSpace(raw, i+1)
			if i >= len(raw) || raw[i] != '"' {
				return
			}
			end := skipString(raw, i)
			key, ok := unquote(raw[i:end])
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

// Elements goes through an array's elements in their order: the text of each without
// the white space around it, which shares raw's memory. It yields nothing for other
// values. Each call reads the array once.
func Elements(raw []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := skipSpace(raw, 0)
		if i >= len(raw) || raw[i] != '[' {
			return
		}
		for {
			i = skipSpace(raw, i+1)
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
	if i >= len(raw) || raw[i] != '"' {
		return "", false
	}
	return unquote(raw[i:skipString(raw, i)])
}

// unquote decodes a string that begins with a quote.
func unquote(quoted []byte) (string, bool) {
	last := len(quoted) - 1
	if last < 1 || quoted[last] != '"' {
		return "", false
	}
	inner := quoted[1:last]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	s, ok := appendUnescaped(make([]byte, 0, len(inner)), inner)
	if !ok {
		return "", false
	}
	return string(s), true
}

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && isSpace(raw[i]) {
		i++
	}
	return i
}

// skipValue answers the index after the value that begins at i; i itself where none
// does.
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
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
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

// skipString answers the index after the string that begins at i.
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
