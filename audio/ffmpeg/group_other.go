//go:build !unix

package ffmpeg

import "os/exec"

// ownGroup does nothing where there are no groups of processes: the process alone is killed.
func ownGroup(*exec.Cmd) {}
