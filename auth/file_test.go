package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

// bench is a credentials file under test: a clock that stands still until it is moved, and what Changed was told.
type bench struct {
	t    *testing.T
	path string
	file *File

	mu   sync.Mutex // guards what follows
	now  time.Time
	told []error
}

// The files' times lie far from the clock's unless a test says otherwise, so that they count as settled.
var longAgo = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)

func newBench(t *testing.T, text string) *bench {
	t.Helper()
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "credentials"), now: longAgo.Add(24 * time.Hour)}
	b.write(text, longAgo)
	file, err := OpenFile(b.path, FileOptions{
		Now: func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.now },
		Changed: func(err error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.told = append(b.told, err)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.file = file
	return b
}

func (b *bench) write(text string, at time.Time) {
	b.t.Helper()
	if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Chtimes(b.path, at, at); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) advance(d time.Duration) { b.mu.Lock(); defer b.mu.Unlock(); b.now = b.now.Add(d) }

// expect looks a key up and compares what was told since the last time.
func (b *bench) expect(when, id string, secrets []string, told ...string) {
	b.t.Helper()
	key, err := b.file.AccessKey(b.t.Context(), id)
	if !slices.Equal(key.Secrets, secrets) || (err == nil) != (secrets != nil) {
		b.t.Errorf("%s: got %q, %v; want %q", when, key.Secrets, err, secrets)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.told) != len(told) {
		b.t.Errorf("%s: told %q; want %q", when, b.told, told)
	}
	for i, err := range b.told[:min(len(b.told), len(told))] {
		if text := fmt.Sprint(err); !strings.Contains(text, told[i]) {
			b.t.Errorf("%s: told %q; want %q", when, text, told[i])
		}
	}
	b.told = nil
}

const renewed = "<nil>"

func TestFile(t *testing.T) {
	b := newBench(t, section("default", idA, secretA)+section("night", idB, secretB))
	b.expect("first", idA, []string{secretA})
	b.expect("second key", idB, []string{secretB})
	b.expect("unknown", "ESHKCCCC", nil)
	b.expect("other case", strings.ToLower(idA), nil)
	if b.file.Len() != 2 {
		t.Errorf("Len is %d", b.file.Len())
	}
	key, _ := b.file.AccessKey(t.Context(), idB)
	if key.Name != "night" || !reflect.DeepEqual(key.Principal(), Principal{KeyID: idB, Name: "night", Account: DefaultAccount, Policies: []policy.Policy{DefaultPolicy()}}) {
		t.Errorf("got %v, principal %v", key, key.Principal())
	}
	key.Secrets[0] = "changed"
	b.expect("after a change to a result", idB, []string{secretB})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.file.AccessKey(ctx, idA); stt.CodeOf(err) != stt.Canceled {
		t.Errorf("with a context that is done: %v", err)
	}
}

func TestFileReload(t *testing.T) {
	old, next := section("default", idA, secretA), section("default", idA, secretB)
	for _, c := range []struct {
		name   string
		change func(b *bench)
		want   []string
		told   []string
	}{
		{"nothing", func(*bench) {}, []string{secretA}, nil},
		{"written again as it was", func(b *bench) { b.write(old, longAgo.Add(time.Hour)) }, []string{secretA}, nil},
		{"later", func(b *bench) { b.write(next, longAgo.Add(time.Hour)) }, []string{secretB}, []string{renewed}},
		{"longer, same time", func(b *bench) { b.write(next+"\n", longAgo) }, []string{secretB}, []string{renewed}},
		{"rotated", func(b *bench) { b.write(next+section("old", idA, secretA), longAgo) }, []string{secretB, secretA}, []string{renewed}},
		{"another file moved over it, same time and size", func(b *bench) {
			path := b.path
			b.path += ".new"
			b.write(next+strings.Repeat("\n", len(old)-len(next)), longAgo)
			if err := os.Rename(b.path, path); err != nil {
				b.t.Fatal(err)
			}
			b.path = path
		}, []string{secretB}, []string{renewed}},
		{"emptied", func(b *bench) { b.write("", longAgo.Add(time.Hour)) }, nil, []string{renewed}},
		{"broken", func(b *bench) { b.write(next+"secret\n", longAgo) }, []string{secretA}, []string{"line 4: expected name = value"}},
		{"half a key", func(b *bench) { b.write("[x]\naws_access_key_id = "+idA, longAgo) }, []string{secretA}, []string{"line 1: expected \"aws_secret_access_key\""}},
		{"removed", func(b *bench) { _ = os.Remove(b.path) }, []string{secretA}, []string{"there is no file"}},
		{"opened to others", func(b *bench) { _ = os.Chmod(b.path, 0o640) }, []string{secretA}, []string{"chmod 600 " + "/"}},
		{"too large", func(b *bench) { b.write(strings.Repeat("\n", maxFileSize+1), longAgo) }, []string{secretA}, []string{"1048576 bytes"}},
		{"made a folder", func(b *bench) { _ = os.Remove(b.path); _ = os.Mkdir(b.path, 0o700) }, []string{secretA}, []string{"got something else"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, old)
			c.change(b)
			b.advance(checkEvery - 1)
			b.expect("before a second has passed", idA, []string{secretA})
			b.advance(1)
			b.expect("after a second", idA, c.want, c.told...)
			b.expect("at once again", idA, c.want)
			b.advance(time.Minute)
			b.expect("a minute later, unchanged", idA, c.want)

			_ = os.Remove(b.path)
			b.write(next+"\n# mended\n", longAgo.Add(2*time.Hour))
			b.advance(checkEvery)
			b.expect("mended", idA, []string{secretB}, renewed)
		})
	}
}

// An error that passes without new content is told as well: whoever logged the first line wants the second.
func TestFileTroublePasses(t *testing.T) {
	b := newBench(t, section("default", idA, secretA))
	for _, mode := range []os.FileMode{0o644, 0o600, 0o700, 0o400} {
		if err := os.Chmod(b.path, mode); err != nil {
			t.Fatal(err)
		}
		b.advance(checkEvery)
		want := renewed
		if mode&^0o600 != 0 {
			want = fmt.Sprintf("has mode %04o: run chmod 600", mode)
		}
		if mode == 0o400 {
			b.expect("0400 after 0700", idA, []string{secretA}, want)
			continue
		}
		b.expect(mode.String(), idA, []string{secretA}, want)
	}
}

// A write within the tick of the file system's clock that the last read fell into leaves time and size as they were.
func TestFileWrittenWhileRead(t *testing.T) {
	b := newBench(t, section("default", idA, secretA))
	justNow := b.now
	b.write(section("default", idA, secretB), justNow)
	b.advance(checkEvery)
	b.expect("changed just now", idA, []string{secretB}, renewed)
	b.write(section("default", idA, strings.ToUpper(secretB)), justNow)
	b.advance(checkEvery)
	b.expect("changed again, no stamp tells", idA, []string{strings.ToUpper(secretB)}, renewed)
	b.advance(settling)
	b.expect("settled", idA, []string{strings.ToUpper(secretB)})
}

func TestFileClockBackwards(t *testing.T) {
	b := newBench(t, section("default", idA, secretA))
	b.advance(-10 * time.Hour)
	b.write(section("default", idA, secretB), longAgo.Add(time.Minute))
	b.expect("clock set back", idA, []string{secretB}, renewed)
}

func TestOpenFileErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(path string) error
		code stt.Code
		want string
	}{
		{"missing", func(string) error { return nil }, stt.NotFound, `there is no file "`},
		{"folder", func(p string) error { return os.Mkdir(p, 0o700) }, stt.Invalid, "expected a file"},
		{"pipe", func(p string) error { return syscall.Mkfifo(p, 0o600) }, stt.Invalid, "expected a file"},
		{"group may read", func(p string) error { return writeMode(p, "", 0o640) }, stt.Invalid, "it has mode 0640: run chmod 600 "},
		{"all may read", func(p string) error { return writeMode(p, "", 0o644) }, stt.Invalid, "it has mode 0644: run chmod 600 "},
		{"others may write", func(p string) error { return writeMode(p, "", 0o602) }, stt.Invalid, "it has mode 0602: run chmod 600 "},
		{"too large", func(p string) error { return os.WriteFile(p, make([]byte, maxFileSize+1), 0o600) }, stt.Invalid, "at most 1048576 bytes; got 1048577"},
		{"a bad line", func(p string) error { return os.WriteFile(p, []byte("[x]\n"+secretA), 0o600) }, stt.Invalid, "line 2: expected name = value"},
		{"nine secrets", func(p string) error { return os.WriteFile(p, []byte(nineSecrets()), 0o600) }, stt.Invalid, "line 25: expected at most 8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "it's here")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			_, err := OpenFile(path, FileOptions{})
			if err == nil {
				t.Fatal("no error")
			}
			if e := stt.AsError(err); e.Code != c.code || !strings.Contains(e.Msg, c.want) || !strings.Contains(e.Msg, path) {
				t.Errorf("got %v %q; want %v %q and the path", e.Code, e.Msg, c.code, c.want)
			}
			if strings.Contains(c.want, "chmod") && !strings.HasSuffix(err.Error(), `it'\''s here'`) {
				t.Errorf("%q cannot be pasted into a shell", err)
			}
		})
	}
	if _, err := OpenFile(filepath.Join(t.TempDir(), "no", "such"), FileOptions{}); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("in a missing folder: %v", err)
	}
}

func writeMode(path, text string, mode os.FileMode) error {
	return errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode))
}

func TestFileLargest(t *testing.T) {
	text := section("default", idA, secretA)
	b := newBench(t, text+strings.Repeat("\n", maxFileSize-len(text)))
	b.expect("a file of exactly the limit", idA, []string{secretA})
}

// Many look keys up while the file changes. Each sees one content or the next, never none.
func TestFileConcurrently(t *testing.T) {
	b := newBench(t, section("default", idA, secretA))
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() { // owned by this test, ends after 200 look-ups
			for range 200 {
				key, err := b.file.AccessKey(t.Context(), idA)
				if err != nil || len(key.Secrets) != 1 {
					t.Errorf("got %v, %v", key, err)
				}
			}
		})
	}
	for i := range 50 {
		next := b.path + ".new"
		if err := os.WriteFile(next, []byte(section("default", idA, fmt.Sprint("secret", i))), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, b.path); err != nil {
			t.Fatal(err)
		}
		b.advance(checkEvery)
	}
	readers.Wait()
	b.advance(checkEvery)
	if key, err := b.file.AccessKey(t.Context(), idA); err != nil || key.Secrets[0] != "secret49" {
		t.Errorf("at the end got %v, %v", key, err)
	}
	for _, err := range b.told {
		if err != nil {
			t.Errorf("told %v", err)
		}
	}
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{"/var/lib/ear-shot_1.x": "/var/lib/ear-shot_1.x", "": "''", "a b": "'a b'",
		"it's": `'it'\''s'`, "$HOME": "'$HOME'", "-rf": "'-rf'", "büro": "'büro'", "a\nb": "'a\nb'"} {
		if got := shellWord(in); got != want {
			t.Errorf("%q became %s; want %s", in, got, want)
		}
	}
}
