package catalogue

import (
	"errors"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

const maxDescription = 4096 // characters

// The checks below look at one thing alone, and are the same for a file as for an
// edit. Their pointers go from the thing's root: "/displayName".

// checkSettings checks what a tenant's settings are to be.
func checkSettings(s *signalbox.TenantSettings) []signalbox.Violation {
	var faults []signalbox.Violation
	if s.Config != nil {
		faults = checkObject(faults, "/config", s.Config)
	}
	switch s.UnknownNames {
	case "", signalbox.UnknownReject, signalbox.UnknownAccept:
	default:
		faults = append(faults, signalbox.Violation{Pointer: "/unknownNames", Message: "is REJECT or ACCEPT"})
	}
	return faults
}

func checkObject(faults []signalbox.Violation, pointer string, raw []byte) []signalbox.Violation {
	var gate *payload.Error
	switch err := payload.Check(raw, payload.DefaultLimits()); {
	case errors.As(err, &gate):
		return append(faults, signalbox.Violation{Pointer: pointer + gate.Pointer, Message: gate.Reason})
	case !payload.IsObject(raw):
		return append(faults, signalbox.Violation{Pointer: pointer, Message: "is not an object: wrap the value in one"})
	}
	return faults
}

// checkType checks a pair: its names, its policies, its newest schema, and its
// sample against that.
func checkType(t *signalbox.EventType) []signalbox.Violation {
	var faults []signalbox.Violation
	fault := func(pointer string, err error) {
		if err != nil {
			faults = append(faults, signalbox.Violation{Pointer: pointer, Message: err.Error()})
		}
	}
	fault("/type", checkPairName(t.Type))
	fault("/operation", checkPairName(t.Operation))
	if t.DisplayName != "" {
		fault("/displayName", signalbox.CheckName(t.DisplayName))
	}
	fault("/description", signalbox.CheckText(t.Description, maxDescription))
	switch t.Policy {
	case "", signalbox.PayloadOff, signalbox.PayloadWarn, signalbox.PayloadReject:
	default:
		fault("/policy", errors.New("is OFF, WARN or REJECT"))
	}
	switch t.Compatibility {
	case "", signalbox.CompatibilityNone, signalbox.CompatibilityBackward:
	default:
		fault("/compatibility", errors.New("is NONE or BACKWARD"))
	}
	before := len(faults)
	if t.Sample != nil {
		faults = checkObject(faults, "/sample", t.Sample)
	}
	newest := t.Newest()
	if newest == nil {
		return faults
	}
	schema, err := eventtype.CompileSchema(newest.Text)
	if err != nil {
		return append(faults, violationsOf(err, "/schema")...)
	}
	if t.Sample != nil && len(faults) == before {
		for _, v := range schema.Validate(payload.Decode(t.Sample)) {
			below := strings.TrimPrefix(v.Pointer, "/payload/data")
			faults = append(faults, signalbox.Violation{Pointer: "/sample" + below, Message: v.Message + " (the sample has to pass the schema)"})
		}
	}
	return faults
}

func checkPairName(name string) error {
	if err := signalbox.CheckName(name); err != nil {
		return err
	}
	if strings.Contains(name, "*") {
		return errors.New("has a * in it: that is for rules' patterns")
	}
	return nil
}

// compileRule compiles a rule; it is nil where that fails.
func compileRule(r signalbox.Rule, home routing.Home) (*routing.Rule, []signalbox.Violation) {
	if r.State == "" {
		r.State = signalbox.RuleEnabled
	}
	compiled, err := routing.CompileRule(r, home)
	if err != nil {
		return nil, violationsOf(err, "")
	}
	return compiled, nil
}

// shapesOf is what the types that a pattern fits let payload.data be. It is an object
// wherever rules can read anything of it: the gate has seen to that, so a schema need
// not say so for a rule to be held to the members that it declares.
func shapesOf(types *eventtype.Registry, on signalbox.Pattern) []signalbox.TypeShape {
	shapes := slices.Clone(types.Shapes(on))
	for i := range shapes {
		data := shapes[i].Data
		if data == nil || data.Kinds != 0 && data.Kinds&signalbox.KindObject == 0 {
			continue
		}
		object := *data
		object.Kinds = signalbox.KindObject
		object.Open = object.Open || len(object.Fields) == 0
		shapes[i].Data = &object
	}
	return shapes
}

// violationsOf gives what an error says, as violations below a pointer.
func violationsOf(err error, below string) []signalbox.Violation {
	if err == nil {
		return nil
	}
	e := signalbox.AsError(err)
	if len(e.Violations) == 0 {
		return []signalbox.Violation{{Pointer: below + e.Path, Message: e.Message}}
	}
	violations := make([]signalbox.Violation, len(e.Violations))
	for i, v := range e.Violations {
		violations[i] = signalbox.Violation{Pointer: below + v.Pointer, Message: v.Message}
	}
	return violations
}

// refusal is the error of an edit that cannot be taken: every fault, and a sentence
// that has the first.
func refusal(code signalbox.Code, what string, faults []signalbox.Violation) error {
	return signalbox.Violated(code, what+": "+strings.TrimSpace(dotted(faults[0].Pointer)+" "+faults[0].Message), faults)
}
