package store_test

import (
	"maps"
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
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("replaced", "another file is at")
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	well("back")
}

// Nobody makes another database beside the journal of one that was moved: all that was written last would be lost with it.
func TestMovedAside(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "s.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateAccount(t.Context(), tester, store.Account{Name: "kept"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	before := contents(t, folder)
	for _, o := range []store.Options{{}, {Existing: true}} {
		if other, err := store.Open(t.Context(), "sqlite:"+path, o); stt.CodeOf(err) != stt.Conflict || !strings.Contains(err.Error(), "put the database back first") {
			t.Errorf("%+v: %v, %v", o, other, err)
		}
	}
	if after := contents(t, folder); !maps.Equal(before, after) {
		t.Error("what is in the folder has changed")
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := s.Sound(t.Context()); err != nil {
		t.Error(err)
	}
	again, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.AccountByName(t.Context(), "kept"); err != nil {
		t.Error(err)
	}
}

// contents returns what is in the files of a folder, without the index of the journal, by name.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "-shm") {
			all[f.Name()] = ""
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name()] = string(data)
	}
	return all
}

// A journal that was deleted is not taken for sound because the database is there, and what was written is saved by closing the store.
func TestJournalTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateAccount(t.Context(), tester, store.Account{Name: "kept"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateAccount(t.Context(), tester, store.Account{Name: "lost"})
	for _, err := range []error{err, s.Sound(t.Context())} {
		if stt.CodeOf(err) != stt.Unavailable || !strings.Contains(err.Error(), "the journal of the database has been taken away") {
			t.Errorf("got %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.AccountByName(t.Context(), "kept"); err != nil {
		t.Error(err)
	}
}

// Whoever expects a store has none made.
func TestExisting(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "empty.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"none.db": "no database at", "empty.db": "none of its tables"} {
		_, err := store.Open(t.Context(), "sqlite:"+filepath.Join(folder, name), store.Options{Existing: true})
		if stt.CodeOf(err) != stt.NotFound || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "none.db")); err == nil {
		t.Error("a database has been made")
	}
	if info, err := os.Stat(filepath.Join(folder, "empty.db")); err != nil || info.Size() != 0 {
		t.Errorf("an empty file was filled: %v, %v", info, err)
	}
}

// Probing changes nothing, and says what opening would say.
func TestProbe(t *testing.T) {
	folder := t.TempDir()
	url := "sqlite:" + filepath.Join(folder, "s.db")
	if _, err := store.Probe(t.Context(), url, nil); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("nothing: %v", err)
	}
	if files := contents(t, folder); len(files) != 0 {
		t.Errorf("made %v", files)
	}
	master := store.NewMaster()
	s, err := store.Open(t.Context(), url, store.Options{Master: master})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*store.Master{nil, master} {
		if p, err := store.Probe(t.Context(), url, m); err != nil || p.Where != url || p.Schema != p.Newest || p.Schema == 0 || p.SealedBy != master.ID() {
			t.Errorf("%+v, %v", p, err)
		}
	}
	if _, err := store.Probe(t.Context(), url, store.NewMaster()); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "is not the one that sealed") {
		t.Errorf("another key: %v", err)
	}
	if err := s.Sound(t.Context()); err != nil { // looking beside it takes nothing away
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"sqlite:", "mysql://h/d", "sqlite:" + folder} {
		if _, err := store.Probe(t.Context(), bad, nil); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// What was written stands in the database itself, and not in the journal alone, when nothing has been written for a while.
func TestSettles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateAccount(t.Context(), tester, store.Account{Name: "kept"}); err != nil {
		t.Fatal(err)
	}
	copied := func(name string) error {
		t.Helper()
		if err := s.Sound(t.Context()); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := store.Open(t.Context(), "sqlite:"+path+name, store.Options{Existing: true})
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.AccountByName(t.Context(), "kept")
		return err
	}
	if err := copied("1"); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("at once: %v", err)
	}
	old := time.Now().Add(-2 * time.Minute)
	if err := os.Chtimes(path+"-wal", old, old); err != nil {
		t.Fatal(err)
	}
	if err := copied("2"); err != nil {
		t.Errorf("after a while: %v", err)
	}
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

// The same of PostgreSQL: a database without tables is no store, and stays as it is.
func TestExistingPostgres(t *testing.T) {
	url := cluster.Database(t)
	for range 2 {
		if _, err := store.Open(t.Context(), url, store.Options{Existing: true}); stt.CodeOf(err) != stt.NotFound {
			t.Errorf("a database without tables: %v", err)
		}
		if _, err := store.Probe(t.Context(), url, nil); stt.CodeOf(err) != stt.NotFound {
			t.Errorf("probed: %v", err)
		}
	}
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	again, err := store.Open(t.Context(), url, store.Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if p, err := store.Probe(t.Context(), url, store.NewMaster()); err != nil || p.Schema != p.Newest || p.SealedBy != "" {
		t.Errorf("%+v, %v", p, err)
	}
}
