package eventtype

import "strconv"

// Sensitive tells of a path below payload.data whether the schema marks it, or what
// is around it, with x-sensitive. Its segments are names of members, and for the
// elements of an array their indexes in decimal; * stands for any of them.
//
// A mark counts wherever it might: in every alternative of a choice, through every
// reference, in what a condition applies. What is deeper than a payload can be is
// sensitive.
func (s *Schema) Sensitive(path []string) bool {
	at := []int{0}
	for i := 0; ; i++ {
		for _, l := range at {
			if l == tooDeep || l >= 0 && s.locations[l].sensitive {
				return true
			}
		}
		if i == len(path) || len(at) == 0 {
			return false
		}
		var next []int
		for _, l := range at {
			if l >= 0 {
				next = s.locations[l].step(next, path[i])
			}
		}
		at = next
	}
}

// step adds where a segment may lead from a location, each once.
func (l *location) step(to []int, segment string) []int {
	add := func(i int) {
		if i == nowhere {
			return
		}
		for _, there := range to {
			if there == i {
				return
			}
		}
		to = append(to, i)
	}
	if segment == "*" {
		for _, i := range l.members {
			add(i)
		}
		for _, i := range l.prefix {
			add(i)
		}
		add(l.other)
		add(l.rest)
		return to
	}
	if i, ok := l.members[segment]; ok {
		add(i)
	} else {
		add(l.other)
	}
	if index, err := strconv.Atoi(segment); err == nil && index >= 0 {
		if index < len(l.prefix) {
			add(l.prefix[index])
		} else {
			add(l.rest)
		}
	}
	return to
}
