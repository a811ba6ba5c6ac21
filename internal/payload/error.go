package payload

// Kind is what is wrong with a text.
type Kind int

// The kinds.
const (
	Malformed    Kind = iota // not one JSON value (RFC 8259)
	TooLarge                 // more bytes than MaxBytes
	TooDeep                  // more levels than MaxDepth
	DuplicateKey             // a key that its object has already, escapes undone
	LongKey                  // a key of more bytes than MaxKeyBytes
	BadString                // NUL, a raw control character, invalid UTF-8, half a surrogate pair
	BadNumber                // too many digits, or too great or too small a magnitude
)

var kindNames = [...]string{
	"malformed", "too large", "too deep", "duplicate key", "long key", "bad string", "bad number",
}

// String names the kind, for logs and metrics.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// Error says what is wrong with a text, and where. It never holds a value of the
// text; the pointer holds keys, without what cannot be printed and cut to a bounded
// length, at the most 8 KiB of them.
type Error struct {
	Kind Kind
	// Pointer is the JSON pointer (RFC 6901) to what is at fault, or to what it is
	// in where it has no place of its own, as a key that is not a string. It is ""
	// for the whole text. An ellipsis stands for what was cut.
	Pointer string
	// Reason is the end of a sentence that begins with the pointer, and says what to
	// do: "is nested deeper than 64 levels: flatten it".
	Reason string
	// Offset is where in the text the fault was noticed, in bytes from 0.
	Offset int
}

// Error is the pointer and the reason, with "the JSON" for the whole text.
func (e *Error) Error() string {
	where := e.Pointer
	if where == "" {
		where = "the JSON"
	}
	return where + ": " + e.Reason
}
