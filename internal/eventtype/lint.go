package eventtype

import (
	"strings"
	"unicode"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// recommended are the fields that every payload does well to have (P-26).
var recommended = [...]string{"timestamp", "source", "priority", "context"}

// recommendations are the warnings for each set of fields that are lacking, by its
// bits: they are many a send's, and so are made once.
var recommendations = func() (all [1 << len(recommended)]signalbox.Warning) {
	for lacking := range all {
		var names []string
		for i, name := range recommended {
			if lacking&(1<<i) != 0 {
				names = append(names, name)
			}
		}
		all[lacking] = signalbox.Warning{
			Code: signalbox.WarnRecommendedFields, Pointer: dataPointer,
			Message: "payload.data lacks " + listed(names, "and") + ": recommended, for those who read the event later",
		}
	}
	return all
}()

// lacking is the set of recommended fields that has does not have.
func lacking(has func(name string) bool) (set int) {
	for i, name := range recommended {
		if !has(name) {
			set |= 1 << i
		}
	}
	return set
}

// Lint is advice on a registered pair: names (H-06), recommended fields that its
// schema lacks (P-26). Its pointers are from the pair: /type, /operation, /schema.
func Lint(t *signalbox.EventType) []signalbox.Warning {
	var warnings []signalbox.Warning
	for _, part := range []struct{ pointer, what, name, such string }{
		{"/type", "type", t.Type, "order and stock_count"}, {"/operation", "operation", t.Operation, "placed and payment_overdue"},
	} {
		if better := snake(part.name); better != part.name {
			message := "the " + part.what + " is not in lower snake case, as " + part.such + " are"
			if better != "" {
				message += ": consider " + better
			}
			warnings = append(warnings, signalbox.Warning{Code: signalbox.WarnNaming, Pointer: part.pointer, Message: message})
		}
	}
	newest := t.Newest()
	if newest == nil {
		return warnings
	}
	schema, err := CompileSchema(newest.Text)
	if err != nil {
		return warnings // whoever saves it is told
	}
	shape := schema.Shape()
	if set := lacking(func(name string) bool { _, ok := shape.Fields[name]; return ok }); set != 0 {
		warning := recommendations[set]
		warning.Pointer, warning.Message = "/schema", strings.Replace(warning.Message, "payload.data", "the schema", 1)
		warnings = append(warnings, warning)
	}
	return warnings
}

// snake writes a name in lower snake case: Ticket Created and ticketCreated are
// ticket_created. It is "" where nothing of the name can be kept.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case unicode.IsUpper(r):
			after := i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]))
			before := i > 0 && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if after || before {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsLower(r), unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	words := strings.FieldsFunc(b.String(), func(r rune) bool { return r == '_' })
	return strings.Join(words, "_")
}
