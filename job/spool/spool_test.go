package spool_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/job/spool"
	"github.com/earshot-stt/earshot/stt"
)

func TestFiles(t *testing.T) {
	folder := t.TempDir()
	s := spool.New(folder, 2*spool.InMemory)
	for _, n := range []int{0, 1, spool.InMemory - 1, spool.InMemory, spool.InMemory + 12345} {
		want := bytes.Repeat([]byte("0123456789"), n/10+1)[:n]
		for _, onDisk := range []bool{false, true} {
			f, err := s.Take("", bytes.NewReader(want))
			if err != nil {
				t.Fatal(n, err)
			}
			var r io.Reader = f
			if onDisk {
				if r, err = f.Disk(); err != nil {
					t.Fatal(n, err)
				}
			}
			if used := s.Used(); used != 0 && used != int64(n) || used == 0 && (onDisk && n > 0 || n >= spool.InMemory) {
				t.Errorf("%d bytes take %d on disk", n, used)
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes: got %d, %v", n, len(got), err)
			}
			f.Close()
			f.Close()
			if used := s.Used(); used != 0 {
				t.Errorf("%d bytes are taken by nobody", used)
			}
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestQuota(t *testing.T) {
	s := spool.New(t.TempDir(), spool.InMemory+1000)
	a, err := s.Take("", strings.NewReader(strings.Repeat("a", spool.InMemory+500)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take("", strings.NewReader(strings.Repeat("b", spool.InMemory))); stt.CodeOf(err) != stt.Exhausted {
		t.Errorf("got %v", err)
	}
	small, err := s.Take("", strings.NewReader("small ones need no disk"))
	if err != nil {
		t.Fatal(err)
	}
	small.Close()
	a.Close()
	if b, err := s.Take("", strings.NewReader(strings.Repeat("b", spool.InMemory))); err != nil || s.Used() != spool.InMemory {
		t.Errorf("after room was made: %v, %d bytes used", err, s.Used())
	} else {
		b.Close()
	}
}

// However much one owner keeps, there is room for another.
func TestShare(t *testing.T) {
	const most = 4 * spool.InMemory
	s := spool.New(t.TempDir(), most)
	take := func(owner string, n int, want stt.Code) *spool.File {
		t.Helper()
		f, err := s.Take(owner, strings.NewReader(strings.Repeat("a", n)))
		if stt.CodeOf(err) != want {
			t.Fatalf("%d bytes of %s: %v, expected code %v", n, owner, err, want)
		}
		return f
	}
	take("first", most*3/4+1, stt.Quota)
	if used := s.Used(); used != 0 {
		t.Fatalf("%d bytes are taken by a file that was refused", used)
	}
	a := take("first", most*3/4, 0)
	take("first", spool.InMemory, stt.Quota)
	b := take("second", spool.InMemory*3/4, 0) // in memory
	if _, err := b.Disk(); err != nil {
		t.Errorf("there is no room for another: %v", err)
	}
	a.Close()
	c := take("first", spool.InMemory, 0)
	b.Close()
	c.Close()
	if used := s.Used(); used != 0 {
		t.Errorf("%d bytes are taken by nobody", used)
	}
}

func TestFailures(t *testing.T) {
	broken := errors.New("broken off")
	for _, n := range []int{0, 10, spool.InMemory + 10} {
		s := spool.New(t.TempDir(), 0)
		r := io.MultiReader(strings.NewReader(strings.Repeat("a", n)), failing{broken})
		if _, err := s.Take("", r); !errors.Is(err, broken) || s.Used() != 0 {
			t.Errorf("after %d bytes: got %v, %d bytes used", n, err, s.Used())
		}
	}
	s := spool.New("/there/is/no/such/folder", 0)
	if _, err := s.Take("", strings.NewReader(strings.Repeat("a", spool.InMemory))); stt.CodeOf(err) != stt.Internal {
		t.Errorf("without a folder: got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
