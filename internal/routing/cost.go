package routing

import (
	"math"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// assumedSize is how many elements an array, or characters a string, is taken to
// have when a rule is saved, where no schema bounds it. What a real event costs beyond
// that meets the limit at run time.
const assumedSize = 1000

// worstCost estimates the most that the expression costs, in CEL's units.
func (e *expression) worstCost(data []*signalbox.Shape) uint64 {
	if !e.loops {
		return 0 // linear in its own length, which is bounded
	}
	estimate, err := environment().EstimateCost(e.ast, sizes{data})
	if err != nil {
		return math.MaxUint64
	}
	return estimate.Max
}

// sizes bounds values by the schemas.
type sizes struct{ data []*signalbox.Shape }

// EstimateSize gives the size of a value of the event (cost.Estimator).
func (s sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.ComputedSize() != nil {
		return nil
	}
	size := uint64(assumedSize)
	if bound := s.boundOf(node.Expr()); bound > 0 {
		size = bound
	}
	return &cost.SizeEstimate{Min: 0, Max: size}
}

// EstimateCallCost leaves every function to cel-go's own estimate.
func (s sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// boundOf is the largest maxItems or maxLength of a place over all schemas; 0 where
// one of them has none.
func (s sizes) boundOf(e ast.Expr) uint64 {
	if e == nil {
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
