package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const mutation = `mutation Send($input: SendCustomEventInput!) {
  sendCustomEvent(input: $input) {
    success eventID outcome duplicate
    workflows { id runID }
    dispatches { rule workflowID runID }
  }
}`

// door is GraphQL over HTTP as one client uses it.
type door struct {
	http *http.Client
	key  string
	urls []string
	next int
}

func newDoor(urls []string, key string, number uint64, timeout time.Duration) *door {
	return &door{
		http: &http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: 4}},
		key:  key,
		urls: urls,
		next: int(number % uint64(len(urls))),
	}
}

func (d *door) close() { d.http.CloseIdleConnections() }

// response is what the mutation answers.
type response struct {
	Data struct {
		Send *struct {
			Success   bool
			EventID   string
			Outcome   string
			Duplicate bool
			Workflows []struct{ ID, RunID string }
			Rules     []AnsweredDispatch `json:"dispatches"`
		} `json:"sendCustomEvent"`
	}
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// post makes one request; try turns it to the next server.
func (d *door) post(ctx context.Context, s send, try int) entry {
	e := entry{Answer: Answer{Key: s.key, Operation: s.operation, Body: s.body}}
	began := time.Now()
	r, err := d.request(ctx, s, d.urls[(d.next+try)%len(d.urls)])
	e.Took = time.Since(began)
	switch {
	case err != nil:
		e.Code, e.Message = Transport, err.Error()
	case len(r.Errors) > 0:
		e.Code, e.Message = r.Errors[0].Extensions.Code, r.Errors[0].Message
		if e.Code == "" {
			e.Code = "NO CODE"
		}
	case r.Data.Send == nil || !r.Data.Send.Success || r.Data.Send.EventID == "":
		e.Code, e.Message = "MALFORMED", "neither an error nor an event"
	default:
		a := r.Data.Send
		e.EventID, e.Outcome, e.Duplicate, e.Dispatches = a.EventID, a.Outcome, a.Duplicate, a.Rules
		started := make(map[string]string)
		for _, dispatch := range a.Rules {
			if dispatch.RunID != "" {
				started[dispatch.WorkflowID] = dispatch.RunID
			}
		}
		for _, w := range a.Workflows {
			if started[w.ID] != w.RunID {
				e.Code, e.Message = "MALFORMED", fmt.Sprintf("workflows names run %s of %s, dispatches does not", w.RunID, w.ID)
			}
		}
		if len(a.Workflows) != len(started) {
			e.Code, e.Message = "MALFORMED", fmt.Sprintf("%d workflows and %d started dispatches", len(a.Workflows), len(started))
		}
	}
	return e
}

func (d *door) request(ctx context.Context, s send, url string) (*response, error) {
	wait := "STARTED"
	if s.accepted {
		wait = "ACCEPTED"
	}
	// By hand, so that data stays the text that it is.
	body := `{"query":` + strconv.QuoteToASCII(mutation) + `,"variables":{"input":{"type":"order","operation":"` + s.operation +
		`","idempotencyKey":"` + s.key + `","waitFor":"` + wait + `","payload":{"id":"` + s.key + `","data":` + s.body + `}}}}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+d.key)
	req.Header.Set("Accept", "application/graphql-response+json")
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var r response
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		return nil, fmt.Errorf("read the answer (HTTP %d): %w", resp.StatusCode, err)
	}
	return &r, nil
}
