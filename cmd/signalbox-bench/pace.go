package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// pacer sends at an even pace, whatever becomes of it: open-loop load, as senders
// make it who know nothing of each other. A request's time counts from when it was
// due, so that one which had to wait for the generator or for a connection is not
// made to look quick.
type pacer struct {
	job       job
	all       []*paced
	unserved  int // were due when every connection was waiting for an answer
	generator *generator
}

// paced is one connection's part.
type paced struct {
	conn    *httpConn
	took    []time.Duration // of those that were accepted
	codes   map[string]int  // of those that were refused
	hinted  int             // of these
	entity  []string        // of those that were accepted, where they are to be checked
	refused []string
	fault   error
}

func (g *generator) pace(ctx context.Context, j job) (sample, error) {
	p := &pacer{job: j, generator: g}
	defer func() {
		for _, one := range p.all {
			one.conn.close()
		}
	}()
	for range j.Connections {
		c, err := dialHTTP(ctx, j)
		if err != nil {
			return sample{}, err
		}
		p.all = append(p.all, &paced{conn: c, codes: make(map[string]int)})
	}
	elapsed, err := p.run(ctx)
	if err != nil {
		return sample{}, err
	}
	return p.sum(ctx, elapsed)
}

func (p *pacer) run(ctx context.Context) (time.Duration, error) {
	due := make(chan time.Time)
	var (
		wg     sync.WaitGroup
		failed atomic.Bool
	)
	for _, one := range p.all {
		wg.Go(func() {
			var body []byte
			for at := range due {
				entity := nextEntity()
				body = appendEvent(append(body[:0], sendHead...), operationAccepted, "", entity)
				body = append(body, "}}"...)
				if one.fault = one.send(body, entity, at, p.job.Check); one.fault != nil {
					failed.Store(true)
					return
				}
			}
		})
	}
	// A first turn on every connection that did not count would cost more code than it
	// saves: the first few milliseconds are in no percentile.
	gap := time.Duration(float64(time.Second) / p.job.Rate)
	began := time.Now()
	for n := 0; ctx.Err() == nil && !failed.Load(); n++ {
		at := began.Add(time.Duration(n) * gap)
		if at.Sub(began) > seconds(p.job.Seconds) {
			break
		}
		time.Sleep(time.Until(at))
		select {
		case due <- at:
		default:
			p.unserved++
		}
	}
	close(due)
	wg.Wait()
	faults := []error{ctx.Err()}
	for _, one := range p.all {
		faults = append(faults, one.fault)
	}
	return time.Since(began), errors.Join(faults...)
}

var accepted = []byte(`"outcome":"NO_RULE"`)

func (o *paced) send(body []byte, entity string, due time.Time, check bool) error {
	status, err := o.conn.exchange(body)
	if err != nil {
		return err
	}
	if status == 200 && !bytes.HasPrefix(o.conn.in, []byte(`{"errors"`)) && bytes.Count(o.conn.in, accepted) == 1 {
		o.took = append(o.took, time.Since(due))
		if check {
			o.entity = append(o.entity, entity)
		}
		return nil
	}
	code := member(o.conn.in, `"code":"`)
	switch code {
	case "RATE_LIMITED", "OVERLOADED", "UNAVAILABLE":
	default:
		return fmt.Errorf("the server answered %d: %.300s", status, o.conn.in)
	}
	o.codes[code]++
	if wait := member(o.conn.in, `"retryAfterMs":`); wait != "" && wait != "null" && wait != "0" && o.conn.retryAfter {
		o.hinted++
	}
	if check {
		o.refused = append(o.refused, entity)
	}
	return nil
}

// member reads what follows name, up to a quotation mark, a comma or a brace.
func member(text []byte, name string) string {
	_, rest, found := bytes.Cut(text, []byte(name))
	if !found {
		return ""
	}
	return string(rest[:max(0, bytes.IndexAny(rest, `",}`))])
}

func (p *pacer) sum(ctx context.Context, elapsed time.Duration) (sample, error) {
	var took []time.Duration
	codes, hinted := make(map[string]int), 0
	for _, one := range p.all {
		took = append(took, one.took...)
		hinted += one.hinted
		for code, n := range one.codes {
			codes[code] += n
		}
	}
	s := newSample(took, 1, elapsed)
	s.Refused, s.Hinted, s.Unserved = codes, hinted, p.unserved
	if !p.job.Check {
		return s, nil
	}
	var acknowledged, refused []string
	for _, one := range p.all {
		acknowledged = append(acknowledged, one.entity...)
		refused = append(refused, one.refused...)
	}
	var err error
	s.Lost, s.Doubled, s.Stored, err = p.generator.verify(ctx, p.job.Tenant, acknowledged, refused)
	return s, err
}

// verify holds a tenant's acknowledgements to what is in the database: it counts
// the acknowledged that are not there, those that are there more than once, and the
// refused that are there all the same.
func (g *generator) verify(ctx context.Context, tenant [16]byte, acknowledged, refused []string) (lost, doubled, stored int, err error) {
	conn, err := g.prepared(ctx, `SELECT entity_id, count(*)::int FROM events WHERE tenant_id = $1 GROUP BY 1`)
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(ctx, "raw", tenant)
	if err != nil {
		return 0, 0, 0, err
	}
	defer rows.Close()
	there := make(map[string]int, len(acknowledged))
	for rows.Next() {
		var entity string
		var n int
		if err := rows.Scan(&entity, &n); err != nil {
			return 0, 0, 0, err
		}
		there[entity] = n
	}
	for _, entity := range acknowledged {
		switch n := there[entity]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	slices.Sort(refused)
	for _, entity := range slices.Compact(refused) {
		if there[entity] > 0 {
			stored++
		}
	}
	return lost, doubled, stored, rows.Err()
}
