package payload

import (
	"bytes"
	"encoding/json"
)

// Decode gives the value of a text that has passed Check: objects as
// map[string]any, arrays as []any, numbers as json.Number with every digit. It is
// nil for null, and for no text at all.
func Decode(raw []byte) any {
	if raw == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	_ = d.Decode(&v) // it has passed the gate
	return v
}
