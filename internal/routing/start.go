package routing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const (
	maxWorkflowID = 255       // bytes; Temporal's limit
	maxStart      = 512 << 10 // bytes of input, memo and search attributes together
)

// pointerEscapes are JSON pointer's (RFC 6901, section 3).
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// start is what a rule starts, compiled.
type start struct {
	id                            *expression // nil is <rule>/<event id>
	input, memo, searchAttributes []member    // nil input is the whole event
}

// member is one named expression of a start's map.
type member struct {
	pointer string // from the rule's root, for errors
	name    string
	*expression
}

// compileStart compiles every expression of a start and answers all their faults.
func compileStart(s *signalbox.StartSpec) (start, []signalbox.Violation) {
	var compiled start
	var faults []signalbox.Violation
	if s.ID != "" {
		var err error
		if compiled.id, err = expressionOf(s.ID); err != nil {
			faults = append(faults, signalbox.Violation{Pointer: "/start/id", Message: err.Error()})
		}
	}
	for _, part := range []struct {
		at   string
		from map[string]string
		into *[]member
	}{
		{"/start/input", s.Input, &compiled.input},
		{"/start/memo", s.Memo, &compiled.memo},
		{"/start/searchAttributes", s.SearchAttributes, &compiled.searchAttributes},
	} {
		if part.from != nil {
			*part.into = make([]member, 0, len(part.from))
		}
		for _, name := range slices.Sorted(maps.Keys(part.from)) {
			at := part.at + "/" + pointerEscapes.Replace(name)
			e, err := expressionOf(part.from[name])
			if err != nil {
				faults = append(faults, signalbox.Violation{Pointer: at, Message: err.Error()})
				continue
			}
			*part.into = append(*part.into, member{at, name, e})
		}
	}
	return compiled, faults
}

func expressionOf(text string) (*expression, error) {
	checked, err := parse(text)
	if err != nil {
		return nil, err
	}
	return compile(text, checked)
}

// dispatch is the start that the rule calls for on the event. By default the
// workflow id names both, so that no other pair can have it (P-14, X-08). The error
// is the end of a sentence that begins with the place in the rule.
func (r *Rule) dispatch(v *variables) (*signalbox.Dispatch, error) {
	e := v.facts.Event
	d := &signalbox.Dispatch{
		ID:           signalbox.DispatchID(e.ID, r.Name),
		Tenant:       e.Tenant,
		EventID:      e.ID,
		Rule:         r.Name,
		RuleVersion:  r.Version,
		Namespace:    r.namespace,
		WorkflowType: r.Start.Workflow,
		WorkflowID:   r.home.IDPrefix + r.Name + "/" + e.ID.String(),
		TaskQueue:    r.Start.TaskQueue,
		Options:      r.Start.StartOptions,
		Status:       signalbox.StatusPending,
	}
	if r.start.id != nil {
		value, f := r.start.id.eval(v)
		if f != nil {
			return nil, f.at("/start/id")
		}
		id, ok := value.(types.String)
		if !ok {
			return nil, fmt.Errorf("start.id comes to %s, and a workflow id is a string", kindOfValue(value))
		}
		if err := checkWorkflowID(string(id), r.home.IDPrefix); err != nil {
			return nil, err
		}
		d.WorkflowID = r.home.IDPrefix + string(id)
	}
	size := 0
	for _, part := range []struct {
		members []member
		into    *[]byte
	}{
		{r.start.input, (*[]byte)(&d.Input)}, {r.start.memo, (*[]byte)(&d.Memo)}, {r.start.searchAttributes, (*[]byte)(&d.SearchAttributes)},
	} {
		if part.members == nil {
			continue
		}
		text, err := object(part.members, v, maxStart-size)
		if err != nil {
			return nil, err
		}
		size += len(text)
		*part.into = text
	}
	return d, nil
}

// checkWorkflowID is nil for printable ASCII that Temporal takes.
func checkWorkflowID(id, prefix string) error {
	switch most := maxWorkflowID - len(prefix); {
	case id == "":
		return errors.New("start.id comes to an empty workflow id")
	case len(id) > most:
		return fmt.Errorf("start.id comes to a workflow id of %d bytes; the limit is %d", len(id), most)
	}
	for i := range len(id) {
		if id[i] < ' ' || id[i] > '~' {
			return errors.New("start.id comes to a workflow id with a character in it that is not printable ASCII")
		}
	}
	return nil
}

// object evaluates the members into a JSON object. A member that is nothing but a
// place of the event is taken as it is, digit for digit.
func object(members []member, v *variables, most int) ([]byte, error) {
	text := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(payload.AppendString(text, m.name), ':')
		var err error
		if m.plain != nil {
			value, missing := m.plain.resolve(v)
			if missing != nil {
				return nil, (&fault{missing: missing}).at(m.pointer)
			}
			text, err = appendJSON(text, value)
		} else {
			value, f := m.eval(v)
			if f != nil {
				return nil, f.at(m.pointer)
			}
			text, err = appendCELJSON(text, value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %w", dotted(m.pointer), err)
		}
		if len(text) > most {
			return nil, fmt.Errorf("%s brings input, memo and search attributes to more than %d bytes", dotted(m.pointer), maxStart)
		}
	}
	return append(text, '}'), nil
}

// at puts a fault where it is in the rule.
func (f *fault) at(pointer string) error {
	switch {
	case f.missing != nil:
		return fmt.Errorf("%s reads %s, which is missing", dotted(pointer), f.missing)
	case f.member != "":
		return fmt.Errorf("%s reads %s, which is missing", dotted(pointer), f.member)
	}
	return fmt.Errorf("%s %s", dotted(pointer), f.reason)
}
