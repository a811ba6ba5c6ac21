package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestAbsentNullAndEmptyAreToldApart in every way that data can be written (P-03).
func TestAbsentNullAndEmptyAreToldApart(t *testing.T) {
	const (
		whole   = `mutation($input: SendCustomEventInput!) { sendCustomEvent(input: $input) { success } }`
		payload = `mutation($p: CustomEventPayloadInput!) { sendCustomEvent(input: {type: "t", operation: "o", payload: $p}) { success } }`
		data    = `mutation($d: Map) { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: $d}}) { success } }`
		several = `mutation($inputs: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $inputs) { response { success } } }`
		absent  = "\x00"
	)
	input := func(data string) string { return `{"type":"t","operation":"o","payload":{"id":"1"` + data + `}}` }
	for _, c := range []struct{ name, query, variables, want string }{
		{"variable: absent", whole, `{"input":` + input("") + `}`, absent},
		{"variable: null", whole, `{"input":` + input(`,"data":null`) + `}`, "null"},
		{"variable: {}", whole, `{"input":` + input(`,"data":{}`) + `}`, "{}"},
		{"payload variable: absent", payload, `{"p":{"id":"1"}}`, absent},
		{"payload variable: null", payload, `{"p":{"id":"1","data":null}}`, "null"},
		{"payload variable: {}", payload, `{"p":{"id":"1","data":{ }}}`, "{ }"},
		{"data variable: absent", data, `{}`, absent},
		{"data variable: no variables", data, ``, absent},
		{"data variable: null", data, `{"d":null}`, "null"},
		{"data variable: {}", data, `{"d":{}}`, "{}"},
		{"data variable with default: absent", strings.Replace(data, "Map", "Map = {}", 1), `{}`, "{}"},
		{"data variable with default null: absent", strings.Replace(data, "Map", "Map = null", 1), `{}`, "null"},
		{"data variable with default: null", strings.Replace(data, "Map", "Map = {a: 1}", 1), `{"d":null}`, "null"},
		{"data variable with default: {}", strings.Replace(data, "Map", "Map = {a: 1}", 1), `{"d":{}}`, "{}"},
		{"input variable with default: absent", strings.Replace(whole, "Input!", `Input = {type: "t", operation: "o", payload: {id: "1"}}`, 1), `{}`, absent},
		{"input variable with default null", strings.Replace(whole, "Input!", `Input = {type: "t", operation: "o", payload: {id: "1", data: null}}`, 1), `{}`, "null"},
		{"input variable with default data", strings.Replace(whole, "Input!", `Input = {type: "t", operation: "o", payload: {id: "1", data: {n: 1.0}}}`, 1), `{}`, `{"n":1.0}`},
		{"literal: absent", sendLiteralPayload(`{id: "1"}`), ``, absent},
		{"literal: null", sendLiteralPayload(`{id: "1", data: null}`), ``, "null"},
		{"literal: {}", sendLiteralPayload(`{id: "1", data: {}}`), ``, "{}"},
		{"literal: member absent", strings.Replace(data, "data: $d", "data: {d: $d}", 1), `{}`, "{}"},
		{"literal: member null", strings.Replace(data, "data: $d", "data: {d: $d}", 1), `{"d":null}`, `{"d":null}`},
		{"literal: member", strings.Replace(data, "data: $d", "data: {a: 1, d: $d, z: [$d]}", 1), `{"d":{"x":1.50}}`, `{"a":1,"d":{"x":1.50},"z":[{"x":1.50}]}`},
		{"bulk: absent", several, `{"inputs":[` + input("") + `]}`, absent},
		{"bulk: null", several, `{"inputs":[` + input(`,"data":null`) + `]}`, "null"},
		{"bulk: {}", several, `{"inputs":[` + input(`,"data":{}`) + `]}`, "{}"},
		{"bulk: one stands for a list of one", several, `{"inputs":` + input(`,"data":{}`) + `}`, "{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, &fakes{})
			d.run(t, c.query, c.variables).ok(t)
			require.Len(t, d.all(), 1)
			if c.want == absent {
				require.Nil(t, d.all()[0].Data)
			} else {
				require.Equal(t, c.want, string(d.all()[0].Data))
			}
		})
	}
}

func sendLiteralPayload(payload string) string {
	return `mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: ` + payload + `}) { success } }`
}

// TestRepeatedFieldsAreOneSend: GraphQL merges identical fields; fields that differ,
// be it only in a number and its text, are an error and no event is lost in silence.
func TestRepeatedFieldsAreOneSend(t *testing.T) {
	const field = `sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: {n: %s}}}) { success } `
	for name, pair := range map[string][2]string{
		"numbers":             {"1", "2"},
		"a number and a text": {"1", `"1"`},
		"digits":              {"1.0", "1.00"},
		"an object and null":  {"{}", "null"},
		"lists":               {"[1]", "[1 1]"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, &fakes{})
			d.run(t, "mutation {"+strings.Repeat(fmt.Sprintf(field, pair[0]), 3)+"}", "").ok(t)
			require.Len(t, d.all(), 1)
			e := d.run(t, "mutation {"+fmt.Sprintf(field, pair[0])+fmt.Sprintf(field, pair[1])+"}", "").failed(t, signalbox.CodeInvalidInput)
			require.Contains(t, e.Message, "conflict")
			require.Len(t, d.all(), 1)
		})
	}
}

// TestVariablesBelongToTheirOperation: a fragment that two operations share takes
// the values, and the defaults, of the one that runs.
func TestVariablesBelongToTheirOperation(t *testing.T) {
	const document = `
		mutation A($d: Map) { ...f }
		mutation B($d: Map = {of: "B"}) { ...f }
		fragment f on Mutation { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: $d}}) { success } }`
	d := open(t, &fakes{})
	for _, name := range []string{"A", "B", "A"} {
		q, err := json.Marshal(document)
		require.NoError(t, err)
		decode(t, d.serve("POST", "/graphql", `{"operationName":"`+name+`","query":`+string(q)+`}`)).ok(t)
	}
	require.Nil(t, d.all()[0].Data)
	require.Equal(t, `{"of":"B"}`, string(d.all()[1].Data)) //nolint:testifylint // byte for byte is the point.
	require.Nil(t, d.all()[2].Data)
}

// TestNullWhereNullCannotStand: the specification allows a nullable variable there
// for the sake of its default, and leaves null itself to us.
func TestNullWhereNullCannotStand(t *testing.T) {
	input := `{type: "t", operation: "o", payload: {id: "1"}}`
	for name, query := range map[string]string{
		"an input":          `mutation($x: SendCustomEventInput = ` + input + `) { sendCustomEvent(input: $x) { success } }`,
		"one of the inputs": `mutation($x: SendCustomEventInput = ` + input + `) { sendCustomEvents(inputs: [$x]) { response { success } } }`,
		"the inputs":        `mutation($x: [SendCustomEventInput!] = [` + input + `]) { sendCustomEvents(inputs: $x) { response { success } } }`,
		"a payload":         `mutation($x: CustomEventPayloadInput = {id: "1"}) { sendCustomEvent(input: {type: "t", operation: "o", payload: $x}) { success } }`,
		"a type":            `mutation($x: String = "t") { sendCustomEvent(input: {type: $x, operation: "o", payload: {id: "1"}}) { success } }`,
		"an id":             `mutation($x: ID = "1") { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: $x}}) { success } }`,
		"what to redrive":   `mutation($x: RedriveFilter = {rule: "r"}) { redriveDispatches(filter: $x) { redriven } }`,
		"a condition":       `query($x: Boolean = true) { __typename @skip(if: $x) }`,
	} {
		t.Run(name, func(t *testing.T) {
			redriven := false
			d := open(t, &fakes{redriveAll: func(_ signalbox.ID, f signalbox.DispatchFilter) (int, error) {
				require.Equal(t, "r", f.Rule)
				redriven = true
				return 0, nil
			}})
			e := d.run(t, query, `{"x":null}`).failed(t, signalbox.CodeInvalidInput)
			require.Contains(t, e.Message, "variable $x")
			require.Empty(t, d.all())
			require.False(t, redriven)
			d.run(t, query, `{}`).ok(t)
		})
	}
}

// TestIdempotencyKeyHeader: the header with the response path makes a key for each
// send of the document; the input's own field wins.
func TestIdempotencyKeyHeader(t *testing.T) {
	const document = `
		mutation($i: [SendCustomEventInput!]!) {
			sendCustomEvent(input: {type: "t", operation: "plain", payload: {id: "1"}}) { success }
			a: sendCustomEvent(input: {type: "t", operation: "alias", payload: {id: "1"}}) { success }
			b: sendCustomEvent(input: {type: "t", operation: "own", payload: {id: "1"}, idempotencyKey: "own"}) { success }
			c: sendCustomEvent(input: {type: "t", operation: "null", payload: {id: "1"}, idempotencyKey: null}) { success }
			d: sendCustomEvent(input: {type: "t", operation: "empty", payload: {id: "1"}, idempotencyKey: ""}) { success }
			sendCustomEvents(inputs: $i) { response { success } }
			...f
		}
		fragment f on Mutation { z: sendCustomEvents(inputs: $i) { response { success } } }`
	const inputs = `{"i":[{"type":"t","operation":"0","payload":{"id":"1"}},{"type":"t","operation":"1","payload":{"id":"1"},"idempotencyKey":"mine"},{"type":"t","operation":"2","payload":{"id":"1"}}]}`
	keys := func(headers ...string) (keys []string) {
		d := open(t, &fakes{})
		d.run(t, document, inputs, headers...).ok(t)
		for _, in := range d.all() {
			keys = append(keys, in.Operation+"="+in.IdempotencyKey)
		}
		return keys
	}
	require.Equal(t, []string{
		"plain=k/sendCustomEvent", "alias=k/a", "own=own", "null=k/c", "empty=",
		"0=k/sendCustomEvents/0", "1=mine", "2=k/sendCustomEvents/2",
		"0=k/z/0", "1=mine", "2=k/z/2",
	}, keys("Idempotency-Key", "k"))
	require.Equal(t, []string{
		"plain=", "alias=", "own=own", "null=", "empty=", "0=", "1=mine", "2=", "0=", "1=mine", "2=",
	}, keys())
}

// TestUnknownKeysAreNamed, and __typename, which clients copy from answers, is one
// (P-04).
func TestUnknownKeysAreNamed(t *testing.T) {
	const whole = `mutation($input: SendCustomEventInput!) { sendCustomEvent(input: $input) { success } }`
	for _, key := range []string{"date", "Data", "__typename", "metadata"} {
		t.Run(key, func(t *testing.T) {
			d := open(t, &fakes{})
			e := d.run(t, whole, `{"input":{"type":"t","operation":"o","payload":{"id":"1","`+key+`":{"a":"`+canary+`"}}}}`).failed(t, signalbox.CodeInvalidInput)
			require.Contains(t, e.Message, "/payload/"+key)
			require.Contains(t, e.Message, "id, data")
			require.Equal(t, "/payload/"+key, e.Extensions.Path)
			require.NotContains(t, e.Message, canary)

			e = d.run(t, sendLiteralPayload(`{id: "1", `+key+`: {a: "`+canary+`"}}`), "").failed(t, signalbox.CodeInvalidInput)
			require.Contains(t, e.Message, `"`+key+`"`)
			require.Contains(t, e.Message, "CustomEventPayloadInput")
			require.NotEmpty(t, e.Locations)
			require.NotContains(t, e.Message, canary)
			require.Empty(t, d.all())
		})
	}
	d := open(t, &fakes{})
	e := d.run(t, whole, `{"input":{"__typename":"x","type":"t","operation":"o","payload":{"id":"1"}}}`).failed(t, signalbox.CodeInvalidInput)
	require.Contains(t, e.Message, "/__typename")
	e = d.run(t, whole, `{"input":{"type":"t","operation":"o","payload":{"id":"1","`+strings.Repeat("k/~", 80)+`":1}}}`).failed(t, signalbox.CodeInvalidInput)
	require.Less(t, len(e.Message), 300, "a long key is cut")
	require.Contains(t, e.Extensions.Path, "k~1~0")
	d.run(t, whole, `{"input":{"type":"t","operation":"o","payload":{"id":"1","data":{"__typename":"kept"}}}}`).ok(t)
	require.JSONEq(t, `{"__typename":"kept"}`, string(d.all()[0].Data), "data is the client's own")
}

// TestShapeFaultsOfVariables name the place and no value.
func TestShapeFaultsOfVariables(t *testing.T) {
	const whole = `mutation($input: SendCustomEventInput!) { sendCustomEvent(input: $input) { success } }`
	for variables, want := range map[string]string{
		`{}`:                           "variable $input is missing",
		`{"input":null}`:               "variable $input is null",
		`{"input":"` + canary + `"}`:   "variable $input is not an object",
		`{"input":["` + canary + `"]}`: "variable $input is not an object",
		`{"input":{}}`:                 "at /type, is missing",
		`{"input":{"type":null}}`:      "at /type, is null",
		`{"input":{"type":1}}`:         "at /type, is not a string",
		`{"input":{"type":"t","payload":{"id":1.5}}}`:                                                     "at /payload/id, is not an ID",
		`{"input":{"type":"t","payload":{"id":1e2}}}`:                                                     "at /payload/id, is not an ID",
		`{"input":{"type":"t","payload":{"id":true}}}`:                                                    "at /payload/id, is not an ID",
		`{"input":{"type":"t","payload":{"id":"1","data":"` + canary + `"}}}`:                             "at /payload/data, is not an object",
		`{"input":{"type":"t","payload":{"id":"1","data":["` + canary + `"]}}}`:                           "at /payload/data, is not an object",
		`{"input":{"type":"t","operation":"o","payload":{"id":"1"},"waitFor":"` + canary + `"}}`:          "at /waitFor, is not one of ACCEPTED, STARTED",
		`{"input":{"type":"t","operation":"o","payload":{"id":"1"},"waitFor":1}}`:                         "at /waitFor, is not one of",
		`{"input":{"type":"t","operation":"o","payload":{"id":"1"},"occurredAt":1772366400}}`:             "at /occurredAt, is not a time as RFC 3339",
		`{"input":{"type":"t","operation":"o","payload":{"id":"1"},"occurredAt":"` + canary + `"}}`:       "RFC 3339",
		`{"input":{"type":"t","operation":"o","payload":{"id":"1"},"occurredAt":"2026-03-01 12:00:00Z"}}`: "RFC 3339",
	} {
		t.Run(variables, func(t *testing.T) {
			d := open(t, &fakes{})
			e := d.run(t, whole, variables).failed(t, signalbox.CodeInvalidInput)
			require.Contains(t, e.Message, want)
			require.NotContains(t, e.Message, canary)
			require.Empty(t, d.all())
		})
	}
	d := open(t, &fakes{})
	e := d.run(t, `mutation($i: [SendCustomEventInput!]!) { sendCustomEvents(inputs: $i) { error { code } } }`,
		`{"i":[{"type":"t","operation":"o","payload":{"id":"1"}},{"type":"t","operation":"o","payload":{"id":[]}}]}`).failed(t, signalbox.CodeInvalidInput)
	require.Equal(t, "/1/payload/id", e.Extensions.Path)
	// A variable of any type can stand within a Map.
	d.run(t, `mutation($i: SendCustomEventInput!) { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: "1", data: {a: $i}}}) { success } }`,
		`{"i":{"type":"t","operation":"o","payload":{"id":"1","data":{"n":1.50}}}}`).ok(t)
	require.JSONEq(t, `{"a":{"type":"t","operation":"o","payload":{"id":"1","data":{"n":1.50}}}}`, string(d.all()[0].Data))
	require.Contains(t, string(d.all()[0].Data), `1.50`)
}

// TestInputsArriveWhole: every field of the input, as the road takes it.
func TestInputsArriveWhole(t *testing.T) {
	d := open(t, &fakes{})
	d.run(t, `mutation($m: Map) { sendCustomEvent(input: {type: "t", operation: "o", payload: {id: 42}, source: "erp", subject: "s",
		occurredAt: "2026-03-01T13:00:00.5+01:00", metadata: {trace: "x", m: $m}, waitFor: ACCEPTED, idempotencyKey: "k"}) { success } }`, `{"m":{"n":1.0}}`).ok(t)
	require.Equal(t, []ingest.Input{{
		Type: "t", Operation: "o", EntityID: "42", Source: "erp", Subject: "s", IdempotencyKey: "k", Wait: ingest.WaitAccepted,
		OccurredAt: time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC), Metadata: json.RawMessage(`{"trace":"x","m":{"n":1.0}}`),
	}}, d.all())
}

// TestRequestsShareDocuments: many at once of one document, each with data of its
// own, while the document and its defaults are everybody's (to be run with -race).
func TestRequestsShareDocuments(t *testing.T) {
	const document = `mutation($d: Map, $more: SendCustomEventInput = {type: "t", operation: "default", payload: {id: "1", data: {n: 1.0}}}) {
		a: sendCustomEvent(input: {type: "t", operation: "own", payload: {id: "1", data: $d}}) { ...f success }
		b: sendCustomEvents(inputs: [$more, $more]) { response { ...f } }
		...g
	}
	fragment f on SendCustomEventResponse { success workflows { id } }
	fragment g on Mutation { a: sendCustomEvent(input: {type: "t", operation: "own", payload: {id: "1", data: $d}}) { eventID } }`
	d := open(t, &fakes{})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			w := d.serve("POST", "/graphql", bodyOf(document, fmt.Sprintf(`{"d":{"n":%d}}`, i)))
			assert.Equal(t, 200, w.Code)
			assert.NotContains(t, w.Body.String(), "errors")
		})
	}
	wg.Wait()
	own := map[string]bool{}
	for _, in := range d.all() {
		if in.Operation == "own" {
			own[string(in.Data)] = true
		} else {
			require.Equal(t, `{"n":1.0}`, string(in.Data))
		}
	}
	require.Len(t, own, 50)
	require.Len(t, d.all(), 150)
}
