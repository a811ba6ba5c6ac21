package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/core"
)

const (
	// maxCached documents of at most maxCachedBytes each are kept, so that unique
	// documents cannot grow memory without bound. A document takes some forty times
	// its length at the worst: 22 MiB together.
	maxCached      = 300
	maxCachedBytes = 2 << 10
	// maxSuggesting is up to which size of a document names are suggested in errors:
	// finding them takes the product of all names' lengths.
	maxSuggesting = 16 << 10
)

// documents turns query texts into documents that are valid and within the limits.
type documents struct {
	schema        *ast.Schema
	limits        Limits
	introspection bool
	suggestions   bool // names of the schema in errors
	rules         []core.Rule
	plainRules    []core.Rule // without suggestions
	cache         *lru.LRU[*document]
	// maxIntrospection is twice what the common introspection query costs.
	maxIntrospection int
}

// document is a query text, parsed, validated and prepared. One that is cached is
// shared between requests and never changes.
type document struct {
	query string
	ast   *ast.QueryDocument
	// literals are the JSON texts written in the document where the schema says
	// Map. Each has become a variable of a name that no client can write.
	literals []literal
	places   []*ast.Value // where variables stand
	// defaults are the values of variables that are not given.
	defaults map[*ast.VariableDefinition]any
	// neverNull are the variables that stand where null cannot. The document may
	// declare them nullable where they have a default, but null itself is refused
	// then (GraphQL specification, section 6.4.1).
	neverNull map[string]bool
}

// operation is the one of a document's that a request asks for.
type operation struct {
	doc *document
	def *ast.OperationDefinition
	// onlySends tells that nothing is asked for but that events be sent.
	onlySends bool
}

func (doc *document) operation(def *ast.OperationDefinition) *operation {
	return &operation{doc: doc, def: def, onlySends: def.Operation == ast.Mutation && onlySends(def.SelectionSet)}
}

// onlySends goes through the root fields, of which there are few.
func onlySends(set ast.SelectionSet) bool {
	return !slices.ContainsFunc(set, func(s ast.Selection) bool {
		switch s := s.(type) {
		case *ast.Field:
			return s.Name != "sendCustomEvent" && s.Name != "sendCustomEvents" && s.Name != "__typename"
		case *ast.InlineFragment:
			return !onlySends(s.SelectionSet)
		case *ast.FragmentSpread:
			return s.Definition == nil || !onlySends(s.Definition.SelectionSet)
		default:
			return true
		}
	})
}

func newDocuments(schema *ast.Schema, limits Limits, introspection, suggestions bool) *documents {
	plain := validation(false)
	all := plain
	if suggestions {
		all = validation(true)
	}
	d := &documents{
		schema: schema, limits: limits, introspection: introspection, suggestions: suggestions, rules: all, plainRules: plain,
		cache: lru.New[*document](maxCached),
	}
	d.maxIntrospection = 2 * d.introspectionCost()
	return d
}

// operation finds the operation that a request asks for. The error is a
// gqlerror.List or one of ours.
func (d *documents) operation(ctx context.Context, query, name string) (*operation, error) {
	doc, known := d.cache.Get(ctx, query)
	if !known {
		var err error
		doc, err = d.compile(query)
		if err != nil {
			return nil, err
		}
		if len(query) <= maxCachedBytes && len(doc.literals) == 0 {
			d.cache.Add(ctx, query, doc)
		}
	}
	def := doc.ast.Operations.ForName(name)
	switch {
	case def != nil:
		return doc.operation(def), nil
	case name == "":
		return nil, invalid("the document has several operations: name one in operationName")
	default:
		return nil, invalid("the document has no operation of the name that operationName gives")
	}
}

// compile parses, bounds, validates and prepares. What bounds the work of
// validation comes before it.
func (d *documents) compile(query string) (*document, error) {
	if len(query) > d.limits.DocumentBytes {
		return nil, invalid("the document has %d bytes; the limit is %d: put data into variables", len(query), d.limits.DocumentBytes)
	}
	if err := checkEscapes(query); err != nil {
		return nil, err
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, d.limits.Tokens)
	if err != nil {
		return nil, parseError(err)
	}
	if len(parsed.Operations) == 0 {
		return nil, invalid("the document has no operation: write a query or a mutation")
	}
	if err := d.boundAsWritten(parsed); err != nil {
		return nil, err
	}
	doc := &document{query: query, ast: parsed, neverNull: map[string]bool{}}
	if err := doc.prepare(d.schema); err != nil {
		return nil, err
	}
	applied := d.rules
	if len(query) > maxSuggesting {
		applied = d.plainRules
	}
	if errs := validate(d.schema, parsed, applied); len(errs) > 0 {
		return nil, withoutValues(errs)
	}
	if err := d.boundAsExecuted(parsed); err != nil {
		return nil, err
	}
	if err := doc.substitute(d); err != nil {
		return nil, err
	}
	return doc, nil
}
