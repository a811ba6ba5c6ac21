package signalbox

import (
	"fmt"
	"strings"
)

// Violation is one breach. Pointer is a JSON pointer (RFC 6901) from the input's root.
type Violation struct {
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

// Sentence is the message behind the pointer that it is about.
func (v Violation) Sentence() string { return strings.TrimSpace(v.Pointer + " " + v.Message) }

// Violated is the error of an input with violations, one at the least. It is at the
// first's path; sentence tells of that one, and is followed by how many more there are.
func Violated(code Code, sentence string, violations []Violation) *Error {
	if more := len(violations) - 1; more > 0 {
		sentence += fmt.Sprintf(" (and %d more, see violations)", more)
	}
	return &Error{Code: code, Message: sentence, Path: violations[0].Pointer, Violations: violations}
}

// InvalidInput is nil where there is no violation, else INVALID_INPUT with all of them.
func InvalidInput(violations []Violation) error {
	if len(violations) == 0 {
		return nil
	}
	return Violated(CodeInvalidInput, violations[0].Sentence(), violations)
}
