package storetest

import "syscall"

// dieWithParent has the system end the server should the tests be killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} }
