package routing

import (
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	// assumedSize is how many elements an array, or characters a string, is taken to
	// have when a rule is saved, where no schema bounds it. What a real event costs
	// beyond that meets the limit at run time.
	assumedSize = 1000
	// largestSize is how many there can be in the largest payload.
	largestSize = 256 << 10
)

// worstCost estimates the most that an expression costs, in CEL's units.
func worstCost(checked *cel.Ast, s sizes) uint64 {
	estimate, err := environment().EstimateCost(checked, s)
	if err != nil {
		return math.MaxUint64
	}
	return estimate.Max
}

// sizes bounds values by the schemas, where there are any.
type sizes struct {
	data    []*signalbox.Shape
	assumed uint64
	// ranges are what the macros' variables go over, by the variable's name.
	ranges map[string]ast.Expr
}

func newSizes(data []*signalbox.Shape, checked *cel.Ast) sizes {
	s := sizes{data: data, assumed: assumedSize, ranges: make(map[string]ast.Expr)}
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind && !e.AsComprehension().HasIterVar2() {
			c := e.AsComprehension()
			if s.ranges[c.IterVar()] != nil { // the name means two things
				s.ranges[c.IterVar()] = c.AccuInit() // of which no bound is known
				return
			}
			s.ranges[c.IterVar()] = c.IterRange()
		}
	}))
	return s
}

// EstimateSize gives the size of a value of the event (cost.Estimator).
func (s sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.ComputedSize() != nil {
		return nil
	}
	size := s.assumed
	if bound := s.boundOf(node.Expr()); bound > 0 {
		size = bound
	}
	return &cost.SizeEstimate{Min: 0, Max: size}
}

// EstimateCallCost gives the cost of our own methods of strings, which go through
// their whole text; every other is cel-go's own.
func (s sizes) EstimateCallCost(function, _ string, target *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if !ourMethods[function] || target == nil {
		return nil
	}
	size := (*target).ComputedSize()
	if size == nil {
		size = s.EstimateSize(*target)
	}
	return &cost.CallEstimate{CostEstimate: size.MultiplyByCostFactor(cost.StringTraversalCostFactor), ResultSize: size}
}

var ourMethods = map[string]bool{"lowerAscii": true, "upperAscii": true, "trim": true}

// methodCosts counts our own methods of strings at run time.
type methodCosts struct{}

// CallCost is of cost.ActualCostEstimator; nil leaves a function to cel-go.
func (methodCosts) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	if !ourMethods[function] || len(args) == 0 {
		return nil
	}
	text, ok := args[0].(types.String)
	if !ok {
		return nil
	}
	units := uint64(float64(len(text)) * cost.StringTraversalCostFactor)
	return &units
}

// boundOf is the largest maxItems or maxLength of a place over all schemas; 0 where
// one of them has none.
func (s sizes) boundOf(e ast.Expr) uint64 {
	if e == nil || len(s.data) == 0 {
		return 0
	}
	shapes, ok := s.shapesOf(e)
	if !ok {
		return 0
	}
	most := 0
	for _, shape := range shapes {
		bound := 0
		switch {
		case shape == nil:
		case shape.Kinds == signalbox.KindArray:
			bound = shape.MaxItems
		case shape.Kinds == signalbox.KindString:
			bound = shape.MaxLength
		case shape.Kinds&(signalbox.KindArray|signalbox.KindString|signalbox.KindObject) == 0 && shape.Kinds != 0:
			bound = 1
		}
		if bound == 0 {
			return 0
		}
		most = max(most, bound)
	}
	return uint64(most)
}

// shapesOf finds the shapes of a place: below payload.data, or below the elements of
// what a macro goes over.
func (s sizes) shapesOf(e ast.Expr) ([]*signalbox.Shape, bool) {
	var of []*signalbox.Shape
	var ok bool
	name := ""
	switch e.Kind() {
	case ast.IdentKind:
		over := s.ranges[e.AsIdent()]
		if over == nil {
			return nil, false
		}
		of, ok = s.shapesOf(over)
	case ast.SelectKind:
		if p, isPath := pathOf(e); isPath && p.String() == "payload.data" {
			return s.data, true
		}
		name = e.AsSelect().FieldName()
		of, ok = s.shapesOf(e.AsSelect().Operand())
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() != operators.Index || c.Args()[1].Kind() != ast.LiteralKind {
			return nil, false
		}
		if key, isName := c.Args()[1].AsLiteral().(types.String); isName {
			name = string(key)
		}
		of, ok = s.shapesOf(c.Args()[0])
	default:
	}
	if !ok {
		return nil, false
	}
	below := make([]*signalbox.Shape, 0, len(of))
	for _, shape := range of {
		switch {
		case shape == nil:
			return nil, false
		case name == "":
			below = append(below, shape.Items)
		case shape.Fields[name] != nil:
			below = append(below, shape.Fields[name])
		case shape.Open || shape.Kinds == 0:
			return nil, false
		}
	}
	return below, len(below) > 0
}
