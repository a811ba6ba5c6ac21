// Package dashboard owns the browser assets that the binary serves: GraphiQL at
// /playground, whole and without a third-party host.
//
// It knows nothing of events or of GraphQL's schema; what its pages show comes from
// the server's public endpoints, as it would for any other client.
//
// The source is in web/playground, and its build is committed in playground/, so
// that building the binary takes Go alone. After a change there:
//
//	cd web/playground && npm ci && npm run build
//
// The same source gives the same bytes.
package dashboard
