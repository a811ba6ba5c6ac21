package eventtype

import (
	"math"
	"slices"
	"strings"
)

// keyword is how one keyword is read: by read where it matters to more than the
// validator, else wants says what is wrong with its value, if anything is.
type keyword struct {
	only  drafts
	wants func(v any) string
	read  func(d *document, n *node, key, pointer string)
}

type drafts int

const (
	both drafts = iota
	only7
	only2020
)

// keywords are those of both drafts. What is not in here is an annotation.
var keywords map[string]keyword

func init() { // not a composite literal: the functions that read refer back to it
	of := func(set func(n *node) **node) func(*document, *node, string, string) {
		return func(d *document, n *node, key, pointer string) { *set(n) = d.schema(n, key, pointer) }
	}
	several := func(set func(n *node) *[]*node) func(*document, *node, string, string) {
		return func(d *document, n *node, key, pointer string) { *set(n) = d.schemas(n, key, pointer) }
	}
	named := func(set func(n *node) *map[string]*node) func(*document, *node, string, string) {
		return func(d *document, n *node, key, pointer string) { *set(n) = d.named(n, key, pointer) }
	}
	shelf := func(d *document, n *node, key, pointer string) { d.named(n, key, pointer) }
	keywords = map[string]keyword{
		"$ref":            {read: func(*document, *node, string, string) {}}, // when all is read: resolve
		"$anchor":         {only: only2020, read: readAnchor},
		"$dynamicRef":     {read: refuse("$ref")},
		"$dynamicAnchor":  {read: refuse("$anchor")},
		"$recursiveRef":   {read: refuse("$ref")},
		"$defs":           {only: only2020, read: shelf},
		"definitions":     {read: shelf},
		"allOf":           {read: several(func(n *node) *[]*node { return &n.allOf })},
		"anyOf":           {read: several(func(n *node) *[]*node { return &n.anyOf })},
		"oneOf":           {read: several(func(n *node) *[]*node { return &n.oneOf })},
		"not":             {read: of(func(n *node) **node { return &n.not })},
		"if":              {read: of(func(n *node) **node { return &n.when })},
		"then":            {read: of(func(n *node) **node { return &n.then })},
		"else":            {read: of(func(n *node) **node { return &n.or })},
		"type":            {read: readType},
		"enum":            {read: readEnum},
		"const":           {read: readConst},
		"multipleOf":      {wants: aPositive},
		"minimum":         {wants: aNumber},
		"maximum":         {wants: aNumber},
		"pattern":         {read: readPattern},
		"format":          {read: readFormat},
		"minLength":       {wants: aCount},
		"maxLength":       {wants: aCount},
		"minItems":        {wants: aCount},
		"maxItems":        {wants: aCount},
		"minProperties":   {wants: aCount},
		"maxProperties":   {wants: aCount},
		"minContains":     {only: only2020, wants: aCount},
		"maxContains":     {only: only2020, wants: aCount},
		"uniqueItems":     {read: readUnique},
		"required":        {read: readRequired},
		"properties":      {read: named(func(n *node) *map[string]*node { return &n.properties })},
		"propertyNames":   {read: of(func(n *node) **node { return &n.propertyNames })},
		"contains":        {read: of(func(n *node) **node { return &n.contains })},
		"prefixItems":     {only: only2020, read: several(func(n *node) *[]*node { return &n.prefix })},
		"items":           {read: readItems},
		"additionalItems": {only: only7, read: readAdditionalItems},
		"dependencies":    {read: readDependencies},

		"exclusiveMinimum":      {wants: aNumber},
		"exclusiveMaximum":      {wants: aNumber},
		"patternProperties":     {read: readPatternProperties},
		"additionalProperties":  {read: of(func(n *node) **node { return &n.additional })},
		"dependentSchemas":      {only: only2020, read: readDependentSchemas},
		"dependentRequired":     {only: only2020, read: readDependentRequired},
		"unevaluatedItems":      {only: only2020, read: of(func(n *node) **node { return &n.unevaluatedItems })},
		"unevaluatedProperties": {only: only2020, read: of(func(n *node) **node { return &n.unevaluated })},
	}
}

func aFlag(v any) string {
	if _, ok := v.(bool); !ok {
		return "is " + aKind(v) + "; it is true or false"
	}
	return ""
}

func aNumber(v any) string {
	if number(v) == nil {
		return "is " + aKind(v) + "; it wants a number"
	}
	return ""
}

func aPositive(v any) string {
	if r := number(v); r == nil || r.Sign() <= 0 {
		return "wants a number greater than 0"
	}
	return ""
}

// aCount refuses what the validator would take for another number: it reads counts
// as 64 bits, whatever more there is.
func aCount(v any) string {
	r := number(v)
	if r == nil || !r.IsInt() || r.Sign() < 0 || !r.Num().IsInt64() || r.Num().Int64() > math.MaxInt32 {
		return "wants a whole number from 0 to 2147483647"
	}
	return ""
}

// textsOf reads an array of different strings.
func textsOf(v any) ([]string, string) {
	const wrong = "wants an array of strings, each once"
	list, ok := v.([]any)
	if !ok {
		return nil, wrong
	}
	texts, seen := make([]string, 0, len(list)), make(map[string]struct{}, len(list))
	for _, e := range list {
		text, ok := e.(string)
		if _, again := seen[text]; !ok || again {
			return nil, wrong
		}
		seen[text] = struct{}{}
		texts = append(texts, text)
	}
	return texts, ""
}

func refuse(use string) func(*document, *node, string, string) {
	return func(d *document, _ *node, _, pointer string) {
		d.fault(pointer, "is not supported: use %s", use)
	}
}

func readAnchor(d *document, n *node, key, pointer string) {
	name, ok := n.object[key].(string)
	switch _, taken := d.anchors[name]; {
	case !ok || name == "" || strings.ContainsAny(name, "/#"):
		d.fault(pointer, "wants a name such as address")
	case taken:
		d.fault(pointer, "is the name of another place too: use another")
	default:
		d.anchors[name] = n
	}
}

func readType(d *document, n *node, key, pointer string) {
	list := n.object[key]
	if one, ok := list.(string); ok {
		list = []any{one}
	}
	names, wrong := textsOf(list)
	n.kinds = 0
	for _, name := range names {
		k, known := typeNames[name]
		if !known {
			wrong = "names a type that JSON Schema does not have"
			break
		}
		n.kinds |= k
	}
	if wrong != "" || len(names) == 0 {
		if wrong == "" {
			wrong = "names no type"
		}
		d.fault(pointer, "%s: the types are string, number, integer, boolean, object, array and null", wrong)
		return
	}
	n.clean[key] = n.object[key]
}

func readEnum(d *document, n *node, key, pointer string) {
	list, ok := n.object[key].([]any)
	if !ok || len(list) == 0 {
		d.fault(pointer, "is %s; it wants an array of at least one value", aKind(n.object[key]))
		return
	}
	if !n.listed {
		n.values, n.listed = list, true
	}
	n.clean[keyEnum] = list
}

func readUnique(d *document, n *node, key, pointer string) {
	if wrong := aFlag(n.object[key]); wrong != "" {
		d.fault(pointer, "%s", wrong)
		return
	}
	n.clean[keyUnique] = n.object[key]
}

func readConst(_ *document, n *node, key, _ string) {
	n.values, n.listed = []any{n.object[key]}, true // of the two, const says more
	n.clean[key] = n.object[key]
}

func readRequired(d *document, n *node, key, pointer string) {
	names, wrong := textsOf(n.object[key])
	if wrong != "" {
		d.fault(pointer, "%s", wrong)
		return
	}
	n.required, n.clean[key] = names, n.object[key]
}

func readPattern(d *document, n *node, key, pointer string) {
	text, ok := n.object[key].(string)
	if !ok {
		d.fault(pointer, "is %s; it wants a regular expression", aKind(n.object[key]))
		return
	}
	if _, instr := d.pattern(text, pointer); instr > 0 {
		n.instr += instr
		n.clean[key] = text
	}
}

func readPatternProperties(d *document, n *node, key, pointer string) {
	for text, sub := range d.named(n, key, pointer) {
		re, instr := d.pattern(text, pointer+"/"+escape(text))
		n.patterns = append(n.patterns, pattern{text: text, re: re, instr: instr, node: sub})
	}
	slices.SortFunc(n.patterns, func(a, b pattern) int { return strings.Compare(a.text, b.text) })
}

// readFormat: the library's own regex compiles what a payload has, whatever it
// compiles to; ours does no more than read it.
func readFormat(d *document, n *node, key, pointer string) {
	name, ok := n.object[key].(string)
	if !ok {
		d.fault(pointer, "is %s; it wants a string", aKind(n.object[key]))
		return
	}
	if n.clean[key] = name; name == "regex" {
		n.clean[key] = formatRegex.Name
		n.instr += instrToRead
	}
}

func readItems(d *document, n *node, key, pointer string) {
	if _, several := n.object[key].([]any); several && d.draft7 {
		n.prefix = d.schemas(n, key, pointer)
		return
	}
	n.items = d.schema(n, key, pointer)
}

// readAdditionalItems: it counts only beside an array of items.
func readAdditionalItems(d *document, n *node, key, pointer string) {
	sub := d.schema(n, key, pointer)
	if _, several := n.object["items"].([]any); several {
		n.items = sub
	}
}

func readDependentRequired(d *document, n *node, key, pointer string) {
	members, ok := n.object[key].(map[string]any)
	if !ok {
		d.fault(pointer, "is %s; it wants an object of arrays of names", aKind(n.object[key]))
		return
	}
	d.needs(n, members, pointer)
	n.clean[key] = members
}

func readDependentSchemas(d *document, n *node, key, pointer string) {
	for name, sub := range d.named(n, key, pointer) {
		d.dependent(n, name, sub)
	}
}

// dependent notes a schema that an object with a member of the name is held to.
func (d *document) dependent(n *node, name string, sub *node) {
	if n.dependents == nil {
		n.dependents = make(map[string]*node)
	}
	if n.dependents[name] != nil {
		d.fault(sub.pointer, "is in dependencies and in dependentSchemas: say it once")
	}
	n.dependents[name] = sub
}

// readDependencies: an array of names, or a schema, for each name.
func readDependencies(d *document, n *node, key, pointer string) {
	members, ok := n.object[key].(map[string]any)
	if !ok {
		d.fault(pointer, "is %s; it wants an object of schemas and arrays of names", aKind(n.object[key]))
		return
	}
	clean, lists := make(map[string]any, len(members)), make(map[string]any, len(members))
	for _, name := range slices.Sorted(keysOf(members)) {
		if list, ok := members[name].([]any); ok {
			clean[name], lists[name] = list, list
			continue
		}
		sub := d.read(members[name], pointer+"/"+escape(name))
		if sub == nil {
			continue
		}
		d.dependent(n, name, sub)
		clean[name] = sub.handOn()
	}
	d.needs(n, lists, pointer)
	n.clean[key] = clean
}

func (d *document) needs(n *node, members map[string]any, pointer string) {
	if n.needs == nil {
		n.needs = make(map[string][]string, len(members))
	}
	for _, name := range slices.Sorted(keysOf(members)) {
		names, wrong := textsOf(members[name])
		if wrong != "" {
			d.fault(pointer+"/"+escape(name), "%s", wrong)
		}
		n.needs[name] = append(n.needs[name], names...)
	}
}
