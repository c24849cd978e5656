package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

var tester = store.Actor{Name: "tester"}

// A database that is taken away while it is in use takes no change any more: nobody would ever find it.
func TestTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	open := func() *store.Store {
		s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	s := open()
	change := func(name string) error {
		_, err := s.CreateAccount(t.Context(), tester, store.Account{Name: name})
		return err
	}
	well := func(what string) {
		t.Helper()
		if err := s.Sound(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if err := change(what); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused := func(what, text string) {
		t.Helper()
		for _, err := range []error{s.Sound(t.Context()), change(what), s.AddUsage(t.Context(), []store.Usage{{Session: "s", Sequence: 1, At: time.Now(), Account: "1", Streams: 1}})} {
			if stt.CodeOf(err) != stt.Unavailable || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v, want %q", what, err, text)
			}
		}
	}
	well("as it was")
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	refused("deleted", "no such file any more")
	open() // another one
	refused("replaced", "another file is at")
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	well("back")
}

// A process that can read the master key again does so when another one has rotated it. Until then it says what is the matter.
func TestMasterReadAgain(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "s.db")
	before, after := store.NewMaster(), store.NewMaster()
	current := before
	open := func(o store.Options) *store.Store {
		o.Master = before
		s, err := store.Open(t.Context(), url, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	s := open(store.Options{Reload: func() (*store.Master, error) { return current, nil }})
	without, other := open(store.Options{}), open(store.Options{})
	a, err := s.CreateAccount(t.Context(), tester, store.Account{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	old, err := s.CreateAccessKey(t.Context(), tester, store.AccessKey{Account: a.ID, Name: "old"})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.RotateMaster(t.Context(), tester, after); err != nil {
		t.Fatal(err)
	}
	shut := func(s *store.Store) {
		t.Helper()
		_, err := s.AccessKey(t.Context(), old.ID)
		for _, err := range []error{err, s.Sound(t.Context())} {
			if stt.CodeOf(err) != stt.Unavailable || !strings.Contains(err.Error(), "rotated") || !strings.Contains(err.Error(), after.ID()) {
				t.Errorf("%v", err)
			}
		}
		report, err := s.Check(t.Context())
		if err != nil || len(report.Findings) != 1 || !strings.Contains(report.Findings[0], "rotated") {
			t.Errorf("%v, %v", report.Findings, err)
		}
	}
	shut(s)
	shut(without)
	current = after
	shut(without)
	if got, err := s.AccessKey(t.Context(), old.ID); err != nil || len(got.Secrets) != 1 || got.Secrets[0].Value != old.Secrets[0].Value {
		t.Errorf("after it was read again: %v", err)
	}
	if err := s.Sound(t.Context()); err != nil {
		t.Error(err)
	}
	if report, err := s.Check(t.Context()); err != nil || len(report.Findings) != 0 {
		t.Errorf("%v, %v", report.Findings, err)
	}
	if _, err := s.CreateAccessKey(t.Context(), tester, store.AccessKey{Account: a.ID, Name: "new"}); err != nil {
		t.Error(err)
	}
}
