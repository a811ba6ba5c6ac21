package graph_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// TestInputsOfKeysAreRead: every permission that is none is told at once, with a
// pointer into the input, before anything is asked (P-18, P-27).
func TestInputsOfKeysAreRead(t *testing.T) {
	create := func(with string) string {
		return `mutation { createKey(input: {name: "k", ` + with + `}) { secret } }`
	}
	for name, c := range map[string]struct {
		document, variables, path, message string
		violations                         int
	}{
		"none that there is": {create(`permissions: ["events:read", "event:read", "rules:*"]`), "", "/permissions/1", "there is no permission", 2},
		"half a name":        {create(`permissions: ["events:send:order"]`), "", "/permissions/0", "names no type and operation", 1},
		"an empty one":       {create(`permissions: [""]`), "", "/permissions/0", "there is no permission", 1},
		"a space":            {create(`permissions: [" operator"]`), "", "/permissions/0", "there is no permission", 1},
		"capitals":           {create(`permissions: ["Tenant:admin"]`), "", "/permissions/0", "there is no permission", 1},
		"long":               {create(`permissions: ["` + strings.Repeat("CANARY", 1000) + `"]`), "", "/permissions/0", "longer than any permission", 1},
		"many":               {create(`permissions: [` + strings.Repeat(`"events:read" `, 101) + `]`), "", "", "the limit is 100", 0},
		"no list":            {create(`permissions: null`), "", "", "", 0},
		"a moment":           {create(`permissions: [], expiresAt: "tomorrow"`), "", "/expiresAt", "RFC 3339", 0},
		"no moment":          {create(`permissions: ["events:read"], expiresAt: "0001-01-01T00:00:00Z"`), "", "/expiresAt", "is in the past", 1},
		"beyond all years":   {create(`permissions: ["events:read"], expiresAt: "9999-12-31T23:59:59-23:00"`), "", "/expiresAt", "RFC 3339", 0},
		"an id":              {`mutation { revokeKey(id: "CANARY") { id } }`, "", "", "id is not a UUID", 0},
		"an id to rotate":    {`mutation { rotateKey(id: "") { secret } }`, "", "", "id is not a UUID", 0},
		"an overlap":         {`mutation { rotateKey(id: "` + anID + `", overlap: "1d") { secret } }`, "", "", "ISO 8601", 0},
		"no overlap":         {`mutation($o: Duration) { rotateKey(id: "` + anID + `", overlap: $o) { secret } }`, `{"o":null}`, "", "", 0},
		"a policy":           {`mutation { updateSettings(input: {unknownNames: CANARY}) { slug } }`, "", "", "", 0},
		"a cursor":           {`{ auditLog(after: "CANARY!") { nodes { id } } }`, "", "", "not a cursor", 0},
		"a cursor of keys":   {`{ keys(after: "CANARY!") { nodes { id } } }`, "", "", "not a cursor", 0},
		"a page of keys":     {`{ keys(first: 501) { nodes { id } } }`, "", "", "first is from 1 to 500", 0},
		"a kind":             {`{ auditLog(filter: {kind: CANARY}) { nodes { id } } }`, "", "", "", 0},
		"beyond an Int":      {create(`permissions: [], limits: {batch: 99999999999}`), "", "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, &fakes{})
			a := d.run(t, c.document, c.variables)
			e := a.failed(t, signalbox.CodeInvalidInput)
			require.Contains(t, e.Message, c.message)
			if c.path != "" {
				require.Equal(t, c.path, e.Extensions.Path, a.Text)
			}
			require.Len(t, e.Extensions.Violations, c.violations)
			require.NotContains(t, a.Text, "CANARYCANARY")
			require.Empty(t, d.asked)
			require.Zero(t, d.log.Lines())
		})
	}
}

// TestRefusalsOfKeysAndTenantsTravel with their code and their violations, and no
// secret is in an answer that has an error.
func TestRefusalsOfKeysAndTenantsTravel(t *testing.T) {
	refuse := &signalbox.Error{Code: signalbox.CodeInvalidInput, Message: "/name is too long", Path: "/name", Violations: []signalbox.Violation{
		{Pointer: "/name", Message: "is too long"}, {Pointer: "/limits/rate", Message: "is negative"},
	}}
	for _, name := range []string{
		"tenant", "tenants", "createTenant", "updateTenant", "updateSettings", "keys", "createKey", "rotateKey", "revokeKey", "auditLog",
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, &fakes{
				editing:   editing{refuse: refuse},
				principal: func() (signalbox.Principal, error) { return may("tenant:admin", "operator"), nil },
			})
			a := d.run(t, rootFields[name].document, "")
			e := a.failed(t, signalbox.CodeInvalidInput)
			require.Equal(t, refuse.Message, e.Message)
			require.Equal(t, refuse.Path, e.Extensions.Path)
			require.Equal(t, refuse.Violations, e.Extensions.Violations)
			require.NotContains(t, a.Text, "sbx_")
		})
	}
}
