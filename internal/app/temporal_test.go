package app_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

// Tenants without a namespace of their own share the server's, and rules may give
// workflows ids: were those not kept apart, one tenant would be answered with the
// other's run, or end it (I3, I7).
func TestTenantsDoNotMeetInTemporal(t *testing.T) {
	s := serve(t)
	same := "same-" + rand.Text() // the Temporal of other runs of this test is the same one
	for _, policy := range []string{"USE_EXISTING", "TERMINATE_EXISTING", "FAIL"} {
		t.Run(policy, func(t *testing.T) {
			s.t = t
			runs := map[string]bool{}
			for _, slug := range []string{"left", "right"} {
				slug += "-" + map[string]string{"USE_EXISTING": "use", "TERMINATE_EXISTING": "end", "FAIL": "fail"}[policy]
				s.tenant(slug, signalbox.TenantEdit{})
				admin := s.key(slug, "tenant:admin")
				s.ok(admin, `mutation { updateSettings(input: {unknownNames: ACCEPT}) { unknownNames } }`, nil)
				s.ok(admin, `mutation { createRule(publish: true, input: {name: "r", on: {type: "a", operation: "b"},
					start: {workflow: "W", taskQueue: "q", id: "'`+same+policy+`'", reusePolicy: ALLOW_DUPLICATE, conflictPolicy: `+policy+`}}) { rule { name } } }`, nil)
				a := s.ok(admin, `mutation { sendCustomEvent(input: {type: "a", operation: "b", payload: {id: "1"}}) { workflows { id runID } dispatches { status } } }`, nil)
				require.Equal(t, slug+"/"+same+policy, a.at("sendCustomEvent.workflows.id"), a.Text)
				require.Equal(t, "STARTED", a.at("sendCustomEvent.dispatches.status"), "not the other's: %s", a.Text)
				runs[a.at("sendCustomEvent.workflows.runID")] = true

				refused := s.ask(admin, `mutation { createRule(input: {name: "s", on: {type: "a", operation: "b"}, start: {workflow: "W", taskQueue: "q", namespace: "elsewhere"}}) { rule { name } } }`, nil)
				require.Equal(t, "CONFIGURATION", refused.code(), refused.Text)
			}
			require.Len(t, runs, 2)
		})
	}
}
