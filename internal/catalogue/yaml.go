package catalogue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. An alias stands for all that its anchor has, so that a few
// lines can be worth any number of values.
const (
	maxFileBytes  = 8 << 20
	maxFileDepth  = 100
	maxFileValues = 1_000_000
)

// node is one value of the file. Scalars keep the very text that was written: what
// a number is, is for the reader of the field to say, and no digit is lost.
type node struct {
	kind    nodeKind
	line    int
	text    string   // of a scalar
	members []member // of an object, in their order
	items   []*node  // of a list
	depth   int      // 1 for a scalar
	size    int      // values in all, aliases written out
}

type member struct {
	key   string
	line  int
	value *node
}

type nodeKind uint8

const (
	nullNode   nodeKind = iota
	plainNode           // a scalar without quotes: text, a number, true or false
	quotedNode          // text for certain
	objectNode
	listNode
)

// get gives a member's value; nil where there is none.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.members {
		if n.members[i].key == key {
			return n.members[i].value
		}
	}
	return nil
}

// at gives the line of what a JSON pointer names below n, or of the nearest that
// is there.
func (n *node) at(pointer string) int {
	line := n.line
	for _, key := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
		next := n.get(key)
		for i := range n.items {
			if key == fmt.Sprint(i) {
				next = n.items[i]
			}
		}
		if next == nil {
			return line
		}
		for i := range n.members {
			if n.members[i].key == key {
				line = n.members[i].line
			}
		}
		if n.kind == listNode {
			line = next.line
		}
		n = next
	}
	return line
}

// lineError is a fault at a line of the file.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

func faultAt(line int, format string, args ...any) error {
	return &lineError{line, fmt.Sprintf(format, args...)}
}

// readYAML reads a file of one document; nil for an empty one.
func readYAML(text []byte) (*node, error) {
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("the file has %d bytes; the limit is %d: split it", len(text), maxFileBytes)
	}
	tokens := lexer.Tokenize(string(text))
	if err := checkTokens(tokens); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	var root *node
	for _, document := range parsed.Docs {
		if document.Body == nil {
			continue
		}
		if _, comments := document.Body.(*ast.CommentGroupNode); comments {
			continue
		}
		if root != nil {
			return nil, errors.New("the file has more than one document: remove the line ---")
		}
		r := reader{anchors: make(map[string]*node)}
		if root, err = r.node(document.Body); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// syntaxError is YAML's own complaint, in one line.
func syntaxError(err error) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) && syntax.GetToken() != nil && syntax.GetToken().Position != nil {
		return faultAt(syntax.GetToken().Position.Line, "the file cannot be read: %s", syntax.GetMessage())
	}
	return fmt.Errorf("the file cannot be read: %s", strings.Join(strings.Fields(err.Error()), " "))
}

// checkTokens refuses nesting so deep that parsing it would take time out of all
// proportion to the file.
func checkTokens(tokens token.Tokens) error {
	depth, run := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
			run++
		case token.SequenceEndType, token.MappingEndType:
			depth--
			run = 0
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			run++
		default:
			run = 0
		}
		if depth > maxFileDepth || run > 2*maxFileDepth {
			return tooDeep(t.Position.Line)
		}
	}
	return nil
}

func tooDeep(line int) error {
	return faultAt(line, "the file has more than %d levels inside one another", maxFileDepth)
}

// reader makes nodes of YAML's.
type reader struct {
	anchors map[string]*node
}

func (r *reader) node(n ast.Node) (*node, error) {
	made, err := r.make(n)
	if err != nil {
		return nil, err
	}
	return made, made.measure()
}

// measure sums up what the node has in it, and refuses too much.
func (n *node) measure() error {
	n.depth, n.size = 1, 1
	for i := range n.members {
		n.depth, n.size = max(n.depth, 1+n.members[i].value.depth), n.size+n.members[i].value.size
	}
	for _, item := range n.items {
		n.depth, n.size = max(n.depth, 1+item.depth), n.size+item.size
	}
	if n.depth > maxFileDepth {
		return tooDeep(n.line)
	}
	if n.size > maxFileValues {
		return faultAt(n.line, "the file has more than %d values, its aliases written out: split it", maxFileValues)
	}
	return nil
}

func (r *reader) make(n ast.Node) (*node, error) {
	line := 0
	if t := n.GetToken(); t != nil && t.Position != nil {
		line = t.Position.Line
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return &node{line: line}, nil
	case *ast.StringNode:
		kind := plainNode
		if t := n.GetToken().Type; t == token.DoubleQuoteType || t == token.SingleQuoteType {
			kind = quotedNode
		}
		return &node{kind: kind, line: line, text: n.Value}, nil
	case *ast.LiteralNode:
		return &node{kind: quotedNode, line: line, text: n.Value.Value}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &node{kind: plainNode, line: line, text: n.GetToken().Value}, nil
	case *ast.SequenceNode:
		list := &node{kind: listNode, line: line}
		for _, v := range n.Values {
			item, err := r.node(v)
			if err != nil {
				return nil, err
			}
			list.items = append(list.items, item)
		}
		return list, nil
	case *ast.MappingValueNode:
		return r.object(line, []*ast.MappingValueNode{n})
	case *ast.MappingNode:
		return r.object(line, n.Values)
	case *ast.AnchorNode:
		value, err := r.node(n.Value)
		if err == nil {
			r.anchors[n.Name.GetToken().Value] = value
		}
		return value, err
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		value := r.anchors[name]
		if value == nil {
			return nil, faultAt(line, "*%s stands for nothing: no &%s comes before it", name, name)
		}
		return value, nil
	case *ast.TagNode:
		return nil, faultAt(line, "tags such as %s are not understood: put text into quotes instead", n.GetToken().Value)
	default:
		return nil, faultAt(line, "this kind of YAML is not understood: use maps, lists, texts, numbers, true, false and null")
	}
}

func (r *reader) object(line int, values []*ast.MappingValueNode) (*node, error) {
	object := &node{kind: objectNode, line: line}
	if len(values) > 0 {
		object.line = values[0].Key.GetToken().Position.Line
	}
	seen := make(map[string]bool, len(values))
	var merged []member
	for _, v := range values {
		at := v.Key.GetToken().Position.Line
		var key string
		switch k := v.Key.(type) {
		case *ast.MergeKeyNode:
			from, err := r.node(v.Value)
			if err != nil {
				return nil, err
			}
			if from.kind != objectNode {
				return nil, faultAt(at, "<< takes a map: a list of them, or anything else, is not understood")
			}
			merged = append(merged, from.members...)
			continue
		case *ast.StringNode:
			key = k.Value
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
			key = k.GetToken().Value
		default:
			return nil, faultAt(at, "a key is one text")
		}
		if seen[key] {
			return nil, faultAt(at, "%q is there twice", key)
		}
		seen[key] = true
		value, err := r.node(v.Value)
		if err != nil {
			return nil, err
		}
		object.members = append(object.members, member{key, at, value})
	}
	for _, m := range merged { // what is written out wins over what is merged
		if !seen[m.key] {
			seen[m.key] = true
			object.members = append(object.members, m)
		}
	}
	return object, nil
}
