package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// The parser and the validator repeat in their messages what the client has
// written. Names help whoever wrote them; values may be a payload's, and nothing of
// a payload goes into errors.

// parseError takes the text of tokens out of the parser's message, and leaves their
// kind and place.
func parseError(err error) gqlerror.List {
	e, ok := err.(*gqlerror.Error) //nolint:errorlint // the parser's own, never wrapped.
	if !ok {
		return gqlerror.List{{Message: "the document cannot be parsed"}}
	}
	if before, found, ok := strings.Cut(e.Message, "found "); ok {
		kind, _, _ := strings.Cut(found, ` "`)
		e.Message = before + "found " + kind
	} else if strings.HasPrefix(e.Message, "Unexpected ") {
		e.Message, _, _ = strings.Cut(e.Message, ` "`)
	} else if strings.HasPrefix(e.Message, "Invalid ") {
		e.Message, _, _ = strings.Cut(e.Message, ": ")
	}
	e.Message = strings.Replace(e.Message, "<Invalid>", "a string that does not end, or a character that is not GraphQL's", 1)
	e.Message = "the document cannot be parsed: " + cut(e.Message, maxMessage)
	return gqlerror.List{e}
}

// withoutValues bounds each of the validator's messages, and takes the values out of them.
func withoutValues(errs gqlerror.List) gqlerror.List {
	for _, e := range errs {
		if e.Rule == rules.ValuesOfCorrectTypeRule.Name {
			e.Message, _, _ = strings.Cut(e.Message, ", found ")
			e.Message, _, _ = strings.Cut(e.Message, ": ")
			if _, rest, ok := strings.Cut(e.Message, `" does not exist in "`); ok {
				e.Message = `The value does not exist in "` + rest
			}
		}
		e.Message = cut(e.Message, maxMessage)
	}
	return errs
}
