package eventtype

import (
	"errors"
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A match takes time in proportion to the text's bytes and the pattern's
// instructions, whatever the pattern is (RE2). What is left to bound is the
// instructions, since (a{1000}){1000} has a million of them.
const (
	maxPatternBytes = 1 << 10
	maxPatternInstr = 4000
	maxPatterns     = 100
	maxInstr        = 20_000 // of all of a schema's patterns
)

var (
	errHugePattern = errors.New("is too large a pattern: shorten it, or repeat less of it")
	errBadPattern  = errors.New("is no regular expression of RE2 syntax, which has neither lookaround nor backreferences")
)

// compilePattern compiles a regular expression within the limits, and counts its instructions.
func compilePattern(text string) (*regexp.Regexp, int, error) {
	if len(text) > maxPatternBytes {
		return nil, 0, errHugePattern
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, 0, errBadPattern
	}
	instr := instructions(tree)
	if instr > maxPatternInstr {
		return nil, 0, errHugePattern
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, 0, errBadPattern
	}
	return re, instr + 2, nil
}

// instructions is an upper bound of what the pattern compiles to, found without
// compiling it. It stops counting soon after maxPatternInstr.
func instructions(re *syntax.Regexp) int {
	n := 0
	for _, sub := range re.Sub {
		if n += instructions(sub); n > maxPatternInstr {
			return n
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCapture:
		return n + 2
	case syntax.OpConcat:
		return n
	case syntax.OpAlternate:
		return n + len(re.Sub)
	case syntax.OpRepeat: // parsing has held both numbers to 1000
		return (n + 1) * max(re.Min+1, re.Max)
	default: // one for itself: a class, or what repeats
		return n + 1
	}
}

// pattern compiles one of the document's patterns; of a bad one it notes the fault
// and answers 0 instructions.
func (d *document) pattern(text, pointer string) (*regexp.Regexp, int) {
	if d.patterns++; d.patterns > maxPatterns {
		d.fault(pointer, "is one pattern of too many; the limit is %d", maxPatterns)
		return nil, 0
	}
	re, instr, err := compilePattern(text)
	if err != nil {
		d.fault(pointer, "%s", err.Error())
		return nil, 0
	}
	if d.instr += instr; d.instr > maxInstr {
		d.fault(pointer, "makes the schema's patterns too large in all: shorten them")
		return nil, 0
	}
	return re, instr
}

// regexpEngine is the library's way to compile a schema's patterns.
func regexpEngine(text string) (jsonschema.Regexp, error) {
	re, _, err := compilePattern(text)
	if err != nil {
		return nil, err
	}
	return re, nil
}

// instrToRead is what it costs to read a regular expression, in instructions.
const instrToRead = 120

// formatRegex is the format of a text that is a regular expression.
var formatRegex = &jsonschema.Format{
	Name: "x-signalbox-regex",
	Validate: func(v any) error {
		if text, ok := v.(string); ok {
			_, err := syntax.Parse(text, syntax.Perl)
			return err
		}
		return nil
	},
}
