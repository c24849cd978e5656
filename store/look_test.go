package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Where nothing can be written a database can be looked at, whole, and nothing is made beside it.
func TestLook(t *testing.T) {
	by := store.Actor{Name: "tester"}
	path := filepath.Join(t.TempDir(), "store.db")
	master := store.NewMaster()
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Master: master})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.CreateAccount(t.Context(), by, store.Account{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	look := func(name string) {
		t.Helper()
		ro, err := store.OpenToLook(t.Context(), path, store.Options{Master: master})
		if err != nil {
			t.Fatal(err)
		}
		defer ro.Close()
		if got, err := ro.AccountByName(t.Context(), name); err != nil || got.ID != a.ID {
			t.Errorf("%+v, %v", got, err)
		}
		if report, err := ro.Check(t.Context()); err != nil || len(report.Findings) > 0 {
			t.Errorf("%+v, %v", report, err)
		}
		var backup bytes.Buffer
		if _, err := ro.Backup(t.Context(), &backup); err != nil {
			t.Error(err)
		}
		if _, err := store.ReadBackup(&backup); err != nil {
			t.Error(err)
		}
		if _, err := ro.CreateAccount(t.Context(), by, store.Account{Name: "b"}); stt.CodeOf(err) != stt.Unavailable {
			t.Errorf("something is changed: %v", err)
		}
	}
	look("a") // what was written last is in the journal, as in a snapshot of a server that runs
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + "-lock"); err != nil {
		t.Fatal(err)
	}
	look("a")
	wantFiles(t, filepath.Dir(path), "store.db")
	if _, err := store.OpenToLook(t.Context(), path, store.Options{Master: store.NewMaster()}); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("with another master key: %v", err)
	}
	if _, err := store.OpenToLook(t.Context(), path+"x", store.Options{}); stt.CodeOf(err) != stt.Unavailable {
		t.Errorf("nothing is there: %v", err)
	}
}

// What cannot be made and what cannot be written are two things.
func TestUnwritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + "-lock"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+"-lock", 0o700); err != nil { // whoever runs the tests may be allowed all
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+path, store.Options{}); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "the database cannot be written: ") {
		t.Error(err)
	}
}

// Who is told that the disk is full learns what that means for what he wanted.
func TestFullDisk(t *testing.T) {
	s, err := store.Open(t.Context(), newFile(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	by := store.Actor{Name: "tester"}
	a, err := s.CreateAccount(t.Context(), by, store.Account{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = s.PutResource(t.Context(), by, store.Resource{Account: a.ID, Kind: "k", Name: "n", Content: make([]byte, 1<<19)}, store.Create)
	if stt.CodeOf(err) != stt.Unavailable || !strings.Contains(err.Error(), "is full") || !strings.Contains(err.Error(), "no key disabled") {
		t.Error(err)
	}
	if _, err := s.Account(t.Context(), a.ID); err != nil {
		t.Errorf("it cannot be read either: %v", err)
	}
}
