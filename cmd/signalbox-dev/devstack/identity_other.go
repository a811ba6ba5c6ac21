//go:build !linux

package devstack

// platformIdentities has nothing to add where there are neither ambient
// capabilities nor user namespaces.
func platformIdentities([]account) []identity { return nil }
