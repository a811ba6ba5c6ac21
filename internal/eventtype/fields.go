package eventtype

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// fieldTypes are the types that the short form knows, as keywords.
var fieldTypes = map[string][2]string{ // type, format
	"string": {"string", ""}, "number": {"number", ""}, "integer": {"integer", ""}, "boolean": {"boolean", ""},
	"object": {"object", ""}, "array": {"array", ""},
	"date-time": {"string", "date-time"}, "date": {"string", "date"}, "time": {"string", "time"},
	"email": {"string", "email"}, "uri": {"string", "uri"}, "uuid": {"string", "uuid"},
}

// field is the long form of one field.
type field struct {
	Type        string `json:"type"`
	Optional    bool   `json:"optional"`
	Description string `json:"description"`
	Sensitive   bool   `json:"sensitive"`
}

// property is what becomes of it.
type property struct {
	Type        string `json:"type"`
	Format      string `json:"format,omitempty"`
	Description string `json:"description,omitempty"`
	Sensitive   bool   `json:"x-sensitive,omitempty"`
}

// ExpandFields makes a JSON Schema of the short form: a JSON object of field name →
// type, e.g. {"ticketName": "string", "amount": {"type": "number", "optional": true}}.
//
// A field is required unless it is optional, for which "number?" is short. The types
// are those of JSON Schema without null, and date-time, date, time, email, uri and
// uuid for strings. Other fields may be sent as well. The fields' order is kept.
//
// What is wrong is an INVALID_INPUT error with violations that point into the fields.
func ExpandFields(fields []byte) ([]byte, error) {
	limits := payload.DefaultLimits()
	limits.MaxBytes = MaxSchemaBytes
	if err := payload.Check(fields, limits); err != nil {
		var gate *payload.Error
		if !errors.As(err, &gate) {
			return nil, err
		}
		return nil, invalidFields(signalbox.Violation{Pointer: gate.Pointer, Message: gate.Reason})
	}
	if !payload.IsObject(fields) {
		return nil, invalidFields(signalbox.Violation{Message: `are not an object, such as {"ticketName": "string"}`})
	}
	var faults []signalbox.Violation
	var properties bytes.Buffer
	required := []string{}
	tokens := json.NewDecoder(bytes.NewReader(fields))
	_, _ = tokens.Token() // the brace; the text has passed the gate
	for tokens.More() {
		token, _ := tokens.Token()
		name, _ := token.(string)
		var raw json.RawMessage
		_ = tokens.Decode(&raw)
		f, wrong := readField(raw)
		if wrong != "" {
			faults = append(faults, signalbox.Violation{Pointer: "/" + escape(name), Message: wrong})
			continue
		}
		if !f.Optional {
			required = append(required, name)
		}
		if properties.Len() > 0 {
			properties.WriteByte(',')
		}
		of := fieldTypes[f.Type]
		properties.Write(marshal(name))
		properties.WriteByte(':')
		properties.Write(marshal(property{Type: of[0], Format: of[1], Description: f.Description, Sensitive: f.Sensitive}))
	}
	if len(faults) > 0 {
		return nil, invalidFields(faults...)
	}
	return slices.Concat([]byte(`{"type":"object","properties":{`), properties.Bytes(), []byte(`},"required":`), marshal(required), []byte(`}`)), nil
}

// readField reads either form of one field.
func readField(raw json.RawMessage) (f field, wrong string) {
	if raw[0] == '"' {
		_ = json.Unmarshal(raw, &f.Type)
		f.Type, f.Optional = strings.CutSuffix(f.Type, "?")
	} else {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&f); err != nil || raw[0] != '{' {
			return f, `is neither a type, such as "string", nor an object of type, optional, description and sensitive, such as {"type": "string", "optional": true}`
		}
		if short, ok := strings.CutSuffix(f.Type, "?"); ok {
			f.Type, f.Optional = short, true
		}
	}
	if _, known := fieldTypes[f.Type]; !known {
		names := slices.Sorted(maps.Keys(fieldTypes))
		wrong = "has a type that is not known: the types are " + listed(names, "and")
		if near := signalbox.Nearest(f.Type, names); len(near) > 0 {
			wrong += "; did you mean \"" + near[0] + "\"?"
		}
	}
	return f, wrong
}

// marshal writes what cannot fail to be written.
func marshal(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}

func invalidFields(faults ...signalbox.Violation) *signalbox.Error {
	sentence := "the fields " + faults[0].Message
	if faults[0].Pointer != "" {
		sentence = "the field " + faults[0].Sentence()
	}
	return signalbox.Violated(signalbox.CodeInvalidInput, sentence, faults)
}
