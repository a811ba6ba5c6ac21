package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// The file that `signalbox apply` reads, in YAML; catalogue.schema.json describes
// it for editors. Operations are names, or maps with a name where there is more to say.
type file struct {
	Tenant *fileTenant `yaml:"tenant"`
	Types  []fileType  `yaml:"types"`
	Rules  []fileRule  `yaml:"rules"`
}

type fileTenant struct {
	Node         *node
	Config       json.RawMessage `yaml:"config"`
	UnknownNames string          `yaml:"unknownNames"`
}

type fileType struct {
	Node       *node
	Type       string          `yaml:"type"`
	Operations []fileOperation `yaml:"operations"`
}

type fileOperation struct {
	Node          *node
	Faulty        bool
	Name          string          `yaml:"name"`
	DisplayName   string          `yaml:"displayName"`
	Description   string          `yaml:"description"`
	Policy        string          `yaml:"policy"`
	Compatibility string          `yaml:"compatibility"`
	Schema        json.RawMessage `yaml:"schema"`
	Fields        json.RawMessage `yaml:"fields"`
	Sample        json.RawMessage `yaml:"sample"`
}

// short takes a bare name.
func (o *fileOperation) short(text string) { o.Name = text }

// Parse reads a file. Every fault that can be seen without a database is reported at
// once, each with its line, in words for the person who wrote it.
//
// A type's Schemas are at most one, without a version: what the newest is to be. A
// rule's State is "" where the file names none, which leaves a rule's state alone.
func Parse(text []byte) (signalbox.Catalogue, error) {
	root, err := readYAML(text)
	if err != nil || root == nil {
		return signalbox.Catalogue{}, err
	}
	return parse(root)
}

func parse(root *node) (signalbox.Catalogue, error) {
	var f file
	var d decoder
	d.into(root, reflect.ValueOf(&f).Elem(), "")
	p := parsing{decoder: &d, pairs: make(map[signalbox.Pattern]bool), rules: make(map[string]bool)}
	var content signalbox.Catalogue
	if f.Tenant != nil {
		content.Settings = p.settings(f.Tenant)
	}
	for i := range f.Types {
		content.Types = append(content.Types, p.types(&f.Types[i])...)
	}
	p.faults = append(p.faults, displayNames(content.Types)...)
	for i := range f.Rules {
		content.Rules = append(content.Rules, p.rule(&f.Rules[i]))
	}
	if len(d.faults) > 0 {
		slices.SortStableFunc(d.faults, func(a, b error) int { return lineOf(a) - lineOf(b) })
		return signalbox.Catalogue{}, errors.Join(d.faults...)
	}
	return content, nil
}

func lineOf(err error) int {
	var at *lineError
	if errors.As(err, &at) {
		return at.line
	}
	return 0
}

// parsing makes nouns of the file's structs.
type parsing struct {
	*decoder
	pairs map[signalbox.Pattern]bool
	rules map[string]bool
}

// violations adds the faults of one thing in the file, each at the line it points to.
func (p *parsing) violations(n *node, where string, violations []signalbox.Violation) {
	for _, v := range violations {
		place := join(where, dotted(v.Pointer))
		if v.Pointer == "" {
			place = where
		}
		p.fault(n.at(v.Pointer), place, "%s", v.Message)
	}
}

// oneLine undoes the line breaks of a text that was written over several.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// dotted is a pointer as people write it: start.id for /start/id.
func dotted(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

func (p *parsing) settings(f *fileTenant) *signalbox.TenantSettings {
	s := &signalbox.TenantSettings{UnknownNames: signalbox.UnknownNames(strings.ToUpper(f.UnknownNames))}
	if f.Config != nil && !payload.IsNull(f.Config) {
		s.Config = f.Config
	}
	p.violations(f.Node, "tenant", checkSettings(s))
	return s
}

func (p *parsing) types(f *fileType) []signalbox.EventType {
	where := fmt.Sprintf("type %q", f.Type)
	if f.Node == nil {
		return nil // it was no map, and that is said already
	}
	if len(f.Operations) == 0 {
		p.fault(f.Node.line, where, "has no operations")
	}
	types := make([]signalbox.EventType, 0, len(f.Operations))
	for i := range f.Operations {
		types = append(types, p.operation(f, &f.Operations[i]))
	}
	return types
}

func (p *parsing) operation(f *fileType, o *fileOperation) signalbox.EventType {
	t := signalbox.EventType{
		Type: f.Type, Operation: o.Name, DisplayName: o.DisplayName, Description: oneLine(o.Description),
		Policy:        signalbox.PayloadPolicy(strings.ToUpper(o.Policy)),
		Compatibility: signalbox.Compatibility(strings.ToUpper(o.Compatibility)),
	}
	n := o.Node
	if n == nil {
		n = f.Node
	}
	if o.Faulty {
		return t // what it says is not what its author means
	}
	where := fmt.Sprintf("event type %q", t.Name())
	if p.pairs[pairOf(&t)] {
		p.fault(n.line, where, "is there twice")
	}
	p.pairs[pairOf(&t)] = true
	if o.Sample != nil && !payload.IsNull(o.Sample) {
		t.Sample = o.Sample
	}
	p.violations(n, where, p.schema(o, &t))
	p.violations(n, where, checkType(&t))
	return t
}

// schema reads the schema of an operation, in the long form or the short one.
func (p *parsing) schema(o *fileOperation, t *signalbox.EventType) []signalbox.Violation {
	switch {
	case o.Schema != nil && o.Fields != nil:
		return []signalbox.Violation{{Pointer: "/fields", Message: "is the short form of schema: give one of the two"}}
	case o.Fields != nil:
		text, err := eventtype.ExpandFields(o.Fields)
		if err != nil {
			return violationsOf(err, "/fields")
		}
		t.Schemas = []signalbox.Schema{{Text: text}}
	case o.Schema != nil:
		t.Schemas = []signalbox.Schema{{Text: o.Schema}}
	}
	return nil
}

// pairOf is what an event type goes by. Written as type:operation, two of them could
// look the same: a name may have a colon in it.
func pairOf(t *signalbox.EventType) signalbox.Pattern {
	return signalbox.Pattern{Type: t.Type, Operation: t.Operation}
}

// displayNames says which display names are there more than once: a sender may use
// one for its pair.
func displayNames(types []signalbox.EventType) []error {
	var faults []error
	named := make(map[string]*signalbox.EventType)
	for i := range types {
		t := &types[i]
		other := named[t.DisplayName]
		switch {
		case t.DisplayName == "":
		case other != nil && pairOf(other) != pairOf(t):
			faults = append(faults, fmt.Errorf("event type %q: displayName %s", t.Name(), displayNameTaken(other)))
		default:
			named[t.DisplayName] = t
		}
	}
	return faults
}

func displayNameTaken(by *signalbox.EventType) string {
	return fmt.Sprintf("is that of %s already: a sender may use it for the pair, so each has its own", by.Name())
}
