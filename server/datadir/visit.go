package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/earshot-stt/earshot/stt"
)

// Visit makes the folder where it is missing and looks at it as [Open] does, and returns its absolute path, but leaves the lock alone:
// for commands that work beside a server. Errors are those of Open, without Conflict.
func Visit(path string) (string, error) {
	path, err := full(path)
	if err != nil {
		return "", err
	}
	return path, check(path)
}

// Look is [Visit], but makes nothing: where the folder is missing it returns its path, and NotFound.
func Look(path string) (string, error) {
	path, err := full(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return path, &stt.Error{Code: stt.NotFound, Op: "open data folder", Option: "--data", Msg: fmt.Sprintf("there is no data folder %q", path)}
	}
	return path, check(path)
}

func full(path string) (string, error) {
	if path == "" || path[0] == '~' {
		return "", stt.InvalidOption("--data", path, "a folder; $EARSHOT_DATA, $XDG_DATA_HOME and $HOME do not say one either")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", invalid("%q: %v", path, err)
	}
	return absolute, nil
}
