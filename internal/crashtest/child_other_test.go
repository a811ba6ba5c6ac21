//go:build !linux

package crashtest

import "syscall"

// childAttr can do nothing here: t.Cleanup ends children.
func childAttr() *syscall.SysProcAttr { return nil }
