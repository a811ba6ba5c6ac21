package devstack

import "syscall"

// dieWithParent asks for a fast shutdown of Postgres when we are gone.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
