package eventtype

import (
	"regexp/syntax"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is counted without compiling is no less than what is compiled.
func TestInstructionsAreAnUpperBound(t *testing.T) {
	for _, text := range []string{
		``, `a`, `^abc$`, `(?i)straße`, `[a-z]`, `\p{L}+`, `.`, `(?s).*`, `a*b+c?`, `(a|b|cd)*`, `a{3}`, `a{3,}`, `a{0,7}`,
		`(ab{2,5}){3,4}`, `((a?){20}){20}`, `^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$`, `^.{1,1000}$`, `(?:(?:)|a){5}`, `\b\B^$`, `(()){1000}`,
		`a|b|c|`, `(?:a*)*`, `(a{0}){3}`, `x{1000}`, `(?U)a{2,3}?`,
	} {
		tree, err := syntax.Parse(text, syntax.Perl)
		require.NoError(t, err, text)
		compiled, err := syntax.Compile(tree.Simplify())
		require.NoError(t, err, text)
		tree, err = syntax.Parse(text, syntax.Perl)
		require.NoError(t, err, text)
		require.LessOrEqual(t, len(compiled.Inst), instructions(tree)+2, text)
		require.LessOrEqual(t, instructions(tree), 3*len(compiled.Inst)+16, text)
	}
}
