package graph

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// prepare makes the values of a document fit for validation and execution, which
// read every number as an int64 or a float64. It comes before validation, so names
// that do not exist are passed over.
//
//   - A value in the place of a Map is put aside as it was written, and its numbers
//     become strings in the document; substitute puts a variable there later.
//   - A number in the place of an ID, or of a scalar of ours, becomes the string of
//     its digits.
//   - An Int beyond 32 bits is an error, and so is a list or an object where none
//     belongs: the validator would write them out whole, once for each level.
//   - Variables that stand where null cannot are remembered.
func (doc *document) prepare(schema *ast.Schema) error {
	p := preparer{doc: doc, schema: schema}
	for _, op := range doc.ast.Operations {
		for _, v := range op.VariableDefinitions {
			if v.DefaultValue != nil {
				p.value(v.DefaultValue, v.Type)
			}
		}
		root := map[ast.Operation]*ast.Definition{ast.Query: schema.Query, ast.Mutation: schema.Mutation}[op.Operation]
		p.directives(op.Directives)
		p.selections(op.SelectionSet, root)
	}
	for _, fragment := range doc.ast.Fragments {
		p.directives(fragment.Directives)
		p.selections(fragment.SelectionSet, schema.Types[fragment.TypeCondition])
	}
	if p.err != nil {
		return p.err
	}
	return nil
}

type preparer struct {
	doc    *document
	schema *ast.Schema
	err    gqlerror.List // the first
}

func (p *preparer) selections(set ast.SelectionSet, parent *ast.Definition) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			p.directives(s.Directives)
			if def := fieldOf(p.schema, parent, s.Name); def != nil {
				p.arguments(s.Arguments, def.Arguments)
				p.selections(s.SelectionSet, p.schema.Types[def.Type.Name()])
			}
		case *ast.InlineFragment:
			p.directives(s.Directives)
			if s.TypeCondition != "" {
				parent = p.schema.Types[s.TypeCondition]
			}
			p.selections(s.SelectionSet, parent)
		case *ast.FragmentSpread:
			p.directives(s.Directives)
		}
	}
}

func fieldOf(schema *ast.Schema, parent *ast.Definition, name string) *ast.FieldDefinition {
	if parent == nil {
		return nil
	}
	if parent == schema.Query && name == "__type" {
		return &ast.FieldDefinition{
			Type:      ast.NamedType("__Type", nil),
			Arguments: ast.ArgumentDefinitionList{{Name: "name", Type: ast.NonNullNamedType("String", nil)}},
		}
	}
	if parent == schema.Query && name == "__schema" {
		return &ast.FieldDefinition{Type: ast.NamedType("__Schema", nil)}
	}
	return parent.Fields.ForName(name)
}

func (p *preparer) directives(all ast.DirectiveList) {
	for _, d := range all {
		if def := p.schema.Directives[d.Name]; def != nil {
			p.arguments(d.Arguments, def.Arguments)
		}
	}
}

func (p *preparer) arguments(args ast.ArgumentList, defs ast.ArgumentDefinitionList) {
	for _, a := range args {
		if def := defs.ForName(a.Name); def != nil {
			p.value(a.Value, def.Type)
		}
	}
}

func (p *preparer) value(v *ast.Value, typ *ast.Type) {
	switch {
	case v.Kind == ast.Variable:
		p.doc.places = append(p.doc.places, v)
		if typ.NonNull {
			p.doc.neverNull[v.Raw] = true
		}
		return
	case v.Kind == ast.NullValue:
		return
	case typ.Elem != nil && v.Kind == ast.ListValue:
		for _, child := range v.Children {
			p.value(child.Value, typ.Elem)
		}
		return
	case typ.Elem != nil:
		p.value(v, typ.Elem) // one value stands for a list of one
		return
	case typ.NamedType == mapScalar:
		if hasWord(v) {
			p.fail(v, "a word stands without quotes in a Map: JSON has strings, numbers, true, false and null")
			return
		}
		p.doc.literals = append(p.doc.literals, literal{
			name: "#" + strconv.Itoa(len(p.doc.literals)), place: v, written: copyOf(v),
		})
		numbersToStrings(v)
		return
	}
	def := p.schema.Types[typ.NamedType]
	if def == nil { // validation says so
		numbersToStrings(v)
		return
	}
	switch v.Kind {
	case ast.ObjectValue:
		if def.Kind != ast.InputObject {
			p.fail(v, "an object stands where %s is expected", typ)
			return
		}
		for _, child := range v.Children {
			if field := def.Fields.ForName(child.Name); field != nil {
				p.value(child.Value, field.Type)
			} else {
				numbersToStrings(child.Value)
			}
		}
	case ast.ListValue:
		p.fail(v, "a list stands where %s is expected", typ)
	case ast.IntValue, ast.FloatValue:
		p.number(v, def)
	default:
	}
}

func copyOf(v *ast.Value) *ast.Value {
	c := *v
	c.Children = make(ast.ChildValueList, len(v.Children))
	for i, child := range v.Children {
		one := *child
		one.Value = copyOf(child.Value)
		c.Children[i] = &one
	}
	return &c
}

// hasWord tells whether an enum's value is in v.
func hasWord(v *ast.Value) bool {
	if v.Kind == ast.EnumValue {
		return true
	}
	for _, child := range v.Children {
		if hasWord(child.Value) {
			return true
		}
	}
	return false
}

// numbersToStrings marks what was a number with a NUL, which no string can have:
// 1 and "1" stay apart when validation asks whether two fields are the same.
func numbersToStrings(v *ast.Value) {
	if v.Kind == ast.IntValue || v.Kind == ast.FloatValue {
		v.Kind, v.Raw = ast.StringValue, "\x00"+v.Raw
	}
	for _, child := range v.Children {
		numbersToStrings(child.Value)
	}
}

func (p *preparer) number(v *ast.Value, def *ast.Definition) {
	switch def.Name {
	case "Float":
		if _, err := strconv.ParseFloat(v.Raw, 64); err != nil {
			p.fail(v, "a number is beyond what a Float can be")
		}
	case "ID":
		if v.Kind == ast.IntValue {
			v.Kind = ast.StringValue
		}
	case "Int":
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil && v.Kind == ast.IntValue {
			p.fail(v, "a number is beyond what an Int can be, which has 32 bits")
		}
	case "String", "Boolean":
		p.fail(v, "a number stands where a %s is expected", def.Name)
	default:
		if def.Kind == ast.Scalar {
			v.Kind = ast.StringValue
		} else {
			p.fail(v, "a number stands where %s is expected", def.Name)
		}
	}
}

// fail keeps the first fault, with its place in the document.
func (p *preparer) fail(v *ast.Value, format string, args ...any) {
	if p.err == nil {
		p.err = gqlerror.List{gqlerror.ErrorPosf(v.Position, format, args...)}
	}
}
