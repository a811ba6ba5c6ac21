package routing

import (
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
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
	p, ok := pathOf(e)
	if !ok {
		return 0
	}
	names, ok := p.underData()
	if !ok {
		return 0
	}
	most := 0
	for _, shape := range s.data {
		for i, name := range names {
			if shape == nil {
				return 0
			}
			if p[i+2].name == "" {
				shape = shape.Items
			} else {
				shape = shape.Fields[name]
			}
		}
		if shape == nil {
			return 0
		}
		bound := max(shape.MaxItems, shape.MaxLength)
		if bound == 0 {
			return 0
		}
		most = max(most, bound)
	}
	return uint64(most)
}
