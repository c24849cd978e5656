//go:build !linux

package storetest

import "syscall"

// dieWithParent cannot be had here: a server outlives tests that are killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
