package store_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// slowly is a backup of which some comes, then something happens, then the rest comes.
type slowly struct {
	data   []byte
	at     int // where it happens
	happen func()
}

func (s *slowly) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 64)], s.data)
	s.data = s.data[n:]
	if s.at -= n; s.at <= 0 && s.happen != nil {
		s.happen()
		s.happen = nil
	}
	return n, nil
}

// A database that somebody makes while a backup is being restored to its place stays, whether the restore comes to its end or not.
func TestRestoreBesideOthers(t *testing.T) {
	by := store.Actor{Name: "tester"}
	full, err := store.Open(t.Context(), newFile(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	a, err := full.CreateAccount(t.Context(), by, store.Account{Name: "of the backup"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} { // more than is read ahead
		content := make([]byte, 100<<10)
		_, _ = rand.Read(content) // it does not fail
		if _, err := full.PutResource(t.Context(), by, store.Resource{Account: a.ID, Kind: "k", Name: name, Content: content}, store.Create); err != nil {
			t.Fatal(err)
		}
	}
	var backup bytes.Buffer
	if _, err := full.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	whole := backup.Bytes()
	for name, c := range map[string]struct {
		data []byte
		code stt.Code
	}{"half of a backup": {whole[:len(whole)/2], stt.Malformed}, "a whole one": {whole, stt.Conflict}} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			url := "sqlite:" + filepath.Join(folder, "store.db")
			var made *store.Store
			in := &slowly{data: c.data, at: len(whole) / 3}
			in.happen = func() {
				var err error
				if made, err = store.Open(t.Context(), url, store.Options{}); err != nil {
					t.Fatal(err)
				}
				if _, err := made.CreateAccount(t.Context(), by, store.Account{Name: "of somebody else"}); err != nil {
					t.Fatal(err)
				}
			}
			b, err := store.ReadBackup(in)
			if err != nil || made != nil {
				t.Fatal("something happened too soon", err)
			}
			if err := b.Restore(t.Context(), url, by, store.Options{}); stt.CodeOf(err) != c.code {
				t.Errorf("expected the code %v; got %v", c.code, err)
			}
			if _, err := made.AccountByName(t.Context(), "of somebody else"); err != nil {
				t.Errorf("what somebody made is lost: %v", err)
			}
			again, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := again.AccountByName(t.Context(), "of somebody else"); err != nil {
				t.Errorf("what somebody made is lost for who comes later: %v", err)
			}
			if err := errors.Join(again.Close(), made.Close()); err != nil {
				t.Error(err)
			}
			wantFiles(t, folder, "store.db", "store.db-lock")
		})
	}
}

// A restore leaves a database and nothing else; one that fails leaves nothing; a journal of a database that is gone is none of it.
func TestRestoreLeaves(t *testing.T) {
	s, err := store.Open(t.Context(), newFile(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateAccount(t.Context(), store.Actor{Name: "tester"}, store.Account{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if _, err := s.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	restore := func(folder string, by store.Actor) error {
		b, err := store.ReadBackup(bytes.NewReader(backup.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		return b.Restore(t.Context(), "sqlite:"+filepath.Join(folder, "store.db"), by, store.Options{})
	}
	folder := t.TempDir()
	if err := restore(folder, store.Actor{}); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("restored by nobody: %v", err)
	}
	wantFiles(t, folder)
	if err := restore(folder, store.Actor{Name: "tester"}); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, "store.db")
	if info, err := os.Stat(filepath.Join(folder, "store.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("expected the mode 0600; got %v, %v", info, err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "store.db-wal"), []byte("a journal"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restore(other, store.Actor{Name: "tester"}); stt.CodeOf(err) != stt.Conflict {
		t.Errorf("restored beside a journal: %v", err)
	}
	wantFiles(t, other, "store.db-wal")
	if err := restore(filepath.Join(other, "missing"), store.Actor{Name: "tester"}); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("restored into a folder that is not there: %v", err)
	}
}

// What a restore that was killed has left goes with the next that opens the database, or restores it; not what a restore is at, nor what only looks like it.
func TestRestoresThatWereKilled(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "store.db")
	leave := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("left"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	others := []string{"store.db.restore-", "store.db.restore-1-2", "store.db.restore-1.gz", "store.db.restore-old", "other.db.restore-1"}
	leave(others...)
	leave("store.db.restore-1", "store.db.restore-1-wal", "store.db.restore-1-shm", "store.db.restore-1-lock", "store.db.restore-22", "store.db.restore-333-wal")
	leave("store.db.restore-4444", "store.db.restore-4444-wal")
	busy, err := os.Open(filepath.Join(folder, "store.db.restore-4444"))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if err := syscall.Flock(int(busy.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if _, err := s.CreateAccount(t.Context(), store.Actor{Name: "tester"}, store.Account{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, append(others, "store.db", "store.db-lock", "store.db.restore-4444", "store.db.restore-4444-wal")...)

	if err := busy.Close(); err != nil { // that one is killed now, and another after it had given the database its name
		t.Fatal(err)
	}
	if err := os.Link(path, path+".restore-5"); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(t.Context(), "sqlite:"+path, store.Options{Existing: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AccountByName(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, append(others, "store.db", "store.db-lock")...)

	if err := os.Rename(path, filepath.Join(folder, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	leave("store.db.restore-6", "store.db.restore-6-wal")
	b, err := store.ReadBackup(&backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(t.Context(), "sqlite:"+path, store.Actor{Name: "tester"}, store.Options{}); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, folder, append(others, "elsewhere", "store.db", "store.db-lock")...)
}

// wantFiles checks which files are in a folder.
func wantFiles(t *testing.T, folder string, want ...string) {
	t.Helper()
	slices.Sort(want)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if len(got) != len(want) {
		t.Fatalf("files %q, expected %q", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("files %q, expected %q", got, want)
		}
	}
}
