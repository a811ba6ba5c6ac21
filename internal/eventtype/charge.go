package eventtype

import (
	"encoding/json"
	"iter"
	"maps"
	"strings"
)

// maxCharge is how many steps may go into one payload, some 150 ms of them. What
// would take more is not checked at all, but refused.
const maxCharge = 3_000_000

// charge bounds the steps that it takes to validate a decoded value at a location.
// deep is how often what is around the value goes through all of it. It goes
// through the value once, and stops soon after most.
func (s *Schema) charge(v any, at, deep, most int) int {
	if at < 0 {
		if deep == 0 {
			return 0
		}
		return values(v) * deep * stepsDeep
	}
	l := &s.locations[at]
	deep += l.deep
	steps := l.steps + deep*stepsDeep
	switch v := v.(type) {
	case string:
		steps += (len(v)*l.instr)/instrAStep + len(v)*l.applied/bytesAStep
	case json.Number:
		steps += len(v) * l.applied / bytesAStep
		if strings.ContainsAny(v.String(), "eE") {
			steps += l.numeric * stepsExponent
		}
	case []any:
		for i, e := range v {
			if steps > most {
				return steps
			}
			to := l.rest
			if i < len(l.prefix) {
				to = l.prefix[i]
			}
			steps += l.applied + l.told*stepsTold + s.charge(e, to, deep, most-steps)
		}
	case map[string]any:
		for key, e := range v {
			if steps > most {
				return steps
			}
			to, ok := l.members[key]
			if !ok {
				to = l.other
			}
			steps += l.applied + l.told*stepsTold + l.keySteps + (len(key)+1)*l.keyInstr/instrAStep + s.charge(e, to, deep, most-steps)
		}
	}
	return steps
}

func keysOfInt[V any](m map[int]V) iter.Seq[int] { return maps.Keys(m) }
