package routing

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// conjuncts splits an expression at its top-level &&, so that each part can be
// evaluated, indexed and explained by itself, in the words of its author. An
// expression that is no conjunction is one part. The text must compile.
func conjuncts(text string) []string {
	text = strings.TrimSpace(text)
	cuts, whole := scan(text)
	switch {
	case whole: // ( … )
		return conjuncts(text[1 : len(text)-1])
	case len(cuts) == 0:
		return []string{text}
	}
	var parts []string
	start := 0
	for _, cut := range append(cuts, len(text)) {
		parts = append(parts, conjuncts(text[start:cut])...)
		start = cut + len("&&")
	}
	return parts
}

// scan finds the top-level && of an expression, none where a weaker operator, || or
// ?:, is at the top too, and whether one pair of parentheses encloses the whole.
func scan(text string) (cuts []int, whole bool) {
	depth := 0
	whole = strings.HasPrefix(text, "(")
	weaker := false
	for i := 0; i < len(text); {
		if n := skipLiteral(text[i:]); n > 0 {
			i += n
			continue
		}
		switch text[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
			if depth == 0 && i < len(text)-1 {
				whole = false
			}
		case '?':
			weaker = weaker || depth == 0
		case '|':
			weaker = weaker || depth == 0
		case '&':
			if depth == 0 && strings.HasPrefix(text[i:], "&&") {
				cuts = append(cuts, i)
				i++
			}
		}
		i++
	}
	if weaker {
		return nil, whole
	}
	return cuts, whole
}

// skipLiteral answers the length of the string or comment that text begins with; 0
// where it begins with neither. CEL's strings may have the prefixes r and b, which
// need no care but that a raw string has no escapes, and may be in triple quotes.
func skipLiteral(text string) int {
	if strings.HasPrefix(text, "//") {
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end + 1
		}
		return len(text)
	}
	raw, prefix := false, 0
	for prefix < len(text) && strings.IndexByte("rRbB", text[prefix]) >= 0 {
		raw = raw || text[prefix] == 'r' || text[prefix] == 'R'
		prefix++
	}
	if prefix > 0 && (prefix == len(text) || text[prefix] != '"' && text[prefix] != '\'') {
		return wordLength(text)
	}
	if prefix == len(text) || text[prefix] != '"' && text[prefix] != '\'' {
		return wordLength(text)
	}
	quote := text[prefix : prefix+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text[prefix:], triple) {
		quote = triple
	}
	for i := prefix + len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && !raw:
			i++
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote)
		}
	}
	return len(text)
}

var decimalLiteral = regexp.MustCompile(`^(?:[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)`)

// checkDecimals refuses a decimal literal that is not the number that it says: CEL
// makes a double of it, and a comparison would be with something near.
func checkDecimals(text string) error {
	for i := 0; i < len(text); {
		literal := decimalLiteral.FindString(text[i:])
		if literal == "" {
			i += max(skipLiteral(text[i:]), 1)
			continue
		}
		f, err := strconv.ParseFloat(literal, 64)
		if err != nil || digitsOf(literal) != digitsOf(strconv.FormatFloat(f, 'g', -1, 64)) || math.Abs(f) >= maxExact && f == math.Trunc(f) && math.Abs(f) < 1<<63 {
			return fmt.Errorf("has %s, which has more digits than a decimal holds here: write fewer, or a whole number without a point", shorten(literal, 40))
		}
		i += len(literal)
	}
	return nil
}

// wordLength is the length of the identifier or number that text begins with, so
// that an r at its end is not taken for a string's prefix.
func wordLength(text string) int {
	n := 0
	for n < len(text) && (text[n] == '_' || text[n] >= '0' && text[n] <= '9' || text[n]|0x20 >= 'a' && text[n]|0x20 <= 'z') {
		n++
	}
	return n
}

// onOneLine is an expression without its comments and line breaks, for people.
func onOneLine(text string) string {
	var b strings.Builder
	space := false
	for i := 0; i < len(text); {
		n := skipLiteral(text[i:])
		if strings.HasPrefix(text[i:], "//") || n == 0 && strings.IndexByte(" \t\r\n\f", text[i]) >= 0 {
			space = true
			i += max(n, 1)
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteString(text[i : i+max(n, 1)])
		i += max(n, 1)
	}
	return b.String()
}
