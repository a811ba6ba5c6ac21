package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/pgtest"
	"github.com/signalbox/signalbox/internal/postgres"
	"github.com/signalbox/signalbox/internal/signalbox"
)

type catalogue = signalbox.Catalogue

func rule(name, workflow string) signalbox.Rule {
	return signalbox.Rule{Name: name, State: signalbox.RuleEnabled, RuleDefinition: signalbox.RuleDefinition{
		On: signalbox.Pattern{Type: "a", Operation: "*"}, Start: signalbox.StartSpec{Workflow: workflow, TaskQueue: "q"},
	}}
}

// editor edits the default tenant and tells whether its revision grew.
type editor struct {
	t  *testing.T
	db *postgres.DB
}

func (e editor) edit(dryRun bool, change func(*catalogue)) (after catalogue, bumped bool) {
	e.t.Helper()
	before := e.tenant().Revision
	after, err := e.db.Edit(e.t.Context(), as(defaultTenant), dryRun, func(t signalbox.Tenant, now catalogue) (catalogue, error) {
		require.Equal(e.t, before, t.Revision)
		change(&now)
		return now, nil
	})
	require.NoError(e.t, err)
	stored, err := e.db.Catalogue(e.t.Context(), defaultTenant)
	require.NoError(e.t, err)
	if !dryRun {
		require.Equal(e.t, stored, after, "the answer is what is stored")
	}
	return after, e.tenant().Revision > before
}

func (e editor) tenant() signalbox.Tenant {
	e.t.Helper()
	t, err := e.db.TenantBySlug(e.t.Context(), signalbox.DefaultTenantSlug)
	require.NoError(e.t, err)
	return t
}

func TestEditWritesWhatDiffers(t *testing.T) {
	schema := func(text string) signalbox.Schema { return signalbox.Schema{Text: json.RawMessage(text)} }
	step := func(name string, bumped bool, change func(*catalogue), check func(*testing.T, catalogue)) editStep {
		return editStep{name, bumped, change, check}
	}
	steps := []editStep{
		step("nothing", false, func(*catalogue) {}, func(t *testing.T, c catalogue) {
			require.Empty(t, c.Types)
			require.Empty(t, c.Rules)
			require.Equal(t, &signalbox.TenantSettings{Config: json.RawMessage("{}"), UnknownNames: signalbox.UnknownReject}, c.Settings)
		}),
		step("settings are kept as written", true, func(c *catalogue) {
			c.Settings = &signalbox.TenantSettings{Config: json.RawMessage(`{ "limit": 1.10 }`), UnknownNames: signalbox.UnknownAccept}
		}, func(t *testing.T, c catalogue) {
			require.Equal(t, &signalbox.TenantSettings{Config: json.RawMessage(`{ "limit": 1.10 }`), UnknownNames: signalbox.UnknownAccept}, c.Settings)
		}),
		step("settings that are nil stay", false, func(c *catalogue) { c.Settings = nil }, func(t *testing.T, c catalogue) {
			require.Equal(t, signalbox.UnknownAccept, c.Settings.UnknownNames)
		}),
		step("a type with two schemas", true, func(c *catalogue) {
			c.Types = []signalbox.EventType{
				{Type: "a", Operation: "b", Sample: json.RawMessage(`{ "x": 1e2 }`), Schemas: []signalbox.Schema{schema(`{ "type": "object" }`), schema(`true`)}},
				{Type: "a:b", Operation: "c"},
				{Type: "a", Operation: "b:c", DisplayName: "another"},
			}
		}, func(t *testing.T, c catalogue) {
			require.Len(t, c.Types, 3)
			ab := c.Types[0]
			require.Equal(t, signalbox.PayloadReject, ab.Policy)
			require.Equal(t, signalbox.CompatibilityNone, ab.Compatibility)
			require.Equal(t, `{ "x": 1e2 }`, string(ab.Sample))
			require.Len(t, ab.Schemas, 2)
			require.Equal(t, `{ "type": "object" }`, string(ab.Schemas[0].Text)) //nolint:testifylint // byte for byte is the point.
			require.Equal(t, 2, ab.Newest().Version)
			require.WithinDuration(t, time.Now(), ab.Newest().CreatedAt, time.Minute)
			require.Equal(t, "another", c.Types[1].DisplayName, "a:(b:c) is not (a:b):c")
			require.Empty(t, c.Types[2].DisplayName)
		}),
		step("types that are absent stay", false, func(c *catalogue) { c.Types = nil }, func(t *testing.T, c catalogue) {
			require.Len(t, c.Types, 3)
		}),
		step("a stored schema never changes", false, func(c *catalogue) { c.Types[0].Schemas = []signalbox.Schema{schema(`false`)} }, func(t *testing.T, c catalogue) {
			require.Len(t, c.Types[0].Schemas, 2)
			require.JSONEq(t, `{"type": "object"}`, string(c.Types[0].Schemas[0].Text))
		}),
		step("a third schema", true, func(c *catalogue) { c.Types[0].Schemas = append(c.Types[0].Schemas, schema(`{}`)) }, func(t *testing.T, c catalogue) {
			require.Equal(t, 3, c.Types[0].Newest().Version)
		}),
		step("a policy", true, func(c *catalogue) {
			c.Types[0].Policy, c.Types[0].Compatibility = signalbox.PayloadWarn, signalbox.CompatibilityBackward
		}, func(t *testing.T, c catalogue) {
			require.Equal(t, signalbox.PayloadWarn, c.Types[0].Policy)
			require.Equal(t, signalbox.CompatibilityBackward, c.Types[0].Compatibility)
			require.Len(t, c.Types[0].Schemas, 3)
		}),
		step("a draft and two rules", true, func(c *catalogue) {
			draft := rule("d", "D")
			draft.State = signalbox.RuleDraft
			c.Rules = []signalbox.Rule{rule("r", "W"), draft, rule("s", "S")}
		}, func(t *testing.T, c catalogue) {
			require.Equal(t, []string{"d 0 DRAFT D", "r 1 ENABLED W", "s 1 ENABLED S"}, summary(c))
			require.Nil(t, c.Rules[0].Draft)
		}),
		step("an empty map is no change", false, func(c *catalogue) { c.Rules[1].Start.Memo = map[string]string{} }, func(t *testing.T, c catalogue) {
			require.Nil(t, c.Rules[1].Start.Memo)
		}),
		step("a draft beside what is in force", true, func(c *catalogue) {
			waiting := rule("", "W2").RuleDefinition
			c.Rules[1].Draft = &waiting
		}, func(t *testing.T, c catalogue) {
			require.Equal(t, "r 1 ENABLED W", summary(c)[1])
			require.Equal(t, "W2", c.Rules[1].Draft.Start.Workflow)
		}),
		step("the same draft", false, func(*catalogue) {}, func(t *testing.T, c catalogue) {
			require.NotNil(t, c.Rules[1].Draft)
		}),
		step("it is published", true, func(c *catalogue) {
			c.Rules[1].RuleDefinition, c.Rules[1].Draft = *c.Rules[1].Draft, nil
		}, func(t *testing.T, c catalogue) {
			require.Equal(t, "r 2 ENABLED W2", summary(c)[1])
			require.Nil(t, c.Rules[1].Draft)
		}),
		step("a state is no version", true, func(c *catalogue) { c.Rules[1].State = signalbox.RuleShadow }, func(t *testing.T, c catalogue) {
			require.Equal(t, "r 2 SHADOW W2", summary(c)[1])
		}),
		step("a draft changes", true, func(c *catalogue) { c.Rules[0].Start.Workflow = "D2" }, func(t *testing.T, c catalogue) {
			require.Equal(t, "d 0 DRAFT D2", summary(c)[0])
		}),
		step("the draft is published as it is", true, func(c *catalogue) { c.Rules[0].State = signalbox.RuleDisabled }, func(t *testing.T, c catalogue) {
			require.Equal(t, "d 1 DISABLED D2", summary(c)[0])
		}),
		step("rules that are absent go", true, func(c *catalogue) { c.Rules = c.Rules[:1] }, func(t *testing.T, c catalogue) {
			require.Equal(t, []string{"d 1 DISABLED D2"}, summary(c))
		}),
		step("their versions count on", true, func(c *catalogue) { c.Rules = append(c.Rules, rule("r", "W2")) }, func(t *testing.T, c catalogue) {
			require.Equal(t, []string{"d 1 DISABLED D2", "r 3 ENABLED W2"}, summary(c))
		}),
		step("tests of a rule are compared by value", true, func(c *catalogue) {
			c.Rules[1].Tests = []signalbox.RuleTest{{Name: "t", Expect: signalbox.VerdictMatched, Event: signalbox.TestEvent{Data: json.RawMessage(`{"b": 1e2, "a": 1.10}`)}}}
		}, func(t *testing.T, c catalogue) {
			require.Equal(t, "r 4 ENABLED W2", summary(c)[1])
		}),
		step("white space is no change", false, func(c *catalogue) {
			c.Rules[1].Tests = []signalbox.RuleTest{{Name: "t", Expect: signalbox.VerdictMatched, Event: signalbox.TestEvent{Data: json.RawMessage(`{"b":1e2,"a":1.10}`)}}}
		}, func(t *testing.T, c catalogue) {
			require.Equal(t, "r 4 ENABLED W2", summary(c)[1])
		}),
	}
	e := editor{t, pgtest.Open(t)}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			e := editor{t, e.db}
			tried, bumped := e.edit(true, s.change)
			require.False(t, bumped, "a dry run writes nothing")
			s.check(t, tried)
			after, bumped := e.edit(false, s.change)
			require.Equal(t, s.bumped, bumped)
			s.check(t, after)
			require.Equal(t, summary(after), summary(tried), "a dry run says what will be")
		})
	}

	versions, err := e.db.RuleVersions(t.Context(), defaultTenant, "r")
	require.NoError(t, err)
	var got []string
	for _, v := range versions {
		got = append(got, fmt.Sprint(v.Rule, v.Version, v.Start.Workflow))
		require.WithinDuration(t, time.Now(), v.CreatedAt, time.Minute)
	}
	require.Equal(t, []string{"r4W2", "r3W2", "r2W2", "r1W"}, got)
	versions, err = e.db.RuleVersions(t.Context(), defaultTenant, "nobody")
	require.NoError(t, err)
	require.Empty(t, versions)
}

type editStep struct {
	name   string
	bumped bool // the revision grows
	change func(*catalogue)
	check  func(*testing.T, catalogue)
}

func summary(c catalogue) (lines []string) {
	for _, r := range c.Rules {
		lines = append(lines, fmt.Sprint(r.Name, " ", r.Version, " ", r.State, " ", r.Start.Workflow))
	}
	return lines
}

func TestEditRefuses(t *testing.T) {
	db := pgtest.Open(t)
	own := errors.New("the plan's own")
	nul := rule("r", "W")
	nul.When = "payload.id == \"\x00\""
	for name, c := range map[string]struct {
		tenant signalbox.ID
		plan   func() (catalogue, error)
		check  func(*testing.T, error)
	}{
		"an unknown tenant": {signalbox.ID{7}, func() (catalogue, error) { return catalogue{}, nil }, func(t *testing.T, err error) {
			require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
		}},
		"what the plan refuses, in its words": {defaultTenant, func() (catalogue, error) { return catalogue{}, own }, func(t *testing.T, err error) {
			require.True(t, err == own, "%v", err) //nolint:errorlint,testifylint // as it is, not wrapped.
		}},
		"a rule twice": {defaultTenant, func() (catalogue, error) {
			return catalogue{Rules: []signalbox.Rule{rule("r", "W"), rule("r", "W")}}, nil
		}, func(t *testing.T, err error) { require.ErrorContains(t, err, `"r" is wanted twice`) }},
		"a type twice": {defaultTenant, func() (catalogue, error) {
			return catalogue{Types: []signalbox.EventType{{Type: "a", Operation: "b"}, {Type: "a", Operation: "b"}}}, nil
		}, func(t *testing.T, err error) { require.ErrorContains(t, err, "a:b is wanted twice") }},
		"what cannot be stored": {defaultTenant, func() (catalogue, error) { return catalogue{Rules: []signalbox.Rule{nul}}, nil }, func(t *testing.T, err error) {
			require.Equal(t, signalbox.CodeInvalidInput, signalbox.ErrorCode(err))
			require.ErrorContains(t, err, "NUL")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := db.Edit(t.Context(), as(c.tenant), false, func(signalbox.Tenant, catalogue) (catalogue, error) { return c.plan() })
			c.check(t, err)
			after, err := db.Catalogue(t.Context(), defaultTenant)
			require.NoError(t, err)
			require.Empty(t, after.Rules)
			require.Empty(t, after.Types)
		})
	}
	_, err := db.Catalogue(t.Context(), signalbox.ID{7})
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
	_, err = db.TenantBySlug(t.Context(), "nobody")
	require.Equal(t, signalbox.CodeNotFound, signalbox.ErrorCode(err))
}

// Edits of one tenant take turns: none is lost.
func TestEditsTakeTurns(t *testing.T) {
	db := pgtest.Open(t)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			_, err := db.Edit(t.Context(), as(defaultTenant), false, func(_ signalbox.Tenant, now catalogue) (catalogue, error) {
				now.Rules = append(now.Rules, rule(fmt.Sprint("r", i), "W"))
				return now, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := db.Catalogue(t.Context(), defaultTenant)
	require.NoError(t, err)
	require.Len(t, c.Rules, 12)
}

func TestTenThousandRulesAreWrittenTogether(t *testing.T) {
	e := editor{t, pgtest.Open(t)}
	began := time.Now()
	after, bumped := e.edit(false, func(c *catalogue) {
		for i := range 10_000 {
			c.Rules = append(c.Rules, rule(fmt.Sprintf("r%05d", i), "W"))
		}
	})
	require.True(t, bumped)
	require.Len(t, after.Rules, 10_000)
	require.Less(t, time.Since(began), 25*time.Second)
	_, bumped = e.edit(false, func(*catalogue) {})
	require.False(t, bumped)
}
