package signalbox

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckName is nil for what may be the name of a type or an operation: 1 to 128
// printable characters with no white space at either end (P-02, P-21). The error
// is the end of a sentence that begins with the field's name.
func CheckName(s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return errors.New("is blank")
	case strings.TrimSpace(s) != s:
		return errors.New("has white space at its beginning or end")
	}
	return CheckText(s, MaxNameLength)
}

// CheckText is nil for valid UTF-8 of at most most characters, none of them a
// control character.
func CheckText(s string, most int) error {
	switch {
	case !utf8.ValidString(s):
		return errors.New("is not valid UTF-8")
	case utf8.RuneCountInString(s) > most:
		return fmt.Errorf("is longer than %d characters", most)
	case strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("has a control character in it")
	}
	return nil
}

// Glob tells whether name fits pattern, in which * stands for any run of
// characters. Linear but for backtracking to the newest star.
func Glob(pattern, name string) bool {
	p, n := 0, 0
	star, resume := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Fits tells whether a type and an operation are among those that the pattern chooses.
func (p Pattern) Fits(typ, operation string) bool {
	return Glob(p.Type, typ) && Glob(p.Operation, operation)
}
