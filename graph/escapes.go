package graph

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkEscapes refuses what the parser would change in silence or let through:
// \u escapes of a lone surrogate, which it replaces, and NUL, which no database
// text can hold. (GraphQL specification, section 2.9.4, "Static Semantics".)
func checkEscapes(query string) error {
	if !utf8.ValidString(query) {
		return invalid("the query is not valid UTF-8")
	}
	if !strings.Contains(query, `\u`) {
		return nil
	}
	for i := 0; i < len(query); {
		switch {
		case query[i] == '#':
			i = skipLine(query, i)
		case strings.HasPrefix(query[i:], `"""`):
			i = skipBlock(query, i+3)
		case query[i] == '"':
			var err error
			if i, err = checkString(query, i+1); err != nil {
				return err
			}
		default:
			i++
		}
	}
	return nil
}

func skipLine(query string, i int) int {
	if end := strings.IndexAny(query[i:], "\r\n"); end >= 0 {
		return i + end
	}
	return len(query)
}

// skipBlock goes to the end of the block string whose text begins at i. Of more
// than three quotes in a row the last three end it, as the parser has it.
func skipBlock(query string, i int) int {
	for i < len(query) {
		if strings.HasPrefix(query[i:], `\"""`) {
			i += 4
			continue
		}
		quotes := len(query[i:]) - len(strings.TrimLeft(query[i:], `"`))
		if quotes >= 3 {
			return i + quotes
		}
		i += max(quotes, 1)
	}
	return i
}

// checkString goes to the end of the string that begins at i, and answers where.
func checkString(query string, i int) (int, error) {
	for i < len(query) && query[i] != '"' && query[i] != '\n' {
		if query[i] != '\\' {
			i++
			continue
		}
		r, size, ok := escape(query[i:])
		switch {
		case !ok:
			i += 2 // another escape, or one that the parser will refuse
			continue
		case r == 0:
			return i, invalid("a string in the query has the character NUL in it")
		case r >= 0xDC00 && r <= 0xDFFF:
			return i, invalid("a string in the query has a lone surrogate in it")
		case r >= 0xD800 && r <= 0xDBFF:
			low, lowSize, ok := escape(query[min(i+size, len(query)):])
			if !ok || low < 0xDC00 || low > 0xDFFF {
				return i, invalid("a string in the query has a lone surrogate in it")
			}
			size += lowSize
		}
		i += size
	}
	return i + 1, nil
}

// escape reads \uXXXX or \u{X…} at the beginning of s.
func escape(s string) (code uint64, size int, ok bool) {
	if !strings.HasPrefix(s, `\u`) {
		return 0, 0, false
	}
	digits, size := "", 6
	if rest, braced := strings.CutPrefix(s, `\u{`); braced {
		end := strings.IndexByte(rest, '}')
		if end < 0 || end > 8 {
			return 0, 0, false
		}
		digits, size = rest[:end], end+4
	} else if len(s) >= 6 {
		digits = s[2:6]
	}
	code, err := strconv.ParseUint(digits, 16, 32)
	return code, size, err == nil
}
