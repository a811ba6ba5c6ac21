package payload

import (
	"fmt"
	"math"
)

// Limits bound a JSON text. A limit of 0 lets nothing through: begin with
// DefaultLimits and change what differs.
type Limits struct {
	// MaxBytes is the most bytes that the whole text may have, white space included. It
	// is 2 GiB less one byte where it is set higher.
	MaxBytes int
	// MaxDepth is the most objects and arrays that may be inside one another; the
	// outermost is the first. Checking takes some 16 bytes of memory a level, and no
	// recursion.
	MaxDepth int
	// MaxKeyBytes is the most bytes that a key may have, in UTF-8, escapes undone.
	MaxKeyBytes int
	// MaxNumberDigits is the most digits that a number may have as it is written,
	// before and after the point together; those of the exponent do not count.
	MaxNumberDigits int
	// MaxExponent is the greatest power of ten, up or down, that a number may have:
	// both as it is written and with the point moved behind the first digit that is
	// not 0, so that neither 10e308 nor 0.1e-308 gets past 308. (9e308 does, though
	// no float64 holds it: the gate knows of no number type.)
	MaxExponent int
}

// DefaultLimits are the limits of an event's data.
func DefaultLimits() Limits {
	return Limits{MaxBytes: 256 << 10, MaxDepth: 64, MaxKeyBytes: 256, MaxNumberDigits: 64, MaxExponent: 308}
}

// Check is nil for exactly one JSON value (RFC 8259) of any kind within the limits,
// with white space around it at the most; else it is an *Error for the first fault,
// where a duplicate key is one at the end of its object. Beyond RFC 8259 it refuses
// what decoders disagree about or the database cannot hold: duplicate keys, NUL,
// halves of surrogate pairs.
//
// It goes through the text once. It allocates only for keys with escapes, for
// nesting and keys beyond the usual, and for the error.
func Check(raw []byte, limits Limits) error {
	if most := max(0, min(limits.MaxBytes, math.MaxInt32)); len(raw) > most {
		return &Error{
			Kind:   TooLarge,
			Reason: fmt.Sprintf("has %d bytes; the limit is %d: send less of it", len(raw), most),
			Offset: most,
		}
	}
	// Room on the stack that most texts do with; append finds more for the others.
	// The two are handed down and not kept in the checker: kept there, the compiler
	// would have them on the heap.
	var levels [12]level
	var keys [32]span
	c := checker{raw: raw, limits: limits}
	if err := c.walk(levels[:0], keys[:0]); err != nil {
		return err
	}
	return nil
}
