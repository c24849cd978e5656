package datadir

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// Visiting makes the folder, works while somebody holds it, and keeps nobody from it.
func TestVisit(t *testing.T) {
	t.Chdir(t.TempDir())
	path, err := Visit("a/b")
	if err != nil || !filepath.IsAbs(path) || mode(t, path) != os.ModeDir|0o700 {
		t.Fatalf("got %q, %v", path, err)
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if again, err := Visit(path); err != nil || again != path {
		t.Errorf("got %q, %v while the folder is held", again, err)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{path, "", "~/x", "~", filepath.Join(path, LockFile)} {
		if _, err := Visit(bad); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("Visit(%q): %v", bad, err)
		}
	}
}
