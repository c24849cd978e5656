package datadir

import "path/filepath"

// Resolve returns the path of the data folder and, in a word for a log line, where it comes from:
//
//	flag, if not empty       "--data"
//	$EARSHOT_DATA            "$EARSHOT_DATA"
//	$XDG_DATA_HOME/earshot   "$XDG_DATA_HOME"
//	~/.local/share/earshot   "$HOME"
//
// A relative $XDG_DATA_HOME does not count, as its specification says. A path that begins with "~/" is taken to be in the
// home folder: shells leave "--data=~/x" as it is. If nothing is set, $HOME included, path is empty, and [Open] says so.
// getenv is os.Getenv or a stand-in.
func Resolve(flag string, getenv func(string) string) (path, why string) {
	home := getenv("HOME")
	if flag != "" {
		return expand(flag, home), "--data"
	}
	if path := getenv("EARSHOT_DATA"); path != "" {
		return expand(path, home), "$EARSHOT_DATA"
	}
	if base := getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "earshot"), "$XDG_DATA_HOME"
	}
	if home != "" {
		return filepath.Join(home, ".local", "share", "earshot"), "$HOME"
	}
	return "", "nothing"
}

// expand replaces a "~" at the beginning. Another user's, "~name", is left for Open to refuse.
func expand(path, home string) string {
	switch {
	case home == "":
	case path == "~":
		return home
	case len(path) >= 2 && path[:2] == "~/":
		return filepath.Join(home, path[2:])
	}
	return path
}
