package app_test

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// probe is a request of one tenant that has in it what is another's.
type probe struct {
	field    string
	document string
}

// TestNoTenantReachesAnother: the administrator of one tenant asks for every root
// field with ids, names, cursors and keys of another. Each answer is what nobody's id
// or name is answered with, nothing of the other tenant is in any of them, and nothing
// of it has changed at the end (I7, P-13, P-18).
//
// Built with the tag wallonly the statements ask for no tenant, and row-level security
// stands alone.
func TestNoTenantReachesAnother(t *testing.T) {
	s := serve(t)
	own := s.populate("hidden-a", "inside-a")
	other := s.populate("hidden-b", "inside-b")
	nobody := other.neighbour("hidden-c")
	db := s.owner()
	before := db.rows(other.slug)
	secrets := ids(before)
	require.Greater(t, len(secrets), 10)

	fields := map[string]bool{}
	for _, p := range slices.Concat(probes, claims) {
		fields[p.field] = true
		require.Contains(t, p.document, p.field)
	}
	require.ElementsMatch(t, s.rootFieldsServed(own.admin), slices.Collect(maps.Keys(fields)), "every root field is probed")

	ask := func(credential string, p probe, values map[string]string) string {
		t.Helper()
		document := p.document
		for token, value := range values {
			document = strings.ReplaceAll(document, token, value)
		}
		for token, value := range own.values { // {OWN…} is the caller's own
			document = strings.ReplaceAll(document, "{OWN "+token[1:], value)
		}
		require.NotRegexp(t, `\{(OWN )?[A-Za-z]+\}`, strings.ReplaceAll(document, "{}", ""))
		a := s.ask(credential, document, nil)
		require.NotContains(t, []string{"INTERNAL", "UNAVAILABLE", "CONFIGURATION", "UNAUTHENTICATED"}, a.code(), "%s: %s", document, a.Text)
		require.NotContains(t, a.Text, "syntax", document)
		text := a.Text
		for _, token := range longestFirst(values) {
			text = strings.ReplaceAll(text, values[token], token)
		}
		require.NotContains(t, text, "inside-b", document)
		for _, id := range secrets {
			require.NotContains(t, text, id, document)
		}
		return text
	}
	equal := func(credential string, p probe) string {
		t.Helper()
		theirs, nobodys := ask(credential, p, other.values), ask(credential, p, nobody)
		require.Equal(t, alike(nobodys), alike(theirs), p.document)
		return theirs
	}

	for _, p := range probes {
		require.NotContains(t, equal(own.admin, p), "hidden-b", p.document)
	}
	both := s.key(own.slug, "tenant:admin", "operator")
	for _, p := range probes {
		// An operator may name tenants, and has none of their data all the same.
		if !strings.Contains(p.document, "{slug}") && p.field != "tenants" {
			require.NotContains(t, equal(both, p), "hidden-b", p.document)
		}
	}
	// Once the caller has registered what has the same names, those are its own.
	for _, p := range claims {
		equal(own.admin, p)
	}
	for _, p := range probes {
		ask(own.admin, p, other.values)
	}
	require.Equal(t, before, db.rows(other.slug), "nothing of the other tenant has changed")
	require.Empty(t, s.log.With("level=ERROR"))
	require.Empty(t, s.log.With("inside-"))
}

var passing = regexp.MustCompile(`"(requestId|secret|endCursor|cursor)":"[^"]*"|"(tookMs|micros)":\d+|` +
	`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|20\d\d-\d\d-\d\dT[0-9:.]+Z`)

// alike leaves out what differs between any two answers: ids and moments.
func alike(text string) string { return passing.ReplaceAllString(text, "…") }

// longestFirst are the tokens, so that no value is taken for the beginning of another.
func longestFirst(values map[string]string) []string {
	return slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(len(values[b])-len(values[a]), strings.Compare(a, b))
	})
}
