package eventtype

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// leaf says what one keyword found wrong. What it says of the schema may be quoted;
// of the payload, nothing but names and kinds is (P-27).
func (r *report) leaf(e *jsonschema.ValidationError) {
	at, n := e.InstanceLocation, r.node(e)
	if n == nil {
		n = &node{}
	}
	below := func(name string) []string { return append(slices.Clone(at), name) }
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		want := kindsOf(k.Want)
		if k.Got == "number" && want&kindInteger != 0 {
			r.add(at, "is a number with a fraction; the schema wants %s", want)
			return
		}
		r.add(at, "is %s; the schema wants %s", kindsOf([]string{k.Got}), want)
	case *kind.Required:
		for _, name := range k.Missing {
			r.add(below(name), "is missing")
		}
	case *kind.Dependency:
		r.missing(below, k.Missing, k.Prop)
	case *kind.DependentRequired:
		r.missing(below, k.Missing, k.Prop)
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			r.add(below(name), "is not in the schema%s", r.suggest(at, n, name))
		}
	case *kind.FalseSchema:
		switch {
		case strings.HasSuffix(e.SchemaURL, "/unevaluatedProperties") && len(at) > 0:
			r.add(at, "is not in the schema")
		default:
			r.add(at, "is not allowed here")
		}
	case *kind.PropertyNames:
		if len(e.Causes) == 0 { // those with causes are the library's own, see extension
			r.add(below(k.Property), "has a name that the schema does not allow")
		}
	case *kind.AdditionalItems:
		r.add(at, "has more elements than the schema allows")
	case *kind.Enum:
		r.add(at, "is none of the values that the schema lists%s", listing(n.values))
	case *kind.Const:
		r.add(at, "is not the value that the schema wants%s", listing(n.values))
	case *kind.Format:
		r.add(at, "is not %s", formatName(k.Want))
	case *kind.Pattern:
		r.add(at, "does not match the schema's pattern %s", n.text("pattern"))
	case *kind.Minimum:
		r.add(at, "is less than the schema's minimum of %s", n.text("minimum"))
	case *kind.Maximum:
		r.add(at, "is greater than the schema's maximum of %s", n.text("maximum"))
	case *kind.ExclusiveMinimum:
		r.add(at, "is not greater than %s, as the schema wants it", n.text("exclusiveMinimum"))
	case *kind.ExclusiveMaximum:
		r.add(at, "is not less than %s, as the schema wants it", n.text("exclusiveMaximum"))
	case *kind.MultipleOf:
		r.add(at, "is not a multiple of %s, as the schema wants it", n.text("multipleOf"))
	case *kind.MinLength:
		r.add(at, "is shorter than the schema's %s", counted(k.Want, "character"))
	case *kind.MaxLength:
		r.add(at, "is longer than the schema's %s", counted(k.Want, "character"))
	case *kind.MinItems:
		r.add(at, "has fewer than the schema's %s", counted(k.Want, "element"))
	case *kind.MaxItems:
		r.add(at, "has more than the schema's %s", counted(k.Want, "element"))
	case *kind.MinProperties:
		r.add(at, "has fewer than the schema's %s", counted(k.Want, "member"))
	case *kind.MaxProperties:
		r.add(at, "has more than the schema's %s", counted(k.Want, "member"))
	case *kind.UniqueItems:
		r.add(at, "has the same element twice, at %d and at %d", k.Duplicates[0], k.Duplicates[1])
	case *kind.Contains:
		r.add(at, "has no element such as the schema wants at least one of")
	case *kind.MinContains:
		r.add(at, "has fewer than %s such as the schema wants", counted(k.Want, "element"))
	case *kind.MaxContains:
		r.add(at, "has more than %s such as the schema wants", counted(k.Want, "element"))
	case *kind.Not:
		r.add(at, "is what the schema excludes by not")
	default:
		r.add(at, "breaks the schema")
	}
}

func (r *report) missing(below func(string) []string, names []string, beside string) {
	for _, name := range names {
		r.add(below(name), "is missing: the schema wants it where there is %q", cut(beside, 64))
	}
}

// suggest ends a sentence on a member that the schema does not have with one that it
// has, and that the payload lacks.
func (r *report) suggest(at []string, n *node, name string) string {
	there, _ := r.value(at).(map[string]any)
	var free []string
	for _, known := range slices.Sorted(maps.Keys(n.properties)) {
		if _, taken := there[known]; !taken {
			free = append(free, known)
		}
	}
	if near := signalbox.Nearest(name, free); len(near) > 0 {
		return ": did you mean " + strconv.Quote(near[0]) + "?"
	}
	return ""
}

// listing ends a sentence with the schema's own values, where they are few and short.
func listing(values []any) string {
	const most = 8
	texts := make([]string, 0, most)
	for _, v := range values {
		switch v.(type) {
		case map[string]any, []any:
			return ""
		}
		text, err := json.Marshal(v)
		if err != nil || len(texts) == most || len(text) > 64 {
			return ""
		}
		texts = append(texts, string(text))
	}
	if len(texts) == 0 {
		return ""
	}
	return ": " + listed(texts, "or")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func kindsOf(names []string) kinds {
	var k kinds
	for _, name := range names {
		k |= typeNames[name]
	}
	return k
}

func formatName(format string) string {
	switch format {
	case "date-time":
		return "a date and time as RFC 3339 has them, such as 2026-01-31T12:00:00Z"
	case "date":
		return "a date as RFC 3339 has it, such as 2026-01-31"
	case "time":
		return "a time as RFC 3339 has it, such as 12:00:00Z"
	case "duration":
		return "a duration as ISO 8601 has it, such as PT1H30M"
	case "email":
		return "an email address"
	case "uuid":
		return "a UUID"
	case "uri", "iri":
		return "a URI with a scheme, such as https://example.com"
	case "ipv4", "ipv6":
		return "an address of the format " + format
	case formatRegex.Name:
		return "a regular expression of RE2 syntax"
	}
	return "of the format " + cut(format, 64)
}
