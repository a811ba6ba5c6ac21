package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestSaveEventType(t *testing.T) { // P-25, X-05
	r := newRig(t)
	r.apply(orders)
	for i := range 12 {
		r.send(r.event("order", "placed", fmt.Sprintf(`{"total": %d}`, i)))
	}
	r.send(r.event("order", "placed", `{"total": 1, "currency": "EUR"}`))
	typ := signalbox.EventType{Type: "order", Operation: "placed", DisplayName: "Order placed"}
	const breaking = `{"type": "object", "required": ["currency"], "properties": {"currency": {"type": "string"}, "sum": {"type": "number"}}}`

	saved, err := r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{Type: typ, Schema: []byte(breaking), DryRun: true})
	require.NoError(t, err)
	require.Equal(t, 13, saved.Sampled)
	require.Equal(t, 12, saved.Refused.Count, "those without a currency")
	require.Len(t, saved.Refused.IDs, signalbox.MaxSample)
	require.NotEmpty(t, saved.Breaks)
	require.Len(t, saved.BrokenRules, 1)
	require.Equal(t, "approve", saved.BrokenRules[0].Rule)
	require.Contains(t, saved.BrokenRules[0].Reason, `no member "total"`)
	require.Contains(t, saved.Change.Details, "schema: version 2")
	require.Contains(t, saved.Change.Details, `schema.properties.total.type: "number" → none`)
	var codes []signalbox.WarningCode
	for _, w := range saved.Warnings {
		codes = append(codes, w.Code)
	}
	require.Contains(t, codes, signalbox.WarnCompatibility)
	require.Contains(t, codes, signalbox.WarnRule)

	typ.Compatibility = signalbox.CompatibilityBackward
	_, err = r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{Type: typ, Schema: []byte(breaking)})
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	e := signalbox.AsError(err)
	require.True(t, slices.ContainsFunc(e.Violations, func(v signalbox.Violation) bool { return strings.HasPrefix(v.Message, `breaks rule "approve"`) }), "%v", e.Violations)
	for _, pointer := range pointers(err) {
		require.True(t, strings.HasPrefix(pointer, "/schema"), pointer)
	}

	saved, err = r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{Type: typ, Schema: []byte(breaking), AllowBreaking: true})
	require.NoError(t, err)
	require.Len(t, saved.Type.Schemas, 2)
	require.JSONEq(t, breaking, string(saved.Type.Newest().Text))

	// The same schema is no new version, nor is it broken anew.
	saved, err = r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{Type: typ, Schema: []byte(strings.ReplaceAll(breaking, " ", "\n"))})
	require.NoError(t, err)
	require.Len(t, saved.Type.Schemas, 2)
	require.Equal(t, signalbox.Unchanged, saved.Change.Action)
	require.Empty(t, saved.BrokenRules)
}

func TestSaveEventTypeRefusesWhatCannotBeRight(t *testing.T) {
	r := newRig(t)
	r.apply(orders)
	typ := func(change func(*signalbox.EventType)) signalbox.EventType {
		v := signalbox.EventType{Type: "order", Operation: "shipped"}
		change(&v)
		return v
	}
	for name, c := range map[string]struct {
		edit    signalbox.EventTypeEdit
		pointer string
		message string
	}{
		"a star":                 {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Operation = "ship*" })}, "/operation", "patterns"},
		"a display name twice":   {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.DisplayName = "Order placed" })}, "/displayName", "order:placed"},
		"a policy that is none":  {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Policy = "MAYBE" })}, "/policy", "OFF, WARN or REJECT"},
		"a sample of no object":  {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Sample = []byte(`1`) })}, "/sample", "object"},
		"a sample that is wrong": {signalbox.EventTypeEdit{Type: typ(func(t *signalbox.EventType) { t.Sample = []byte(`{"a": "secret-value"}`) }), Schema: []byte(`{"properties": {"a": {"type": "number"}}}`)}, "/sample/a", "pass the schema"},
		"no schema":              {signalbox.EventTypeEdit{Type: typ(func(*signalbox.EventType) {}), Schema: []byte(`{"type": "objet"}`)}, "/schema/type", ""},
		"a schema from afar":     {signalbox.EventTypeEdit{Type: typ(func(*signalbox.EventType) {}), Schema: []byte(`{"$ref": "file:///etc/passwd"}`)}, "/schema/$ref", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.editor.SaveEventType(t.Context(), as(r.tenant()), c.edit)
			require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err), "%v", err)
			require.Equal(t, []string{c.pointer}, pointers(err))
			require.Contains(t, signalbox.AsError(err).Message, c.message)
			require.NotContains(t, err.Error(), "secret-value")
		})
	}
}

// A promise of compatibility cannot be lifted and broken in one edit, and a type and
// a display name never hide each other.
func TestPromisesToProducersHold(t *testing.T) { // P-25, A-09
	r := newRig(t)
	r.apply(`
types:
  - type: ticket
    operations: [{ name: created, displayName: Ticket Created, compatibility: backward, fields: { a: string } }]`)
	edit := signalbox.EventTypeEdit{Type: signalbox.EventType{Type: "ticket", Operation: "created"}, Schema: []byte(`{"properties": {"a": {"type": "number"}}}`)}
	_, err := r.editor.SaveEventType(t.Context(), as(r.tenant()), edit)
	require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
	edit.AllowBreaking = true
	_, err = r.editor.SaveEventType(t.Context(), as(r.tenant()), edit)
	require.NoError(t, err)

	r.apply("types: [{ type: ticket, operations: [{ name: created, displayName: Ticket Created }] }]")
	for _, taken := range []signalbox.EventType{
		{Type: "Ticket Created", Operation: "x"}, {Type: "other", Operation: "x", DisplayName: "ticket"},
	} {
		_, err = r.editor.SaveEventType(t.Context(), as(r.tenant()), signalbox.EventTypeEdit{Type: taken})
		require.ErrorContains(t, err, "take another name")
	}
}

// What any version of a schema marks is shown under none: senders choose versions.
func TestWhatOneVersionMarksIsSensitiveInAll(t *testing.T) { // P-27
	r := newRig(t)
	r.apply(`
types: [{ type: visit, operations: [{ name: done, schema: { properties: { diagnosis: { type: string } } } }] }]
rules: [{ name: flu, on: { event: "visit:done" }, when: payload.data.diagnosis == "flu", start: { workflow: W, taskQueue: q } }]`)
	before := r.send(r.event("visit", "done", `{"diagnosis": "CANARY"}`))
	r.apply("types: [{ type: visit, operations: [{ name: done, schema: { properties: { diagnosis: { type: string, x-sensitive: true } } } }] }]")
	e := r.event("visit", "done", `{"diagnosis": "CANARY"}`)
	e.SchemaVersion = 1
	e = r.send(e)
	require.Equal(t, "[redacted]", e.Decisions[0].Observed)
	x, err := r.explainer.Explain(t.Context(), r.tenant(), before.ID, "flu")
	require.NoError(t, err)
	require.Equal(t, "[redacted]", x.Clauses[0].Observed)
}
