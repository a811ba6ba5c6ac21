package signalbox

import "strings"

// SensitiveName tells of the name of a member whether its value is likely a secret
// (P-27). Case, dashes and underscores do not matter.
func SensitiveName(key string) bool {
	return sensitiveNames[strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))]
}

var sensitiveNames = map[string]bool{"password": true, "secret": true, "token": true}
