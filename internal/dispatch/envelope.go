package dispatch

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// envelope is the one argument of a workflow, as JSON text:
//
//	{"event": {"id", "type", "operation", "source", "subject", "occurredAt", "receivedAt",
//	           "schemaVersion", "metadata", "tenant", "rule", "ruleVersion"},
//	 "payload": {"id", "data"}}
//
// It is a function of the event and the dispatch, so that every attempt sends the
// same bytes. payload.data is the sender's own text, byte for byte (P-05), and is
// left out where the sender left it out (P-03).
func envelope(e *signalbox.Event, d *signalbox.Dispatch, tenant string) []byte {
	b := make([]byte, 0, 512+len(e.Data)+len(e.Metadata))
	b = append(b, `{"event":{"id":"`...)
	b = append(b, e.ID.String()...)
	b = append(b, `","type":`...)
	b = payload.AppendString(b, e.Type)
	b = append(b, `,"operation":`...)
	b = payload.AppendString(b, e.Operation)
	b = append(b, `,"source":`...)
	b = appendTextOrNull(b, e.Source)
	b = append(b, `,"subject":`...)
	b = appendTextOrNull(b, e.Subject)
	b = append(b, `,"occurredAt":"`...)
	b = e.HappenedAt().UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","receivedAt":"`...)
	b = e.ReceivedAt().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","schemaVersion":`...)
	if e.SchemaVersion == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(e.SchemaVersion), 10)
	}
	b = append(b, `,"metadata":`...)
	b = appendRawOr(b, e.Metadata, "{}")
	b = append(b, `,"tenant":`...)
	b = payload.AppendString(b, tenant)
	b = append(b, `,"rule":`...)
	b = payload.AppendString(b, d.Rule)
	b = append(b, `,"ruleVersion":`...)
	b = strconv.AppendInt(b, int64(d.RuleVersion), 10)
	b = append(b, `},"payload":{"id":`...)
	b = payload.AppendString(b, e.EntityID)
	if e.Data != nil {
		b = append(b, `,"data":`...)
		b = append(b, e.Data...)
	}
	return append(b, "}}"...)
}

func appendTextOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return payload.AppendString(b, s)
}

func appendRawOr(b []byte, raw json.RawMessage, absent string) []byte {
	if raw == nil {
		return append(b, absent...)
	}
	return append(b, raw...)
}
