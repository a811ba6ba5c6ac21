package eventtype_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/eventtype"
	"github.com/signalbox/signalbox/internal/signalbox"
)

func schemas(texts ...string) []signalbox.Schema {
	out := make([]signalbox.Schema, len(texts))
	for i, text := range texts {
		out[i] = signalbox.Schema{Version: i + 1, Text: json.RawMessage(text)}
	}
	return out
}

func registry(t testing.TB, types ...signalbox.EventType) *eventtype.Registry {
	t.Helper()
	r, err := eventtype.NewRegistry(types, nil)
	require.NoError(t, err)
	return r
}

func codes(warnings []signalbox.Warning) []signalbox.WarningCode {
	var out []signalbox.WarningCode
	for _, w := range warnings {
		out = append(out, w.Code)
	}
	return out
}

// full has every recommended field.
const full = `"timestamp":1,"source":"s","priority":1,"context":{}`

func TestPayloadPolicies(t *testing.T) { // P-16
	wants := schemas(`{"type":"object","required":["total"],"properties":{"total":{"type":"number"},"note":{"type":"string"}}}`)
	r := registry(
		t,
		signalbox.EventType{Type: "order", Operation: "placed", Schemas: wants},
		signalbox.EventType{Type: "order", Operation: "warned", Schemas: wants, Policy: signalbox.PayloadWarn},
		signalbox.EventType{Type: "order", Operation: "off", Schemas: wants, Policy: signalbox.PayloadOff},
		signalbox.EventType{Type: "order", Operation: "free"},
	)
	event := func(operation, data string) signalbox.Event {
		e := signalbox.Event{Type: "order", Operation: operation}
		if data != "" {
			e.Data = json.RawMessage(data)
		}
		return e
	}
	e := event("placed", `{"total":9007199254740993,`+full+`}`)
	checked, err := r.Check(&e, signalbox.UnknownReject, nil)
	require.NoError(t, err)
	require.Empty(t, checked.Warnings)
	require.Equal(t, 1, e.SchemaVersion)
	require.Equal(t, json.Number("9007199254740993"), checked.Data.(map[string]any)["total"])
	require.Nil(t, checked.Sensitive)

	e = event("placed", `{"note":7,`+full+`}`)
	_, err = r.Check(&e, signalbox.UnknownReject, nil)
	require.Equal(t, signalbox.CodeInvalidPayload, signalbox.ErrorCode(err))
	require.Equal(t, []signalbox.Violation{
		{Pointer: "/payload/data/note", Message: "is a number; the schema wants a string"},
		{Pointer: "/payload/data/total", Message: "is missing"},
	}, signalbox.AsError(err).Violations)
	require.Equal(t, "/payload/data/note", signalbox.AsError(err).Path)
	require.Equal(t, "/payload/data/note is a number; the schema wants a string (and 1 more, see violations)", signalbox.AsError(err).Message)

	for _, data := range []string{"", "null"} {
		e = event("placed", data)
		_, err = r.Check(&e, signalbox.UnknownReject, nil)
		require.Equal(t, "/payload/data is missing", signalbox.AsError(err).Message)
	}

	e = event("warned", `{"note":7,`+full+`}`)
	checked, err = r.Check(&e, signalbox.UnknownReject, nil)
	require.NoError(t, err)
	require.Equal(t, []signalbox.Warning{
		{Code: signalbox.WarnPayload, Pointer: "/payload/data/note", Message: "/payload/data/note is a number; the schema wants a string"},
		{Code: signalbox.WarnPayload, Pointer: "/payload/data/total", Message: "/payload/data/total is missing"},
	}, checked.Warnings)

	for _, operation := range []string{"off", "free"} {
		e = event(operation, `{"note":7,`+full+`}`)
		checked, err = r.Check(&e, signalbox.UnknownReject, nil)
		require.NoError(t, err)
		require.Empty(t, checked.Warnings)
		require.NotNil(t, checked.Data)
	}
}

func TestRecommendedFields(t *testing.T) { // P-26
	r := registry(t, signalbox.EventType{Type: "order", Operation: "placed"})
	for _, c := range []struct {
		name    string
		event   signalbox.Event
		message string
	}{
		{"all", signalbox.Event{Data: json.RawMessage(`{` + full + `}`)}, ""},
		{"none", signalbox.Event{Data: json.RawMessage(`{}`)}, "payload.data lacks timestamp, source, priority and context"},
		{"one", signalbox.Event{Data: json.RawMessage(`{"timestamp":1,"source":1,"priority":null}`)}, "payload.data lacks context"},
		{"the event's own", signalbox.Event{Data: json.RawMessage(`{"priority":1}`), Source: "erp", OccurredAt: time.Unix(1, 0)}, "payload.data lacks context"},
		{"no data", signalbox.Event{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.event.Type, c.event.Operation = "order", "placed"
			checked, err := r.Check(&c.event, signalbox.UnknownReject, nil)
			require.NoError(t, err)
			if c.message == "" {
				require.Empty(t, checked.Warnings)
				return
			}
			require.Len(t, checked.Warnings, 1)
			require.Equal(t, signalbox.WarnRecommendedFields, checked.Warnings[0].Code)
			require.Contains(t, checked.Warnings[0].Message, c.message)
		})
	}
}

func TestSchemaVersions(t *testing.T) { // P-25
	r := registry(
		t,
		signalbox.EventType{Type: "order", Operation: "placed", Schemas: schemas(
			`{"properties":{"total":{"type":"string"}}}`, `{"properties":{"total":{"type":"number","x-sensitive":true}}}`,
		)},
		signalbox.EventType{Type: "order", Operation: "free"},
	)
	for _, c := range []struct {
		operation string
		named     int
		data      string
		held      int
		code      signalbox.Code
		message   string
	}{
		{"placed", 0, `{"total":1}`, 2, "", ""},
		{"placed", 2, `{"total":1}`, 2, "", ""},
		{"placed", 1, `{"total":"1"}`, 1, "", ""},
		{"placed", 1, `{"total":1}`, 1, signalbox.CodeInvalidPayload, "wants a string"},
		{"placed", 3, `{}`, 3, signalbox.CodeInvalidInput, "/schemaVersion is 3; there are versions 1 and 2"},
		{"free", 0, `{}`, 0, "", ""},
		{"free", 1, `{}`, 1, signalbox.CodeInvalidInput, "has no schema"},
	} {
		e := signalbox.Event{Type: "order", Operation: c.operation, SchemaVersion: c.named, Data: json.RawMessage(c.data)}
		checked, err := r.Check(&e, signalbox.UnknownAccept, nil)
		require.Equal(t, c.code, signalbox.ErrorCode(err), "%+v", c)
		require.Equal(t, c.held, e.SchemaVersion, "%+v", c)
		if err != nil {
			require.Contains(t, signalbox.AsError(err).Message, c.message)
			require.NotEmpty(t, signalbox.AsError(err).Violations)
			continue
		}
		require.Equal(t, c.operation == "placed", checked.Sensitive != nil, "what one version marks is sensitive in all: %+v", c)
	}
	require.NotNil(t, r.Schema("order", "placed", 0))
	require.Same(t, r.Schema("order", "placed", 0), r.Schema("order", "placed", 2))
	require.NotSame(t, r.Schema("order", "placed", 0), r.Schema("order", "placed", 1))
	require.Nil(t, r.Schema("order", "placed", 3))
	require.Nil(t, r.Schema("order", "free", 0))
	require.Nil(t, r.Schema("order", "none", 0))
}

func TestUnknownNames(t *testing.T) { // P-15, P-21, A-09, X-03
	r := registry(
		t,
		signalbox.EventType{Type: "ticket", Operation: "created", DisplayName: "Ticket Created"},
		signalbox.EventType{Type: "ticket", Operation: "closed", DisplayName: "Ticket Closed"},
		signalbox.EventType{Type: "a", Operation: "x", DisplayName: "Twice"},
		signalbox.EventType{Type: "b", Operation: "x", DisplayName: "Twice"},
		signalbox.EventType{Type: "invoice_created", Operation: "Invoice", DisplayName: "ticket"},
	)
	for _, c := range []struct {
		typ, operation string
		code           signalbox.Code
		message        string
		suggestions    []string
	}{
		{"ticket", "created", "", "ticket:created", nil},
		{"Ticket Created", "created", "", "ticket:created", nil},
		{"Ticket Created", "Ticket Created", "", "ticket:created", nil},
		{"Ticket Created", "closed", signalbox.CodeUnknownEventType, `did you mean "Ticket Created", which is type "ticket" with operation "created"?`, []string{"ticket"}},
		{"ticket created", "created", signalbox.CodeUnknownEventType, `did you mean "Ticket Created"`, []string{"ticket"}},
		{"Tiket Created", "x", signalbox.CodeUnknownEventType, `did you mean "Ticket Created"`, []string{"ticket"}},
		{"Twice", "x", signalbox.CodeUnknownEventType, `did you mean "Twice", which is type "a"`, []string{"a"}},
		{"tickt", "created", signalbox.CodeUnknownEventType, `did you mean "ticket"?`, []string{"ticket", "invoice_created"}},
		{"ticket", "Ticket Creatd", signalbox.CodeUnknownOperation, `did you mean "created"?`, []string{"created", "closed"}},
		{"ticket", "Closed", signalbox.CodeUnknownOperation, `did you mean "closed"?`, []string{"closed"}},
		{"shipment", "created", signalbox.CodeUnknownEventType, "the event type is not registered", []string{}},
	} {
		e := signalbox.Event{Type: c.typ, Operation: c.operation, Data: json.RawMessage(`{}`)}
		_, err := r.Check(&e, signalbox.UnknownReject, nil)
		require.Equal(t, c.code, signalbox.ErrorCode(err), "%+v", c)
		if err == nil {
			require.Equal(t, c.message, e.Type+":"+e.Operation)
			continue
		}
		require.Contains(t, signalbox.AsError(err).Message, c.message)
		require.Equal(t, c.suggestions, signalbox.AsError(err).Suggestions, "%+v", c)

		e = signalbox.Event{Type: c.typ, Operation: c.operation, Data: json.RawMessage(`{}`)}
		checked, accepted := r.Check(&e, signalbox.UnknownAccept, nil)
		require.NoError(t, accepted)
		require.Equal(t, []signalbox.WarningCode{signalbox.WarnUnknownName}, codes(checked.Warnings))
		require.Equal(t, signalbox.AsError(err).Message, checked.Warnings[0].Message)
		require.Equal(t, c.typ, e.Type)
		require.NotNil(t, checked.Data)

		e = signalbox.Event{Type: c.typ, Operation: c.operation, SchemaVersion: 1}
		_, err = r.Check(&e, signalbox.UnknownAccept, nil)
		require.Equal(t, "/schemaVersion", signalbox.AsError(err).Path)
	}
	typ, operation, ok := r.Resolve("Ticket Closed")
	require.True(t, ok)
	require.Equal(t, "ticket:closed", typ+":"+operation)
	for _, name := range []string{"Twice", "Ticket closed", ""} {
		_, _, ok = r.Resolve(name)
		require.False(t, ok, name)
	}
}

func TestARegistryTakesOverWhatIsCompiled(t *testing.T) {
	one := []signalbox.EventType{{Type: "order", Operation: "placed", Schemas: schemas(`{"type":"object"}`, `{}`)}}
	first, err := eventtype.NewRegistry(one, nil)
	require.NoError(t, err)
	two := []signalbox.EventType{{Type: "order", Operation: "placed", Schemas: schemas(`{"type":"object"}`, `{ }`)}, {Type: "order", Operation: "other", Schemas: schemas(`{"type":"object"}`)}}
	second, err := eventtype.NewRegistry(two, first)
	require.NoError(t, err)
	require.Same(t, first.Schema("order", "placed", 1), second.Schema("order", "placed", 1))
	require.NotSame(t, first.Schema("order", "placed", 2), second.Schema("order", "placed", 2))
	require.NotNil(t, second.Schema("order", "other", 1))
	require.Len(t, first.All(), 1, "the older stays as it was")

	_, err = eventtype.NewRegistry([]signalbox.EventType{{Type: "order", Operation: "placed", Schemas: schemas(`{}`, `{"type":"x"}`)}}, first)
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	require.ErrorContains(t, err, "order:placed, schema version 2: the schema's /type")
}

func TestShapesByPattern(t *testing.T) {
	r := registry(
		t,
		signalbox.EventType{Type: "order", Operation: "placed", Schemas: schemas(`{"type":"object"}`, `{}`)},
		signalbox.EventType{Type: "order", Operation: "cancelled"},
		signalbox.EventType{Type: "reorder", Operation: "placed"},
	)
	for _, c := range []struct {
		on   signalbox.Pattern
		want string
	}{
		{signalbox.Pattern{Type: "order", Operation: "placed"}, "order:placed@1 order:placed@2"},
		{signalbox.Pattern{Type: "*order", Operation: "*"}, "order:cancelled@0 order:placed@1 order:placed@2 reorder:placed@0"},
		{signalbox.Pattern{Type: "o*r", Operation: "*l*d"}, "order:cancelled@0 order:placed@1 order:placed@2"},
		{signalbox.Pattern{Type: "*re*order*", Operation: "p**d"}, "reorder:placed@0"},
		{signalbox.Pattern{Type: "o", Operation: "*"}, ""},
		{signalbox.Pattern{Type: "", Operation: "*"}, ""},
		{signalbox.Pattern{Type: "Order", Operation: "*"}, ""},
	} {
		var got []string
		for _, s := range r.Shapes(c.on) {
			got = append(got, s.Type+":"+s.Operation+"@"+string(rune('0'+s.Version)))
			require.Equal(t, s.Version == 0, s.Data == nil)
		}
		require.Equal(t, c.want, strings.Join(got, " "), "%+v", c.on)
	}
}

func TestLint(t *testing.T) { // H-06, P-26
	for _, c := range []struct {
		name     string
		typ      signalbox.EventType
		messages []string
	}{
		{"fine", signalbox.EventType{Type: "low_stock", Operation: "payment_overdue"}, nil},
		{"capitals", signalbox.EventType{Type: "Inventory", Operation: "lowStockAlert"}, []string{"/type: consider inventory", "/operation: consider low_stock_alert"}},
		{"spaces", signalbox.EventType{Type: "Ticket Created", Operation: "HTTPRequest-sent"}, []string{"/type: consider ticket_created", "/operation: consider http_request_sent"}},
		{"nothing to keep", signalbox.EventType{Type: "!", Operation: "ok"}, []string{"/type lower snake case"}},
		{"schema with all", signalbox.EventType{Type: "a", Operation: "b", Schemas: schemas(`{"properties":{"timestamp":{},"source":{},"priority":{},"context":{}}}`)}, nil},
		{"schema with some", signalbox.EventType{Type: "a", Operation: "b", Schemas: schemas(`{}`, `{"allOf":[{"properties":{"timestamp":{}}}],"properties":{"source":{}}}`)}, []string{"/schema lacks priority and context"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			warnings := eventtype.Lint(&c.typ)
			require.Len(t, warnings, len(c.messages))
			for i, w := range warnings {
				pointer, message, _ := strings.Cut(strings.Replace(c.messages[i], ":", " :", 1), " ")
				require.Equal(t, pointer, w.Pointer)
				require.Contains(t, w.Message, message)
			}
		})
	}
}

var order = `{"type":"object","required":["id","total"],"additionalProperties":false,"properties":{
	"id":{"type":"string","maxLength":64},"total":{"type":"number","minimum":0},"currency":{"enum":["EUR","USD","CHF"]},
	"customer":{"type":"string"},"email":{"type":"string","format":"email","x-sensitive":true},"vip":{"type":"boolean"},
	"timestamp":{"type":"string","format":"date-time"},"source":{"type":"string"},"priority":{"type":"integer"},"context":{"type":"object"}}}`

const placed = `{"id":"o-1","total":12.50,"currency":"EUR","customer":"c-17","email":"a@example.com","vip":true,"timestamp":"2026-01-31T12:00:00Z","source":"shop","priority":3,"context":{}}`

func BenchmarkCheck(b *testing.B) {
	r := registry(
		b,
		signalbox.EventType{Type: "order", Operation: "placed", Schemas: schemas(order)},
		signalbox.EventType{Type: "order", Operation: "free"},
	)
	for _, operation := range []string{"placed", "free"} {
		b.Run(operation, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := signalbox.Event{Type: "order", Operation: operation, Data: json.RawMessage(placed)}
				if _, err := r.Check(&e, signalbox.UnknownReject, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompileSchema(b *testing.B) {
	for b.Loop() {
		if _, err := eventtype.CompileSchema([]byte(order)); err != nil {
			b.Fatal(err)
		}
	}
}
