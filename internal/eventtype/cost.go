package eventtype

// What checking costs is counted in steps, of some 50 ns each on a core of 2024; the
// figures are measured (TestStepsAreTime).
const (
	stepsApply    = 20 // any subschema, where it is broken: most of it is the error
	stepsName     = 2  // a name that is missing: required and its kin
	stepsNumber   = 6  // a keyword that reads the number: bounds, integer
	stepsExponent = 50 // such a keyword, of a number with an exponent
	stepsMultiple = 80 // multipleOf, of whatever number
	stepsFormat   = 4  // and its text's bytes
	stepsListed   = 4  // enum, of a scalar
	stepsDeep     = 3  // a value that uniqueItems, or an enum of objects, goes through
	stepsTold     = 13 // a member or element that unevaluatedProperties keeps account of, for each subschema
	instrAStep    = 8  // instructions of a pattern by bytes of text
	bytesAStep    = 8  // bytes of text that a format goes through
)

// steps is what it costs to apply the node alone to a value, whatever subschemas and
// patterns cost.
func (n *node) steps() int {
	steps := stepsApply
	if n.object == nil {
		return steps
	}
	names := len(n.required) + len(n.needs) + len(n.dependents)
	for _, list := range n.needs {
		names += len(list)
	}
	steps += names * stepsName
	steps += n.numeric() * stepsNumber
	if _, ok := n.object["multipleOf"]; ok {
		steps += stepsMultiple
	}
	if _, ok := n.object["format"]; ok {
		steps += stepsFormat
	}
	if v, ok := n.object["const"]; ok {
		steps += stepsNumber * values(v)
	}
	if n.listed {
		steps += stepsListed
	}
	return steps
}

// numeric counts the keywords that read a number.
func (n *node) numeric() int {
	count := 0
	if n.kinds&kindsNumeric == kindInteger {
		count++
	}
	for _, key := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "const"} {
		if _, ok := n.object[key]; ok {
			count++
		}
	}
	return count
}

// goesDeep tells whether the node's own keywords go through all that is below the value.
func (n *node) goesDeep() bool {
	if unique, _ := n.object["uniqueItems"].(bool); unique {
		return true
	}
	if list, ok := n.object["enum"].([]any); ok {
		for _, v := range list {
			if kindOf(v)&(kindObject|kindArray) != 0 {
				return true
			}
		}
	}
	return false
}

// values counts the values that there are in a decoded one, itself included.
func values(v any) int {
	n := 1
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			n += values(e)
		}
	case []any:
		for _, e := range v {
			n += values(e)
		}
	}
	return n
}
