package eventtype

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// node is one subschema as it was written, with its references resolved. What the
// drafts write differently is the same here: items as an array (draft-07) is prefix,
// additionalItems is then items, dependencies is dependents and needs.
type node struct {
	pointer string         // from the schema's root
	object  map[string]any // what was written, in keywords of the draft; nil of a boolean
	clean   map[string]any // what the validator is given; nil of a boolean
	always  bool           // of a boolean: its value
	index   int            // among the document's nodes

	sensitive bool // x-sensitive

	ref                 *node
	allOf, anyOf, oneOf []*node
	not, when, then, or *node // not, if, then, else

	properties    map[string]*node
	patterns      []pattern // patternProperties, by text
	additional    *node     // additionalProperties
	unevaluated   *node     // unevaluatedProperties
	propertyNames *node
	dependents    map[string]*node
	needs         map[string][]string // dependentRequired

	prefix           []*node
	items            *node // of the elements after prefix
	contains         *node
	unevaluatedItems *node

	kinds    kinds // by type; anyKind where there is none
	required []string
	values   []any // enum, or the one of const
	listed   bool  // values says all that the value may be
	instr    int   // instructions of its pattern
}

// pattern is one of patternProperties.
type pattern struct {
	text  string
	re    *regexp.Regexp
	instr int
	node  *node
}

// document is a schema that has been read: every subschema of it, the root first.
type document struct {
	draft7  bool
	nodes   []*node
	at      map[string]*node // by pointer
	anchors map[string]*node
	faults  []signalbox.Violation

	id       string // the root's $id without its fragment
	patterns int
	instr    int
}

const (
	maxSubschemas = 1000
	maxFaults     = 100
)

// fault notes what is wrong at a pointer into the schema.
func (d *document) fault(pointer, format string, args ...any) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, signalbox.Violation{Pointer: pointer, Message: fmt.Sprintf(format, args...)})
	}
}

// read reads the subschema v at pointer, and all below it. It is nil, with a fault
// noted, where v is none or where there are too many.
func (d *document) read(v any, pointer string) *node {
	if len(d.nodes) >= maxSubschemas {
		if len(d.nodes) == maxSubschemas && !slices.ContainsFunc(d.faults, func(f signalbox.Violation) bool { return f.Message == tooMany }) {
			d.fault(pointer, "%s", tooMany)
		}
		return nil
	}
	n := &node{pointer: pointer, index: len(d.nodes), kinds: anyKind}
	switch v := v.(type) {
	case bool:
		n.always = v
	case map[string]any:
		n.object, n.clean = v, make(map[string]any, len(v))
	default:
		d.fault(pointer, "is %s; a schema is an object, or true or false", aKind(v))
		return nil
	}
	d.nodes = append(d.nodes, n)
	d.at[pointer] = n
	if n.object != nil {
		d.keywords(n)
	}
	return n
}

var tooMany = fmt.Sprintf("is one subschema of too many; the limit is %d: use fewer, or $ref for those that are alike", maxSubschemas)

// keywords reads what an object says. Keywords that neither draft has are
// annotations: they are kept in object, and not handed on.
func (d *document) keywords(n *node) {
	if v, ok := n.object["x-sensitive"]; ok {
		if n.sensitive, ok = v.(bool); !ok {
			d.fault(n.pointer+"/x-sensitive", "is %s; it is true or false", aKind(v))
		}
	}
	if id, ok := n.object["$id"]; ok && n.pointer != "" {
		d.fault(n.pointer+"/$id", "names a document within the document, which is not supported (it is %s): leave it out and refer to it as #%s", aKind(id), n.pointer)
	}
	written := n.object
	n.object = make(map[string]any, len(written))
	for key, v := range written {
		if d.counts(written, key) {
			n.object[key] = v
		}
	}
	for _, key := range slices.Sorted(keysOf(n.object)) {
		k, pointer := keywords[key], n.pointer+"/"+escape(key)
		if k.read != nil {
			k.read(d, n, key, pointer)
			continue
		}
		if wrong := k.wants(n.object[key]); wrong != "" {
			d.fault(pointer, "%s", wrong)
			continue
		}
		n.clean[key] = n.object[key]
	}
}

// counts tells whether the draft knows the keyword there.
func (d *document) counts(written map[string]any, key string) bool {
	if _, refers := written["$ref"]; refers && d.draft7 && key != "$ref" && key != "definitions" {
		return false // where draft-07 has a $ref, nothing beside it counts
	}
	k, known := keywords[key]
	return known && (k.only == both || (k.only == only7) == d.draft7)
}

// schema reads the subschema that a keyword has.
func (d *document) schema(n *node, key, pointer string) *node {
	sub := d.read(n.object[key], pointer)
	if sub != nil {
		n.clean[key] = sub.handOn()
	}
	return sub
}

// schemas reads the array of subschemas that a keyword has.
func (d *document) schemas(n *node, key, pointer string) []*node {
	list, ok := n.object[key].([]any)
	if !ok || len(list) == 0 {
		d.fault(pointer, "is %s; it wants an array of at least one schema", aKind(n.object[key]))
		return nil
	}
	subs := make([]*node, 0, len(list))
	clean := make([]any, 0, len(list))
	for i, v := range list {
		sub := d.read(v, pointer+"/"+strconv.Itoa(i))
		if sub == nil {
			return nil
		}
		subs, clean = append(subs, sub), append(clean, sub.handOn())
	}
	n.clean[key] = clean
	return subs
}

// named reads the object of subschemas that a keyword has.
func (d *document) named(n *node, key, pointer string) map[string]*node {
	members, ok := n.object[key].(map[string]any)
	if !ok {
		d.fault(pointer, "is %s; it wants an object of schemas", aKind(n.object[key]))
		return nil
	}
	subs, clean := make(map[string]*node, len(members)), make(map[string]any, len(members))
	for _, name := range slices.Sorted(keysOf(members)) {
		sub := d.read(members[name], pointer+"/"+escape(name))
		if sub == nil {
			continue
		}
		subs[name], clean[name] = sub, sub.handOn()
	}
	n.clean[key] = clean
	return subs
}

// handOn is what the validator is given of the node.
func (n *node) handOn() any {
	if n.object == nil {
		return n.always
	}
	return n.clean
}

// resolve finds what references lead to. Nothing is ever loaded: they lead to
// places of this document, by pointer, or (2020-12) by $anchor.
func (d *document) resolve() {
	for _, n := range d.nodes {
		if n.object == nil {
			continue
		}
		v, ok := n.object["$ref"]
		if !ok {
			continue
		}
		pointer := n.pointer + "/$ref"
		text, ok := v.(string)
		if !ok {
			d.fault(pointer, "is %s; it wants a string such as #/$defs/address", aKind(v))
			continue
		}
		target, wrong := d.target(text)
		if wrong != "" {
			d.fault(pointer, "%s", wrong)
			continue
		}
		n.ref, n.clean["$ref"] = target, "#"+fragment(target.pointer)
	}
}

// target finds what a reference leads to, or says why it leads nowhere.
func (d *document) target(ref string) (*node, string) {
	home, place, _ := strings.Cut(ref, "#")
	if home != "" && home != d.id {
		return nil, "refers to another document, and none is ever loaded: put what it refers to under " + d.shelf() + ", and refer to it as #/" + d.shelf() + "/…"
	}
	place, err := url.PathUnescape(place)
	if err != nil {
		return nil, "is not a URI reference: write % as %25"
	}
	if place != "" && place[0] != '/' {
		if n := d.anchors[place]; n != nil {
			return n, ""
		}
		return nil, "names an anchor that the schema does not have: refer to a place, as in #/" + d.shelf() + "/…"
	}
	if n := d.at[place]; n != nil {
		return n, ""
	}
	return nil, "does not lead to a schema in this document: put what it refers to under " + d.shelf() + ", and refer to it as #/" + d.shelf() + "/…"
}

// shelf is where the draft keeps schemas to refer to.
func (d *document) shelf() string {
	if d.draft7 {
		return "definitions"
	}
	return "$defs"
}

// number is a JSON number; nil where v is none.
func number(v any) *big.Rat {
	text, ok := v.(json.Number)
	if !ok {
		return nil
	}
	r, _ := new(big.Rat).SetString(text.String())
	return r
}

// escape writes a key as a segment of a JSON pointer.
func escape(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// fragment writes a pointer as a URI's fragment.
func fragment(pointer string) string {
	segments := strings.Split(pointer, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
