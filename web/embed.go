package web

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed console client
var files embed.FS

// Console and Client are the files of the two folders, but for those that only people who work on them need: tests, types and
// descriptions of packages. They must not be changed.
var (
	Console fs.FS = shown{folder: "console"}
	Client  fs.FS = shown{folder: "client"}
)

// shown is a folder without what is nobody's business. It implements [fs.FS] and [fs.ReadDirFS].
type shown struct{ folder string }

// Open implements [fs.FS].
func (s shown) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) || hidden(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return files.Open(path.Join(s.folder, name))
}

// ReadDir implements [fs.ReadDirFS].
func (s shown) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) || hidden(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	list, err := files.ReadDir(path.Join(s.folder, name))
	return slices.DeleteFunc(list, func(e fs.DirEntry) bool { return hidden(path.Join(name, e.Name())) }), err
}

// hidden reports whether any part of a path says that it is for those who work on the files.
func hidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		switch part {
		case "test", "tests", "testdata", "types", "node_modules", "package.json", "package-lock.json", "tsconfig.json", "jsconfig.json":
			return true
		}
		stem, _, _ := strings.Cut(part, ".")
		return strings.HasSuffix(stem, "_test") || strings.Contains(part, ".test.") || strings.HasSuffix(part, ".d.ts") ||
			strings.HasSuffix(part, ".d.mts") || strings.HasSuffix(part, ".md")
	})
}
