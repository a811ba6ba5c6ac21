package routing

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// path is a place that an expression reads, from a variable on:
// payload.data.items[0].sku.
type path []step

// step is a member's name, or an element's index where name is "".
type step struct {
	name  string
	index int
}

// spot is a path with what is worked out of it once.
type spot struct {
	path
	text   string
	below  []string // its names below payload.data; nil where it leads elsewhere
	listed bool     // one of its names is on the deny-list
}

func spotOf(p path) *spot {
	s := &spot{path: p, text: p.String()}
	s.below, _ = p.underData()
	for _, step := range p[1:] {
		s.listed = s.listed || signalbox.SensitiveName(step.name)
	}
	return s
}

// pathOf reads a chain of members and constant indexes that begins at a variable.
func pathOf(e ast.Expr) (path, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		switch name := e.AsIdent(); name {
		case "event", "payload", "tenant", "now":
			return path{{name: name}}, true
		}
	case ast.SelectKind:
		s := e.AsSelect()
		if p, ok := pathOf(s.Operand()); ok && !s.IsTestOnly() {
			return append(p, step{name: s.FieldName()}), true
		}
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() != operators.Index {
			return nil, false
		}
		p, ok := pathOf(c.Args()[0])
		if !ok || c.Args()[1].Kind() != ast.LiteralKind {
			return nil, false
		}
		switch key := c.Args()[1].AsLiteral().(type) {
		case types.String:
			return append(p, step{name: string(key)}), key != ""
		case types.Int:
			return append(p, step{index: int(key)}), true
		}
	default:
	}
	return nil, false
}

// pathsOf lists the places that an expression reads, outermost, each once, in their
// order. Of has(a.b) that is a: b may be missing.
func pathsOf(e ast.Expr) []*spot {
	var found []*spot
	seen := make(map[string]bool)
	var visit func(ast.Expr)
	visit = func(e ast.Expr) {
		if p, ok := pathOf(e); ok {
			if s := spotOf(p); !seen[s.text] {
				seen[s.text] = true
				found = append(found, s)
			}
			return
		}
		switch e.Kind() {
		case ast.SelectKind:
			visit(e.AsSelect().Operand())
		case ast.CallKind:
			c := e.AsCall()
			if c.IsMemberFunction() {
				visit(c.Target())
			}
			for _, arg := range c.Args() {
				visit(arg)
			}
		case ast.ListKind:
			for _, element := range e.AsList().Elements() {
				visit(element)
			}
		case ast.MapKind:
			for _, entry := range e.AsMap().Entries() {
				visit(entry.AsMapEntry().Key())
				visit(entry.AsMapEntry().Value())
			}
		case ast.ComprehensionKind:
			c := e.AsComprehension()
			for _, part := range []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
				visit(part)
			}
		default:
		}
	}
	visit(e)
	return found
}

func (p path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.name == "":
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case i == 0:
			b.WriteString(s.name)
		case isWord(s.name):
			b.WriteString("." + s.name)
		default:
			b.WriteString("[" + strconv.Quote(s.name) + "]")
		}
	}
	return b.String()
}

func isWord(s string) bool {
	return wordLength(s) == len(s) && s != "" && (s[0] < '0' || s[0] > '9')
}

// resolve finds the value at a path. Where there is none, missing is how far the
// path leads nowhere: the shortest part of it at which nothing is.
func (p path) resolve(v *variables) (value any, missing path) {
	value, _ = v.ResolveName(p[0].name)
	for i, s := range p[1:] {
		ok := false
		switch container := value.(type) {
		case map[string]any:
			if s.name != "" {
				value, ok = container[s.name]
			}
		case []any:
			if s.name == "" && s.index >= 0 && s.index < len(container) {
				value, ok = container[s.index], true
			}
		}
		if !ok {
			return nil, p[:i+2]
		}
	}
	return value, nil
}

// underData gives the part below payload.data as the schemas' packages name it.
func (p path) underData() ([]string, bool) {
	if len(p) < 2 || p[0].name != "payload" || p[1].name != "data" {
		return nil, false
	}
	names := make([]string, len(p)-2)
	for i, s := range p[2:] {
		names[i] = s.name
		if s.name == "" {
			names[i] = strconv.Itoa(s.index)
		}
	}
	return names, true
}

const (
	redacted    = "[redacted]"
	missingText = "missing"
	// maxShown is how many characters of a text value a decision shows.
	maxShown = 100
)

// observe says what is at a path: JSON for a scalar, else its kind; never what is
// sensitive (P-27).
func (s *spot) observe(v *variables) string {
	value, missing := s.resolve(v)
	if missing != nil {
		return missingText
	}
	if s.sensitive(v.facts) {
		return redacted
	}
	if _, isText := value.(string); isText && s.path[0].name == "tenant" {
		return redacted // it may be an address with a password in it, and is sealed at rest
	}
	return show(value)
}

func (s *spot) sensitive(f *Facts) bool {
	return s.listed || s.below != nil && f.Sensitive != nil && f.Sensitive(s.below)
}

func show(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(value)
	case json.Number:
		return string(value)
	case string:
		return string(payload.AppendString(nil, shorten(value, maxShown)))
	case time.Time:
		return string(payload.AppendString(nil, value.UTC().Format(time.RFC3339Nano)))
	case []any:
		return fmt.Sprintf("an array of %d", len(value))
	case map[string]any:
		return fmt.Sprintf("an object of %d members", len(value))
	}
	return fmt.Sprintf("a %T", value)
}
