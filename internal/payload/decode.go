package payload

import (
	"encoding/json"
	"strings"
)

// Decode gives the value of a text that has passed Check: objects as
// map[string]any, arrays as []any, numbers as json.Number with every digit. It is
// nil for null, and for no text at all.
//
// The strings and numbers in it share one copy of the text. It knows that the text is
// well-formed, and takes a third of the time of encoding/json, which does not; on
// anything else the result means nothing.
func Decode(raw []byte) any {
	if len(raw) == 0 {
		return nil
	}
	d := decoder{text: string(raw)}
	return d.value()
}

type decoder struct {
	text string
	at   int
}

// next is the first byte that is not white space, 0 at the end.
func (d *decoder) next() byte {
	d.at = min(d.at, len(d.text)) // beyond it only where the text is not well-formed
	for d.at < len(d.text) && isSpace(d.text[d.at]) {
		d.at++
	}
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

// value reads one value. It calls itself as deep as the text is nested, which Check
// has bounded.
func (d *decoder) value() any {
	switch d.next() {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return d.string()
	case 't':
		d.at += len("true")
		return true
	case 'f':
		d.at += len("false")
		return false
	case 'n':
		d.at += len("null")
		return nil
	}
	start := d.at
	for d.at < len(d.text) && strings.IndexByte("+-.0123456789eE", d.text[d.at]) >= 0 {
		d.at++
	}
	if d.at == start { // not well-formed: come to an end
		d.at = len(d.text)
		return nil
	}
	return json.Number(d.text[start:d.at])
}

func (d *decoder) object() map[string]any {
	object := make(map[string]any)
	for d.at++; d.next() == '"'; {
		key := d.string()
		d.next() // the colon
		d.at++
		object[key] = d.value()
		if d.next() != ',' {
			break
		}
		d.at++
	}
	d.at++
	return object
}

func (d *decoder) array() []any {
	array := []any{}
	d.at++
	for b := d.next(); b != ']' && b != 0; {
		array = append(array, d.value())
		if b = d.next(); b == ',' {
			d.at++
		}
	}
	d.at++
	return array
}

// string reads a string that begins here.
func (d *decoder) string() string {
	start := d.at + 1
	for d.at++; d.at < len(d.text); d.at++ {
		switch d.text[d.at] {
		case '"':
			s := d.text[start:d.at]
			d.at++
			return s
		case '\\':
			return d.escaped(start)
		}
	}
	return ""
}

// escaped reads a string that began at start and has an escape.
func (d *decoder) escaped(start int) string {
	for ; d.at < len(d.text); d.at++ {
		switch d.text[d.at] {
		case '\\':
			d.at++
		case '"':
			s, _ := appendUnescaped(make([]byte, 0, d.at-start), []byte(d.text[start:d.at]))
			d.at++
			return string(s)
		}
	}
	return ""
}
