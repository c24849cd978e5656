package web_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/web"
)

// What is served is a file system like any other, and has nothing in it that is only for those who work on the files.
func TestShown(t *testing.T) {
	for name, c := range map[string]struct {
		files fs.FS
		has   string
	}{"console": {web.Console, "index.html"}, "client": {web.Client, "speechall.js"}} {
		t.Run(name, func(t *testing.T) {
			if content, err := fs.ReadFile(c.files, c.has); err != nil || len(content) == 0 {
				t.Errorf("%s: %d bytes, %v", c.has, len(content), err)
			}
			err := fs.WalkDir(c.files, ".", func(path string, d fs.DirEntry, err error) error {
				for _, part := range []string{"_test.", ".test.", ".d.ts", "package.json", "node_modules"} {
					if strings.Contains(path, part) {
						t.Errorf("%s is not for browsers", path)
					}
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			for _, path := range []string{"package.json", "../client/package.json", "../embed.go", "/index.html", "test/x_test.js"} {
				if _, err := c.files.Open(path); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("opening %s: %v, expected that there is none", path, err)
				}
			}
		})
	}
}
