package catalogue

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// decoder fills the file's structs from its nodes and collects every fault, each
// with its line. Keys are those of the yaml tags; an unknown one is a fault. A
// struct's field Node gets the value itself, and Faulty whether there were faults in it.
type decoder struct {
	faults []error
}

func (d *decoder) fault(line int, where, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if where != "" {
		text = where + " " + text
	}
	d.faults = append(d.faults, faultAt(line, "%s", text))
}

// shorthand is a struct that may be written as one scalar.
type shorthand interface{ short(text string) }

var (
	rawType  = reflect.TypeFor[json.RawMessage]()
	nodeType = reflect.TypeFor[*node]()
)

// into decodes n into v. where names the place for people: start.taskQueue.
func (d *decoder) into(n *node, v reflect.Value, where string) {
	switch {
	case v.Type() == rawType:
		text, err := appendJSON(nil, n)
		if err != nil {
			d.faults = append(d.faults, err)
			return
		}
		v.SetBytes(text)
		return
	case n.kind == nullNode: // a key with nothing behind it: as if it were not there
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.into(n, v.Elem(), where)
	case reflect.String:
		if n.kind != plainNode && n.kind != quotedNode {
			d.fault(n.line, where, "takes a text")
			return
		}
		v.SetString(n.text)
	case reflect.Int:
		i, err := n.asInt()
		if err != nil {
			d.fault(n.line, where, "%s", err)
		}
		v.SetInt(int64(i))
	case reflect.Float64:
		f, err := n.asFloat()
		if err != nil {
			d.fault(n.line, where, "%s", err)
		}
		v.SetFloat(f)
	case reflect.Slice:
		d.list(n, v, where)
	case reflect.Map:
		d.texts(n, v, where)
	default:
		d.object(n, v, where)
	}
}

func (d *decoder) list(n *node, v reflect.Value, where string) {
	if n.kind != listNode {
		d.fault(n.line, where, "takes a list: begin each item with a dash")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		if item.kind == nullNode {
			d.fault(item.line, fmt.Sprintf("%s[%d]", where, i), "is empty: write it out, or remove its dash")
			continue
		}
		d.into(item, list.Index(i), itemName(where, i, item))
	}
	v.Set(list)
}

// itemName names an item of a list: rule "welcome", where it has a name, else
// rules[3].
func itemName(where string, i int, item *node) string {
	single := strings.TrimSuffix(where, "s")
	for _, key := range []string{"name", "type"} {
		if name := item.get(key); name != nil && name.text != "" {
			return fmt.Sprintf("%s %q", single, name.text)
		}
	}
	return fmt.Sprintf("%s[%d]", where, i)
}

// texts reads a map of texts, such as a start's input.
func (d *decoder) texts(n *node, v reflect.Value, where string) {
	if n.kind != objectNode {
		d.fault(n.line, where, "takes a map of name to expression")
		return
	}
	m := make(map[string]string, len(n.members))
	for i := range n.members {
		value := n.members[i].value
		if value.kind != plainNode && value.kind != quotedNode {
			d.fault(n.members[i].line, join(where, n.members[i].key), "takes an expression; a constant text has quotes of its own: '\"EUR\"'")
			continue
		}
		m[n.members[i].key] = value.text
	}
	v.Set(reflect.ValueOf(m))
}

func (d *decoder) object(n *node, v reflect.Value, where string) {
	if s, ok := v.Addr().Interface().(shorthand); ok && (n.kind == plainNode || n.kind == quotedNode) {
		s.short(n.text)
		setNode(v, n)
		return
	}
	if n.kind != objectNode {
		d.fault(n.line, where, "takes a map")
		return
	}
	setNode(v, n)
	before := len(d.faults)
	fields := keysOf(v.Type())
	for i := range n.members {
		m := &n.members[i]
		index := slices.IndexFunc(fields, func(f field) bool { return f.key == m.key })
		if index < 0 {
			d.unknown(m, fields, where)
			continue
		}
		d.into(m.value, v.Field(fields[index].index), join(where, m.key))
	}
	if f := v.FieldByName("Faulty"); f.IsValid() {
		f.SetBool(len(d.faults) > before)
	}
}

func setNode(v reflect.Value, n *node) {
	if f := v.FieldByName("Node"); f.IsValid() && f.Type() == nodeType {
		f.Set(reflect.ValueOf(n))
	}
}

func (d *decoder) unknown(m *member, fields []field, where string) {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.key
	}
	hint := "known here are " + strings.Join(known, ", ")
	if near := signalbox.Nearest(m.key, known); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	if where == "" {
		where = "the file"
	}
	d.fault(m.line, where, "has no key %q: %s", m.key, hint)
}

func join(where, key string) string {
	switch {
	case where == "":
		return key
	case strings.HasSuffix(where, `"`):
		return where + ": " + key
	default:
		return where + "." + key
	}
}

// field is one key that a struct of the file has.
type field struct {
	key   string
	index int
}

// keysOf lists a struct's keys in their order.
func keysOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" {
			fields = append(fields, field{key, i})
		}
	}
	return fields
}
