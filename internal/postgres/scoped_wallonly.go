//go:build wallonly

package postgres

import "regexp"

var tenantCondition = regexp.MustCompile(`(\b\w+\.)?tenant_id = \$1\b|\btenants\.id = \$1\b`)

// scoped takes the first wall out: a test build in which no statement asks for a
// tenant shows that the second wall alone keeps tenants apart.
func scoped(sql string) string { return tenantCondition.ReplaceAllString(sql, "$$1::uuid IS NOT NULL") }
