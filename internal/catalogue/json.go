package catalogue

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/signalbox/signalbox/internal/payload"
)

var (
	// jsonNumber is JSON's grammar of numbers (RFC 8259, section 6).
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	// otherNumber is what some readers of YAML take for a number and JSON does not have.
	otherNumber = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*\.?[0-9_]*([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// appendJSON writes the node as JSON. Numbers are copied digit by digit, as they
// were written: 0.10 stays 0.10, and nothing is rounded. What some readers take for
// a number and others do not is refused.
func appendJSON(dst []byte, n *node) ([]byte, error) {
	var err error
	switch n.kind {
	case nullNode:
		return append(dst, "null"...), nil
	case quotedNode:
		return payload.AppendString(dst, n.text), nil
	case plainNode:
		return appendPlain(dst, n)
	case listNode:
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendJSON(dst, item); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	default:
		dst = append(dst, '{')
		for i := range n.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(payload.AppendString(dst, n.members[i].key), ':')
			if dst, err = appendJSON(dst, n.members[i].value); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	}
}

func appendPlain(dst []byte, n *node) ([]byte, error) {
	switch {
	case jsonNumber.MatchString(n.text):
		return append(dst, n.text...), nil
	case otherNumber.MatchString(n.text):
		return nil, faultAt(n.line, "%s is not a number as JSON writes them: write it as such, e.g. 0.5 or 31, or put it into quotes if it is text", n.text)
	}
	switch n.text {
	case "true", "True", "TRUE":
		return append(dst, "true"...), nil
	case "false", "False", "FALSE":
		return append(dst, "false"...), nil
	}
	return payload.AppendString(dst, n.text), nil
}

// asInt reads a whole number.
func (n *node) asInt() (int, error) {
	if n.kind == plainNode && jsonNumber.MatchString(n.text) {
		if i, err := strconv.Atoi(n.text); err == nil {
			return i, nil
		}
	}
	return 0, errors.New("takes a whole number")
}

// asFloat reads a number.
func (n *node) asFloat() (float64, error) {
	if n.kind == plainNode && jsonNumber.MatchString(n.text) {
		if f, err := strconv.ParseFloat(n.text, 64); err == nil {
			return f, nil
		}
	}
	return 0, errors.New("takes a number")
}
