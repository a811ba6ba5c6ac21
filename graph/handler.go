package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/signalbox/signalbox/graph/generated"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Limits bound what a request may cost. Zero values mean the defaults.
type Limits struct {
	BodyBytes     int // of a request; 8 MiB
	DocumentBytes int // of a document; 512 KiB. Variables take what is larger
	Tokens        int // of a document; 20,000
	Fields        int // selections of a document as it is written; 500
	Depth         int // of nested selections; 16
	RootFields    int // of an operation, aliases and fragments counted; 20
	Complexity    int // fields of an answer at the most, lists multiplied; 250,000
	Aliases       int // of a document as it is written; 100
	Directives    int // of a document as it is written; 50
	Operations    int // of one tenant at once, sends aside; one for each processor, and 4 at the least
	AnswerBytes   int // of a query's answer, about; 16 MiB
	RoomBytes     int // of large bodies and answers of all requests at once; 256 MiB
	// Patience is how long, beyond a request's deadline, an answer may still come of
	// what was under way; 10 s.
	Patience time.Duration
}

// DefaultLimits are generous to people and programs that mean well.
func DefaultLimits() Limits {
	return Limits{
		BodyBytes: 8 << 20, DocumentBytes: 512 << 10, Tokens: 20_000, Fields: 500, Depth: 16, RootFields: 20, Complexity: 250_000,
		Aliases: 100, Directives: 50, Operations: max(4, runtime.GOMAXPROCS(0)), AnswerBytes: 16 << 20, RoomBytes: 256 << 20, Patience: 10 * time.Second,
	}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		BodyBytes: cmp.Or(l.BodyBytes, d.BodyBytes), DocumentBytes: cmp.Or(l.DocumentBytes, d.DocumentBytes),
		Tokens: cmp.Or(l.Tokens, d.Tokens), Fields: cmp.Or(l.Fields, d.Fields), Depth: cmp.Or(l.Depth, d.Depth),
		RootFields: cmp.Or(l.RootFields, d.RootFields), Complexity: cmp.Or(l.Complexity, d.Complexity),
		Aliases: cmp.Or(l.Aliases, d.Aliases), Directives: cmp.Or(l.Directives, d.Directives),
		Operations: cmp.Or(l.Operations, d.Operations), AnswerBytes: cmp.Or(l.AnswerBytes, d.AnswerBytes), RoomBytes: cmp.Or(l.RoomBytes, d.RoomBytes), Patience: cmp.Or(l.Patience, d.Patience),
	}
}

const (
	maxPage     = 500
	maxBatch    = signalbox.MaxBatch
	maxChoices  = 100     // elements of a filter's list
	maxElements = 256_000 // of a variable's list
)

// Config is what the door is made of. The interfaces and functions are needed.
type Config struct {
	Sender     Sender
	Tester     Tester
	Events     Events
	Dispatches Dispatches
	Catalogue  Catalogue
	RuleEditor RuleEditor
	TypeEditor TypeEditor
	Explainer  Explainer
	History    History
	Keys       Keys
	KeyEditor  KeyEditor
	Tenants    Tenants
	Directory  Directory
	Audit      Audit
	// Principal says who is calling.
	Principal func(ctx context.Context) (signalbox.Principal, error)
	// RequestID is the id under which the log has the request.
	RequestID func(ctx context.Context) string
	Logger    *slog.Logger

	Limits Limits
	// PerTenant holds for every tenant, beside its own limits: Batch and Page of it.
	PerTenant     signalbox.Limits
	Introspection bool // answer questions about the schema
	Suggestions   bool // suggest names of the schema in errors
}

// Handler serves GraphQL over HTTP.
type Handler struct {
	cfg       Config
	documents *documents
	schema    graphql.ExecutableSchema
	brake     *brake
	// parsing and operations are what a tenant takes turns at, and room is the memory
	// that tenants share.
	parsing, operations *turns
	room                *room
}

// New refuses a config with a part missing.
func New(cfg Config) (*Handler, error) {
	if cfg.Sender == nil || cfg.Tester == nil || cfg.Events == nil || cfg.Dispatches == nil || cfg.Catalogue == nil ||
		cfg.RuleEditor == nil || cfg.TypeEditor == nil || cfg.Explainer == nil || cfg.History == nil ||
		cfg.Keys == nil || cfg.KeyEditor == nil || cfg.Tenants == nil || cfg.Directory == nil || cfg.Audit == nil ||
		cfg.Principal == nil || cfg.RequestID == nil || cfg.Logger == nil {
		return nil, errors.New("graph.New: a part of the config is missing")
	}
	if err := checkPermissions(served()); err != nil {
		return nil, fmt.Errorf("graph.New: %w", err)
	}
	cfg.Limits = cfg.Limits.orDefaults()
	cfg.PerTenant = cfg.PerTenant.Within(signalbox.Limits{Batch: maxBatch, Page: maxPage})
	processors := max(1, runtime.GOMAXPROCS(0)/2) // of which one tenant leaves some to others
	schema := generated.NewExecutableSchema(generated.Config{
		Schema: served(), Resolvers: &Resolver{cfg: cfg, explaining: newTurns("explanations", processors, 0, "too many rules are being explained at once; ask again later")},
		Directives: generated.DirectiveRoot{Can: cfg.can},
	})
	return &Handler{
		cfg:       cfg,
		documents: newDocuments(schema.Schema(), cfg.Limits, cfg.Introspection, cfg.Suggestions),
		schema:    schema,
		brake:     newBrake(),

		parsing:    newTurns("requests", processors, 0, "too many of this tenant's requests are waiting to be read; try again later"),
		operations: newTurns("operations", cfg.Limits.Operations, operationTurn, "this tenant has as many operations under way as it may, sends aside; try again later"),
		room:       newRoom(cfg.Limits.RoomBytes),
	}, nil
}

// served is the schema without @defer, which gqlgen adds: its answers come in
// several parts, and ours in one.
var served = sync.OnceValue(func() *ast.Schema {
	schema := *generated.NewExecutableSchema(generated.Config{}).Schema()
	schema.Directives = maps.Clone(schema.Directives)
	delete(schema.Directives, "defer")
	return &schema
})

// execute runs one operation whose variables have been coerced; nil where the
// client went away first. It does what gqlgen's executor does where there are no
// extensions.
func (h *Handler) execute(ctx context.Context, r *http.Request, op *operation, vars map[string]any) *graphql.Response {
	if response, over := h.over(ctx); over {
		return response
	}
	field, size := inTime, &size{most: int64(h.cfg.Limits.AnswerBytes)}
	if op.def.Operation == ast.Query { // what has been changed is answered in any case
		field = size.field
	}
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{
		RawQuery:               op.doc.query,
		Variables:              vars,
		OperationName:          op.def.Name,
		Doc:                    op.doc.ast,
		Operation:              op.def,
		Headers:                r.Header,
		DisableIntrospection:   !h.cfg.Introspection,
		RecoverFunc:            h.recovered,
		ResolverMiddleware:     field,
		RootResolverMiddleware: fewAtOnce(),
	})
	ctx = graphql.WithResponseContext(ctx, h.presentError, h.recovered)
	response := h.schema.Exec(ctx)(ctx)
	if size.over() {
		return &graphql.Response{Errors: h.requestError(ctx, size.tooLarge())}
	}
	response.Errors = graphql.GetErrors(ctx)
	return response
}

// recovered turns a panic of one field into an INTERNAL error of that field.
func (h *Handler) recovered(ctx context.Context, v any) error {
	h.cfg.Logger.ErrorContext(ctx, "a resolver panicked",
		"requestID", h.cfg.RequestID(ctx), "path", graphql.GetPath(ctx).String(), "panic", v, "stack", string(debug.Stack()))
	return graphql.AddFieldLocationToError(ctx, errLogged{fmt.Errorf("panic: %v", v)})
}
