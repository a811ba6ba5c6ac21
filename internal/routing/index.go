package routing

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// valueKey is a scalar as the index has it: equal keys are equal values in CEL, and
// values with unequal keys are unequal. Its first byte is the kind.
type valueKey string

// keysOf gives the keys of constants; nil where one of them has none.
func keysOf(constants ...ref.Val) []valueKey {
	keys := make([]valueKey, 0, len(constants))
	for _, c := range constants {
		var key valueKey
		switch c := c.(type) {
		case types.String:
			key = valueKey("s" + string(c))
		case types.Bool:
			key = valueKey("b" + strconv.FormatBool(bool(c)))
		case types.Int:
			key = wholeKey(int64(c))
		default:
			return nil
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil
	}
	return keys
}

func wholeKey(i int64) valueKey { return valueKey("n" + strconv.FormatInt(i, 10)) }

// keyOf gives the key of what an event holds; "" where no constant's key can be it.
func keyOf(value any) valueKey {
	switch value := value.(type) {
	case string:
		return valueKey("s" + value)
	case bool:
		return valueKey("b" + strconv.FormatBool(value))
	case int64:
		return wholeKey(value)
	case json.Number:
		if n, ok := number(value).(types.Int); ok {
			return wholeKey(int64(n))
		}
	}
	return ""
}

// bucket holds the rules of one pattern. A rule with an equality on a constant
// among its clauses is found by the value that the event holds at the clause's
// place, so that the rules which cannot match cost nothing.
type bucket struct {
	places  []*place
	rest    []*Rule // enabled and shadow rules without such a clause
	passive []*Rule // disabled rules and drafts: candidates that are not asked
	indexed []entry // of every place, by how near a miss of each would be
	size    int     // how many rules there are in all
}

// place is one path that rules of a bucket compare with constants.
type place struct {
	path  path
	rules map[valueKey][]*Rule
}

// entry is an indexed rule, with the clause and the place by which it is.
type entry struct {
	rule   *Rule
	clause *clause
	place  int
}

// newBucket chooses for each rule the place that tells the most rules apart.
func newBucket(rules []*Rule) *bucket {
	b := &bucket{size: len(rules)}
	constants := make(map[string]map[valueKey]struct{})
	for _, r := range rules {
		for _, c := range r.clauses {
			for _, key := range c.equals {
				if constants[c.about.text] == nil {
					constants[c.about.text] = make(map[valueKey]struct{})
				}
				constants[c.about.text][key] = struct{}{}
			}
		}
	}
	numbers := make(map[string]int)
	for _, r := range rules {
		if !r.active() {
			b.passive = append(b.passive, r)
			continue
		}
		var best *clause
		for _, c := range r.clauses {
			if c.equals != nil && (best == nil || len(constants[c.about.text]) > len(constants[best.about.text])) {
				best = c
			}
		}
		if best == nil {
			b.rest = append(b.rest, r)
			continue
		}
		n, there := numbers[best.about.text]
		if !there {
			n = len(b.places)
			numbers[best.about.text] = n
			b.places = append(b.places, &place{path: best.about.path, rules: make(map[valueKey][]*Rule)})
		}
		for _, key := range slices.Compact(slices.Sorted(slices.Values(best.equals))) {
			b.places[n].rules[key] = append(b.places[n].rules[key], r)
		}
		b.indexed = append(b.indexed, entry{r, best, n})
	}
	slices.SortStableFunc(b.indexed, func(x, y entry) int {
		return cmp.Or(len(x.rule.clauses)-len(y.rule.clauses), strings.Compare(x.rule.Name, y.rule.Name))
	})
	return b
}

// seen is what an event holds at one place.
type seen struct {
	key      valueKey // "" where no constant of the index can be equal to it
	missing  path
	observed string // for people; made when it is first asked for
}

// look reads the event at every place of the bucket.
func (b *bucket) look(v *variables) []seen {
	found := make([]seen, len(b.places))
	for i, p := range b.places {
		value, missing := p.path.resolve(v)
		if missing != nil {
			found[i].missing = missing
		} else {
			found[i].key = keyOf(value)
		}
	}
	return found
}

// survivors appends the rules that the index cannot rule out.
func (b *bucket) survivors(dst []*Rule, found []seen) []*Rule {
	dst = append(dst, b.rest...)
	for i, p := range b.places {
		if key := found[i].key; key != "" {
			dst = append(dst, p.rules[key]...)
		}
	}
	return dst
}

// passedOver appends decisions on up to n rules that the index has ruled out, the
// nearest misses first as far as that is known without asking them.
func (b *bucket) passedOver(dst []signalbox.Decision, n int, found []seen, v *variables) []signalbox.Decision {
	for i := range b.indexed {
		if n == 0 {
			break
		}
		e := &b.indexed[i]
		at := &found[e.place]
		if at.key != "" && slices.Contains(e.clause.equals, at.key) {
			continue // it survived
		}
		n--
		d := e.rule.decision(signalbox.VerdictFiltered)
		d.Clause, d.Path, d.Expected, d.Failed = e.clause.short, e.clause.about.text, e.clause.expected, 1
		if at.missing != nil {
			d.Path, d.Observed = at.missing.String(), missingText
			d.Reason = d.Path + " is missing"
		} else {
			if at.observed == "" {
				at.observed = e.clause.about.observe(v)
			}
			d.Observed = at.observed
		}
		dst = append(dst, d)
	}
	return dst
}

// switchedOff are decisions on up to n rules that are candidates and not asked.
func (b *bucket) switchedOff(n int) []signalbox.Decision {
	some := b.passive[:min(len(b.passive), n)]
	decisions := make([]signalbox.Decision, len(some))
	for i, r := range some {
		decisions[i] = r.decision(signalbox.VerdictDisabled)
		decisions[i].Reason = passiveReasons[r.State]
	}
	return decisions
}
