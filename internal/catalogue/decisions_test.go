package catalogue

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// A decision table is a file of testdata/decisions: catalogues in the form that
// `signalbox apply` reads, applied one after the other, and events with what is
// decided of them. README.md there says how to read one.
type tableFile struct {
	Events []tableEvent `yaml:"events"`
}

type tableEvent struct {
	Name          string          `yaml:"name"`
	Tenant        string          `yaml:"tenant"`
	Event         fileEvent       `yaml:"event"`
	SchemaVersion int             `yaml:"schemaVersion"`
	Decisions     []tableDecision `yaml:"decisions"`
	Others        int             `yaml:"others"`
	Starts        []tableStart    `yaml:"starts"`
	Refused       *tableRefusal   `yaml:"refused"`
	Warnings      []string        `yaml:"warnings"`
	As            string          `yaml:"as"`
}

type tableDecision struct {
	Rule     string `yaml:"rule"`
	Version  int    `yaml:"version"` // not checked where it is left out, as Reason
	Verdict  string `yaml:"verdict"`
	Clause   string `yaml:"clause"`
	Path     string `yaml:"path"`
	Expected string `yaml:"expected"`
	Observed string `yaml:"observed"`
	Reason   string `yaml:"reason"`
}

type tableStart struct {
	Workflow string `yaml:"workflow"`
	ID       string `yaml:"id"`    // not checked where it is left out
	Input    string `yaml:"input"` // likewise
}

type tableRefusal struct {
	Code    string `yaml:"code"`
	Because string `yaml:"because"` // a part of the message, or of a violation
}

func TestDecisionTables(t *testing.T) { // P-10 to P-14
	files, err := filepath.Glob("testdata/decisions/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			root, err := readYAML(text)
			require.NoError(t, err)
			var table tableFile
			var d decoder
			for i := range root.members {
				if m := &root.members[i]; m.key == "events" {
					d.into(m.value, reflect.ValueOf(&table.Events).Elem(), "events")
				}
			}
			require.Empty(t, d.faults)
			require.NotEmpty(t, table.Events)
			r := tableRig(t, root)
			for i := range table.Events {
				t.Run(table.Events[i].Name, func(t *testing.T) { table.Events[i].check(t, r) })
			}
		})
	}
}

// tableRig applies the catalogues of a table: catalogue, then those of afterwards,
// or those of several tenants.
func tableRig(t *testing.T, root *node) *rig {
	t.Helper()
	tenants := root.get("tenants")
	var slugs []string
	if tenants != nil {
		for i := range tenants.members {
			slugs = append(slugs, tenants.members[i].key)
		}
	}
	r := newRig(t, slugs...)
	apply := func(tenant signalbox.ID, n *node) {
		content, err := parse(n)
		require.NoError(t, err)
		_, _, err = r.editor.Apply(t.Context(), as(tenant), content, false)
		require.NoError(t, err)
	}
	if n := root.get("catalogue"); n != nil {
		apply(r.tenant(), n)
	}
	if n := root.get("afterwards"); n != nil {
		for _, item := range n.items {
			apply(r.tenant(), item)
		}
	}
	for _, slug := range slugs {
		apply(r.tenants[slug], tenants.get(slug))
	}
	return r
}

func (c *tableEvent) check(t *testing.T, r *rig) {
	tenant := r.tenant()
	if c.Tenant != "" {
		tenant = r.tenants[c.Tenant]
	}
	received := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if c.Event.ReceivedAt != "" {
		var err error
		received, err = time.Parse(time.RFC3339, c.Event.ReceivedAt)
		require.NoError(t, err)
	}
	e := signalbox.Event{
		ID: signalbox.FirstID(received), Tenant: tenant, Type: c.Event.Type, Operation: c.Event.Operation, EntityID: c.Event.ID,
		Data: c.Event.Data, Source: c.Event.Source, Subject: c.Event.Subject, Metadata: c.Event.Metadata, SchemaVersion: c.SchemaVersion,
	}
	plan, err := r.live.Plan(&e, nil)
	if c.Refused != nil {
		require.Equal(t, c.Refused.Code, string(signalbox.ErrorCode(err)))
		text := signalbox.AsError(err).Message
		for _, v := range signalbox.AsError(err).Violations {
			text += "\n" + v.Pointer + " " + v.Message
		}
		require.Contains(t, text, c.Refused.Because)
		return
	}
	require.NoError(t, err)
	var got []tableDecision
	for i, d := range plan.Decisions {
		one := tableDecision{
			Rule: d.Rule, Verdict: string(d.Verdict), Clause: d.Clause, Path: d.Path, Expected: d.Expected, Observed: d.Observed,
			Version: d.RuleVersion, Reason: d.Sentence(),
		}
		if i < len(c.Decisions) && c.Decisions[i].Version == 0 {
			one.Version = 0
		}
		if i < len(c.Decisions) && c.Decisions[i].Reason == "" {
			one.Reason = ""
		}
		got = append(got, one)
	}
	require.Equal(t, c.Decisions, got)
	require.Equal(t, c.Others, plan.Omitted, "others")
	var starts []tableStart
	for i, s := range plan.Dispatches {
		one := tableStart{Workflow: s.WorkflowType, ID: s.WorkflowID, Input: string(s.Input)}
		if i < len(c.Starts) && c.Starts[i].ID == "" {
			one.ID = ""
		}
		if i < len(c.Starts) && c.Starts[i].Input == "" {
			one.Input = ""
		}
		starts = append(starts, one)
	}
	require.Equal(t, c.Starts, starts, "starts")
	var warnings []string
	for _, w := range plan.Warnings {
		if w.Code != signalbox.WarnRecommendedFields || slices.Contains(c.Warnings, string(w.Code)) {
			warnings = append(warnings, string(w.Code))
		}
	}
	slices.Sort(warnings)
	require.Equal(t, c.Warnings, warnings, "warnings")
	if c.As != "" {
		require.Equal(t, c.As, e.Type+":"+e.Operation)
	}
}
