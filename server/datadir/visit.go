package datadir

import (
	"path/filepath"

	"github.com/earshot-stt/earshot/stt"
)

// Visit makes the folder where it is missing and looks at it as [Open] does, and returns its absolute path, but leaves the lock alone:
// for commands that work beside a server. Errors are those of Open, without Conflict.
func Visit(path string) (string, error) {
	if path == "" || path[0] == '~' {
		return "", stt.InvalidOption("--data", path, "a folder; $EARSHOT_DATA, $XDG_DATA_HOME and $HOME do not say one either")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", invalid("%q: %v", path, err)
	}
	return path, check(path)
}
