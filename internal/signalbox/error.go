package signalbox

import (
	"errors"
	"fmt"
	"time"
)

// Code tells a program what went wrong. There are few, and they are a contract:
// clients switch on them.
type Code string

// The codes, and when each is given.
const (
	CodeUnauthenticated     Code = "UNAUTHENTICATED"      // no credentials, or bad ones
	CodeForbidden           Code = "FORBIDDEN"            // not allowed this type and operation
	CodeUnknownEventType    Code = "UNKNOWN_EVENT_TYPE"   // the type is not registered
	CodeUnknownOperation    Code = "UNKNOWN_OPERATION"    // the type is, the operation is not
	CodeInvalidInput        Code = "INVALID_INPUT"        // shape: blank, too long, not an object, hostile JSON
	CodeInvalidPayload      Code = "INVALID_PAYLOAD"      // breaks its schema
	CodePayloadTooLarge     Code = "PAYLOAD_TOO_LARGE"    // over the limit in bytes
	CodeIdempotencyConflict Code = "IDEMPOTENCY_CONFLICT" // same key, other body
	CodeOverloaded          Code = "OVERLOADED"           // a limit of the server; retryable
	CodeRateLimited         Code = "RATE_LIMITED"         // a limit of the caller; retryable
	CodeUnavailable         Code = "UNAVAILABLE"          // Postgres cannot be reached in time; retryable
	CodeConfiguration       Code = "CONFIGURATION"        // a rule or a setting is at fault
	CodeNotFound            Code = "NOT_FOUND"            // no such thing in this tenant
	CodeInternal            Code = "INTERNAL"             // anything unforeseen
)

// Error is the one error that crosses package borders with a meaning. Message is
// a sentence for the person who reads it and never holds a payload's values; the
// cause, if any, is for the log alone.
type Error struct {
	Code        Code
	Message     string
	Path        string        // where in the input, as a JSON pointer from the input's root: "/payload/id"
	Violations  []Violation   // every breach of a schema or shape, where there can be several
	Suggestions []string      // names that exist, nearest first
	RetryAfter  time.Duration // when trying again makes sense; 0: no hint
	Limit       *LimitReached // which limit was reached, where one was
	Err         error         // the cause, for the log
}

// Errorf makes an Error from a sentence.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// AsError gives the Error within err; anything else becomes INTERNAL with err as
// its cause, so that a client never reads the text of an unforeseen error.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "something went wrong on our side; the log has it under the request id", Err: err}
}

// ErrorCode is the code of err, INTERNAL for an unforeseen one, "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
