package graph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/ingest"
	"github.com/signalbox/signalbox/internal/signalbox"
)

var update = flag.Bool("update", false, "write expected.json of the cases anew")

// seen is what a case's expected.json holds: the answer, and what came to the road.
type seen struct {
	Status   int             `json:"status"`
	Response json.RawMessage `json:"response"`
	Sent     []sent          `json:"sent,omitempty"`
	Asked    []asked         `json:"asked,omitempty"`
}

type sent struct {
	Type      string `json:"type"`
	Operation string `json:"operation"`
	ID        string `json:"id"`
	// Data is the text that the road got, as a string, so that nothing of it is lost
	// in comparing; null where data was absent.
	Data           *string `json:"data"`
	Metadata       *string `json:"metadata,omitempty"`
	IdempotencyKey string  `json:"idempotencyKey,omitempty"`
	Source         string  `json:"source,omitempty"`
	Subject        string  `json:"subject,omitempty"`
	OccurredAt     string  `json:"occurredAt,omitempty"`
	SchemaVersion  int     `json:"schemaVersion,omitempty"`
	Wait           string  `json:"waitFor,omitempty"`
}

// TestCases runs each folder of testdata: query.graphql with variables.json, where
// there is one, answers as expected.json says (P-01 … P-08).
func TestCases(t *testing.T) {
	folders, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, folder := range folders {
		if folder.Name() == "fuzz" || folder.Name() == "rapid" {
			continue // what these tools have found
		}
		t.Run(folder.Name(), func(t *testing.T) {
			dir := filepath.Join("testdata", folder.Name())
			query, err := os.ReadFile(filepath.Join(dir, "query.graphql"))
			require.NoError(t, err)
			variables, err := os.ReadFile(filepath.Join(dir, "variables.json"))
			if !errors.Is(err, fs.ErrNotExist) {
				require.NoError(t, err)
			}
			d := open(t, caseFakes())
			w := d.serve(http.MethodPost, "/graphql", bodyOf(string(query), string(variables)),
				"Accept", mediaGQL, "Idempotency-Key", "key-1")
			if !strings.Contains(string(query), "mutation") { // whose fields are executed side by side
				slices.SortStableFunc(d.asked, func(a, b asked) int { return strings.Compare(a.Method, b.Method) })
			}
			got := seen{Status: w.Code, Response: w.Body.Bytes(), Asked: d.asked}
			for _, in := range d.all() {
				got.Sent = append(got.Sent, sentOf(&in))
			}
			text := indented(t, got)
			name := filepath.Join(dir, "expected.json")
			if *update {
				require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
			}
			want, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, string(want), text)
		})
	}
}

func indented(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(v))
	return out.String()
}

func sentOf(in *ingest.Input) sent {
	s := sent{
		Type: in.Type, Operation: in.Operation, ID: in.EntityID, IdempotencyKey: in.IdempotencyKey,
		Source: in.Source, Subject: in.Subject, SchemaVersion: in.SchemaVersion, Wait: string(in.Wait),
	}
	if in.Data != nil {
		text := string(in.Data)
		s.Data = &text
	}
	if in.Metadata != nil {
		text := string(in.Metadata)
		s.Metadata = &text
	}
	if !in.OccurredAt.IsZero() {
		b, _ := in.OccurredAt.MarshalText()
		s.OccurredAt = string(b)
	}
	return s
}

// caseFakes know one event, one dispatch, one type and two rules.
func caseFakes() *fakes {
	in := ingest.Input{Type: "inventory", Operation: "low_stock_alert", EntityID: "item-42", Data: json.RawMessage(`{"current": 3,"exact":0.10}`)}
	known := accepted(1, &in)
	event := signalbox.StoredEvent{Event: known.Event, Dispatches: known.Dispatches}
	event.Source, event.SchemaVersion, event.Omitted = "erp", 3, 4
	event.Decisions = append(event.Decisions, miss)
	waiting := known.Dispatches[0]
	waiting.Status, waiting.RunID, waiting.DueAt = signalbox.StatusPending, "", event.ReceivedAt()
	waiting.LastError = &signalbox.DispatchError{Code: signalbox.DispatchUnavailable, Message: "no connection"}
	return &fakes{
		principal: func() (signalbox.Principal, error) {
			p := may("tenant:admin", "operator", `events:send:order\/line/*`)
			p.Tenant.Limits, p.Key, p.Limits = acme.Limits, keyID(10), signalbox.Limits{Page: 40}
			return p, nil
		},
		event: func(_, id signalbox.ID) (*signalbox.StoredEvent, error) {
			if id != event.ID {
				return nil, signalbox.Errorf(signalbox.CodeNotFound, "no such event")
			}
			return &event, nil
		},
		events: func(signalbox.ID, signalbox.EventFilter, signalbox.Page) ([]signalbox.StoredEvent, bool, error) {
			return []signalbox.StoredEvent{event}, true, nil
		},
		dispatches: func(signalbox.ID, signalbox.DispatchFilter, signalbox.Page) ([]signalbox.Dispatch, bool, error) {
			return []signalbox.Dispatch{waiting}, false, nil
		},
		editing: editing{test: &ingest.TestResult{
			Event: signalbox.Event{
				ID: eventID(1), Type: "inventory", Operation: "low_stock_alert", SchemaVersion: 2,
				Decisions: []signalbox.Decision{known.Event.Decisions[0], miss}, Omitted: 1,
			},
			Dispatches: []signalbox.Dispatch{waiting}, Outcome: signalbox.OutcomeStarted,
			Warnings: []signalbox.Warning{{Code: signalbox.WarnUnknownName, Message: "the type is not registered"}},
			Requests: []json.RawMessage{json.RawMessage(`{"requestId":"r","input":[{"exact":0.10,"big":12345678901234567890}]}`)},
		}},
		redriveAll: func(signalbox.ID, signalbox.DispatchFilter) (int, error) { return 3, nil },
		types: func(signalbox.ID) []signalbox.EventType {
			return []signalbox.EventType{
				{Type: "customer", Operation: "milestone_reached"},
				{
					Type: "inventory", Operation: "low_stock_alert", DisplayName: "Low stock", Description: "Too little is left.",
					Sample: json.RawMessage(`{"current":3,"exact":0.10}`), Policy: signalbox.PayloadWarn, Compatibility: signalbox.CompatibilityBackward,
					Schemas: []signalbox.Schema{
						{Version: 1, Text: json.RawMessage(`{"type":"object"}`), CreatedAt: moment},
						{Version: 2, Text: json.RawMessage(`{"properties":{"current":{"maximum":12345678901234567890.0}}}`), CreatedAt: moment.Add(time.Hour)},
					},
				},
			}
		},
		rules: func(signalbox.ID) []signalbox.Rule {
			return []signalbox.Rule{
				{Name: "new", State: signalbox.RuleDraft, RuleDefinition: signalbox.RuleDefinition{
					On: signalbox.Pattern{Type: "order", Operation: "*"}, Start: signalbox.StartSpec{Workflow: "W", TaskQueue: "q"},
				}},
				wholeRule(),
			}
		},
	}
}
