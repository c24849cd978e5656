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

// Looking makes nothing, and says the same of what is there.
func TestLook(t *testing.T) {
	t.Chdir(t.TempDir())
	path, err := Look("a/b")
	if stt.CodeOf(err) != stt.NotFound || !filepath.IsAbs(path) {
		t.Errorf("got %q, %v of a folder that is not there", path, err)
	}
	if _, err := os.Stat("a"); err == nil {
		t.Error("a folder has been made")
	}
	made, err := Visit("a/b")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Look("a/b"); err != nil || again != made || again != path {
		t.Errorf("got %q, %v; made %q", again, err, made)
	}
	for _, bad := range []string{"", "~/x"} {
		if _, err := Look(bad); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("Look(%q): %v", bad, err)
		}
	}
}
