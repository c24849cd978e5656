//go:build !linux

package rig

import "os/exec"

// dieWithParent is something that only Linux offers.
func dieWithParent(*exec.Cmd) {}
