package routing_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/internal/payload"
	"github.com/signalbox/signalbox/internal/routing"
	"github.com/signalbox/signalbox/internal/signalbox"
)

// Whatever a tenant writes as a condition and a sender as data: no panic, a verdict
// in bounded time, and for a miss or an error a reason that quotes no secret.
func FuzzConditions(f *testing.F) {
	for _, when := range []string{
		`payload.data.a > 1 && payload.data.b == "x"`, `payload.data.items.exists(i, i.a > 1)`, `has(payload.data.a) ? true : payload.data.b`,
		`event.subject in ["a", 'b'] || payload.id.matches("^o")`, `[1, 2.0, 3u].all(x, x > payload.data.a)`, `{"a": 1}["a"] == payload.data.a`,
		`timestamp(payload.data.t) < now - duration("1h")`, `payload.data.a + "x" == payload.data.b * 2`, `type(payload.data.a) == string`,
		`payload.data.password.size() > 1`, `dyn(payload.data.a) == b"x"`, `payload.data.a.map(k, v, v)`, `-payload.data.a % 2 == 1`,
	} {
		f.Add(when, `{"a": 5, "b": "x", "items": [{"a": 2}], "t": "2026-01-01T00:00:00Z", "password": "hunter2hunter2"}`)
		f.Add(when, `{"a": 1.00000000000000000001, "b": null, "items": {}, "t": 5, "password": ["hunter2hunter2"]}`)
	}
	f.Fuzz(func(t *testing.T, when, data string) {
		if payload.Check([]byte(data), payload.DefaultLimits()) != nil || !payload.IsObject([]byte(data)) {
			return
		}
		began := time.Now()
		r := conditional(when)
		r.Start.Input = map[string]string{"all": "payload.data", "what": when}
		compiled, err := routing.CompileRule(r, home)
		if err != nil {
			if signalbox.ErrorCode(err) != signalbox.CodeConfiguration {
				t.Fatal(err)
			}
			return
		}
		compiled.Check(nil)
		x := compiled.Explain(facts(data))
		d := x.Decision
		if d.Verdict != signalbox.VerdictMatched && d.Sentence() == "" {
			t.Fatalf("%s without a reason", d.Verdict)
		}
		if strings.Contains(d.Sentence(), "hunter2hunter2") && !strings.Contains(when, "hunter2hunter2") && strings.Contains(data, `"password": "hunter2hunter2"`) {
			t.Fatalf("a secret in %q", d.Sentence())
		}
		_, start := compiled.Decide(facts(data))
		if start != nil && !json.Valid(start.Input) {
			t.Fatalf("the input is no JSON: %s", start.Input)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Fatalf("%s for %q", took, when)
		}
	})
}

// A pattern means what shells mean by it, as far as it has stars alone.
func FuzzPatterns(f *testing.F) {
	f.Add("order*", "order.placed")
	f.Add("*a*b*", "aab")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if strings.ContainsAny(pattern+name, `?[]\/`) || signalbox.CheckName(pattern) != nil || signalbox.CheckName(name) != nil {
			return
		}
		r, err := routing.CompileRule(rule("r", pattern, "*"), home)
		if err != nil {
			t.Fatal(err)
		}
		want, err := path.Match(pattern, name)
		if err != nil {
			return
		}
		if got := r.Covers(name, "x"); got != want {
			t.Fatalf("%q on %q: %v", pattern, name, got)
		}
	})
}
