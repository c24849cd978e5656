package datadir

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestOpenMakes(t *testing.T) {
	base := t.TempDir()
	path := filepath.Join(base, "a", "b")
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, made := range []string{filepath.Join(base, "a"), path} {
		if got := mode(t, made); got != os.ModeDir|0o700 {
			t.Errorf("%s has mode %v", made, got)
		}
	}
	if got := mode(t, filepath.Join(path, LockFile)); got != 0o600 {
		t.Errorf("the lock has mode %v", got)
	}
	if text, err := os.ReadFile(filepath.Join(path, LockFile)); err != nil || string(text) != strconv.Itoa(os.Getpid())+"\n" {
		t.Errorf("the lock says %q, %v", text, err)
	}
}

func TestPath(t *testing.T) {
	t.Chdir(t.TempDir())
	d, err := Open("data")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // the folder stays where it was
	for name, want := range map[string]string{"": "", "credentials": "/credentials", "tls/ca.pem": "/tls/ca.pem",
		"../x": "/x", "a/../../../x": "/x", "/etc/passwd": "/etc/passwd", "..": ""} {
		if got := d.Path(name); got != filepath.Join(here, "data")+want {
			t.Errorf("Path(%q) is %q", name, got)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"a file", func(p string) error { return os.WriteFile(p, nil, 0o600) }, "expected a folder at"},
		{"a link into nowhere", func(p string) error { return os.Symlink("nowhere", p) }, "cannot make the data folder"},
		{"others may look", func(p string) error { return mkdir(p, 0o755) }, "has mode 0755: run chmod 700 "},
		{"the group may look", func(p string) error { return mkdir(p, 0o740) }, "has mode 0740: run chmod 700 "},
		{"others may enter", func(p string) error { return mkdir(p, 0o701) }, "has mode 0701: run chmod 700 "},
		{"the lock is a folder", func(p string) error { return os.MkdirAll(filepath.Join(p, LockFile), 0o700) }, LockFile},
		{"the lock is a link", func(p string) error {
			if err := mkdir(p, 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(p, "precious"), []byte("x"), 0o600); err != nil {
				return err
			}
			return os.Symlink("precious", filepath.Join(p, LockFile))
		}, LockFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "the data's")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			d, err := Open(path)
			if err == nil {
				d.Close()
				t.Fatal("no error")
			}
			e := stt.AsError(err)
			if e.Code != stt.Invalid || e.Option != "--data" || !strings.Contains(e.Msg, c.want) || !strings.Contains(e.Msg, path) {
				t.Errorf("got %v %q; want %q and the path", e.Code, e.Msg, c.want)
			}
			if strings.Contains(c.want, "chmod") && !strings.HasSuffix(e.Msg, `/the data'\''s'`) {
				t.Errorf("%q cannot be pasted into a shell", e.Msg)
			}
		})
	}
}

func mkdir(path string, mode os.FileMode) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return os.Chmod(path, mode) // the umask does not apply
}

func TestOpenPathErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                 "$HOME",
		"~/x":              "$HOME",
		"~bob":             "~bob",
		file + "/below":    "not a directory",
		file + "/far/down": "not a directory",
		"nul\x00":          "invalid argument",
	} {
		d, err := Open(path)
		if err == nil {
			d.Close()
		}
		if stt.CodeOf(err) != stt.Invalid || !strings.Contains(fmt.Sprint(err), want) || !strings.Contains(fmt.Sprint(err), "data") {
			t.Errorf("Open(%q): %v; want %q", path, err, want)
		}
	}
	if entries, _ := os.ReadDir("."); len(entries) != 0 {
		t.Errorf("made %v", entries)
	}
}

// A link to a folder is as good as the folder, and locks the same lock.
func TestOpenThroughLink(t *testing.T) {
	base := t.TempDir()
	link := filepath.Join(base, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	d, err := Open(filepath.Join(base, "real"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := Open(link); stt.CodeOf(err) != stt.Conflict {
		t.Errorf("got %v; want a conflict", err)
	}
}

func TestLockInOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	want := fmt.Sprintf("process %d uses the data folder %q", os.Getpid(), path)
	if stt.CodeOf(err) != stt.Conflict || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("the second got %v; want %q", err, want)
	}
	if text, err := os.ReadFile(first.Path(LockFile)); err != nil || string(text) != strconv.Itoa(os.Getpid())+"\n" {
		t.Errorf("after a refusal the lock says %q, %v", text, err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(first.Path(LockFile)); err != nil || len(text) != 0 {
		t.Errorf("after Close the lock says %q, %v", text, err)
	}
	second, err := Open(path)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	if _, err := Open(path); stt.CodeOf(err) != stt.Conflict {
		t.Errorf("the first's second Close let go of the second's lock: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// Of many that start at once exactly one gets the folder, and Close may come from anywhere.
func TestLockRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	for range 20 {
		var mu sync.Mutex
		var got []*Dir
		var starters sync.WaitGroup
		for range 8 {
			starters.Go(func() { // owned by this test, ends with its attempt
				d, err := Open(path)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, d)
				} else if stt.CodeOf(err) != stt.Conflict {
					t.Error(err)
				}
			})
		}
		starters.Wait()
		if len(got) != 1 {
			t.Fatalf("%d got the folder", len(got))
		}
		var closers sync.WaitGroup
		for range 4 {
			closers.Go(func() { // owned by this test, ends with Close
				if err := got[0].Close(); err != nil {
					t.Error(err)
				}
			})
		}
		closers.Wait()
	}
}

// Whoever has the lock may not have written its number yet, or somebody else wrote nonsense.
func TestHolderUnknown(t *testing.T) {
	for _, text := range []string{"", "\n", "-1\n", "abc", "99999999999999999999999", strings.Repeat("1", 100)} {
		path := filepath.Join(t.TempDir(), "data")
		if err := mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		lock, err := os.Create(filepath.Join(path, LockFile))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		_, err = Open(path)
		lock.Close()
		if stt.CodeOf(err) != stt.Conflict || !strings.Contains(err.Error(), "another process uses") {
			t.Errorf("the lock says %q: %v", text, err)
		}
	}
}
