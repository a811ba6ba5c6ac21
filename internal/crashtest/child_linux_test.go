package crashtest

import "syscall"

// childAttr lets no child outlive a test binary that is killed or times out.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
