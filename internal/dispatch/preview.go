package dispatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Requests are the start requests that the dispatches stand for, each as an attempt
// would send it, as JSON for a person to read (P-28). Nothing is sent.
//
// They are in protobuf's JSON form with Temporal's shorthand for payloads, in which
// a payload is its value. Values are what will be sent, byte for byte.
func (r *Runner) Requests(e *signalbox.Event, dispatches []signalbox.Dispatch) ([]json.RawMessage, error) {
	texts := make([]json.RawMessage, len(dispatches))
	for i := range dispatches {
		d := &dispatches[i]
		slug, err := r.cfg.TenantSlug(d.Tenant)
		if err != nil {
			return nil, err
		}
		text, err := readable(request(e, d, slug, r.identity))
		if err != nil {
			return nil, fmt.Errorf("write the start request of rule %s: %w", d.Rule, err)
		}
		texts[i] = text
	}
	return texts, nil
}

// readable writes a request. The parts that hold payloads are written here: the
// library's shorthand takes numbers through float64.
func readable(in *workflowservice.StartWorkflowExecutionRequest) (json.RawMessage, error) {
	inputs, memo, attributes, summary := in.GetInput().GetPayloads(), in.GetMemo().GetFields(), in.GetSearchAttributes().GetIndexedFields(), in.GetUserMetadata().GetSummary()
	in.Input, in.Memo, in.SearchAttributes, in.UserMetadata = nil, nil, nil, nil
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(in)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer // compact: the library adds white space at random
	if err := json.Compact(&out, text); err != nil {
		return nil, err
	}
	b := bytes.TrimSuffix(out.Bytes(), []byte("}"))
	b = append(b, `,"input":[`...)
	for i, p := range inputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, p.GetData()...)
	}
	b = append(b, `],"memo":{"fields":`...)
	b = appendPayloads(b, memo)
	b = append(b, '}')
	if attributes != nil {
		b = append(b, `,"searchAttributes":{"indexedFields":`...)
		b = appendPayloads(b, attributes)
		b = append(b, '}')
	}
	b = append(b, `,"userMetadata":{"summary":`...)
	b = append(b, summary.GetData()...)
	return append(b, "}}"...), nil
}

// appendPayloads writes payloads of JSON by name.
func appendPayloads(b []byte, fields map[string]*commonpb.Payload) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = payload.AppendString(b, name)
		b = append(b, ':')
		b = append(b, fields[name].GetData()...)
	}
	return append(b, '}')
}
