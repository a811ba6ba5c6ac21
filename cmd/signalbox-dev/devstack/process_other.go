//go:build !linux

package devstack

import "syscall"

// dieWithParent can do nothing here: after kill -9 Postgres goes on, and the
// next start stops it.
func dieWithParent(*syscall.SysProcAttr) {}
