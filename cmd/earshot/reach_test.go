package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/earshot-stt/earshot/store"
)

// What looks for something, or saves it, has no store made in a place where there is none.
func TestNoStore(t *testing.T) {
	w := bareWorld(t)
	nowhere := "sqlite:" + w.path("typo.db")
	for _, args := range [][]string{
		{"keys", "show", "studio"}, {"keys", "disable", "studio"}, {"accounts", "list"}, {"usage", "export"},
		{"store", "backup", "b.gz"}, {"store", "check"}, {"store", "rotate-master"},
	} {
		w.refused(1, `there is no data folder "`+w.path("typo")+`"; name the place`, append(args, "--data", "typo")...)
		if args[len(args)-1] == "rotate-master" {
			continue // without a key there is nothing to look for
		}
		w.refused(1, "there is no store: no database at", append(args, "--store", nowhere)...)
	}
	if err := os.Mkdir(w.path("empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.write("typo2.db", nil)
	w.refused(1, "no database at", "store", "check", "--data", "empty")
	w.refused(1, "none of its tables", "store", "backup", "b.gz", "--store", "sqlite:"+w.path("typo2.db"))
	for _, path := range []string{"typo", "typo.db", "typo.db-lock", "b.gz", ".local", "empty/earshot.db", "empty/master-key", "empty/earshot.db-lock"} {
		if _, err := os.Lstat(w.path(path)); err == nil {
			t.Errorf("%s has been made", path)
		}
	}
	// Somebody has made the tables, and nothing else.
	s, err := store.Open(t.Context(), "sqlite:"+w.path("bare.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, args := range [][]string{{"store", "check"}, {"store", "backup", "b.gz"}} {
		w.refused(1, "there is nothing in sqlite:", append(args, "--store", "sqlite:"+w.path("bare.db"))...)
	}
	if _, err := os.Lstat(w.path("b.gz")); err == nil {
		t.Error("there is a backup of nothing")
	}
}

// While the database of a server is moved aside nothing is made in its place, and nothing is lost when it is back.
func TestMovedAside(t *testing.T) {
	w := newWorld(t)
	server, _ := w.serve("--data", w.path("d"))
	w.good("accounts", "create", "one", "--data", "d")
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(w.path("d/"+from), w.path("d/"+to)); err != nil {
			t.Fatal(err)
		}
	}
	journal := func() os.FileInfo {
		t.Helper()
		info, err := os.Stat(w.path("d/earshot.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	before := journal()
	move("earshot.db", "old.db")
	for _, args := range [][]string{{"accounts", "list"}, {"accounts", "create", "two"}} {
		w.refused(1, "put the database back first", append(args, "--data", "d")...)
	}
	if _, err := os.Lstat(w.path("d/earshot.db")); err == nil {
		t.Error("there is another database in its place")
	}
	if !os.SameFile(before, journal()) {
		t.Error("the journal is another file")
	}
	server.log.await("the store is at fault")
	server.signal(syscall.SIGTERM)
	if code := server.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	// The server has gone, and its journal has not.
	w.refused(1, "put the database back first", "accounts", "create", "two", "--data", "d")
	w.refused(1, "put the database back first", "serve", "--data", "d", "--listen", "127.0.0.1:0", "--tls-listen", "")
	move("old.db", "earshot.db")
	if out := w.good("accounts", "list", "--data", "d"); !strings.Contains(out, "one") {
		t.Errorf("what was made is lost: %s", out)
	}
	// Also where the journal was moved with it.
	server, _ = w.serve("--data", w.path("d"))
	for _, name := range []string{"", "-wal", "-shm"} {
		move("earshot.db"+name, "old.db"+name)
	}
	w.refused(1, "put the file back first", "accounts", "create", "two", "--data", "d")
	for _, name := range []string{"", "-wal", "-shm"} {
		move("old.db"+name, "earshot.db"+name)
	}
	server.signal(syscall.SIGTERM)
	if code := server.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if left, err := filepath.Glob(w.path("d/*.db")); err != nil || len(left) != 1 {
		t.Errorf("got %q, %v", left, err)
	}
}

// Without the master key all can be seen and saved but secrets.
func TestWithoutMasterKey(t *testing.T) {
	w, id := furnished(t)
	if err := os.Rename(w.path("d/master-key"), w.path("kept")); err != nil {
		t.Fatal(err)
	}
	if out := w.good("keys", "list", "--data", "d"); !strings.Contains(out, id) {
		t.Errorf("got %q", out)
	}
	w.good("accounts", "list", "--data", "d")
	w.good("usage", "export", "--data", "d")
	if r := w.run("", "store", "check", "--data", "d"); r.code != 0 || !strings.Contains(r.err, "The secrets were not looked at") {
		t.Errorf("%+v", r)
	}
	if r := w.run("", "store", "backup", "--data", "d", "b.gz"); r.code != 0 || !strings.Contains(r.err, "is not in the backup") {
		t.Errorf("%+v", r)
	}
	for _, args := range [][]string{{"keys", "rotate", "app"}, {"keys", "disable", "app"}, {"keys", "create", "--name", "more"}} {
		w.refused(2, "there is no master key here", append(args, "--data", "d")...)
	}
	if _, err := os.Lstat(w.path("d/master-key")); err == nil {
		t.Error("there is a master key that opens nothing")
	}
}

// What people give that cannot be is refused by whoever takes it, in its own words; a configuration that is nowhere is none.
func TestWhatIsGiven(t *testing.T) {
	w := bareWorld(t)
	w.env = append(w.env, "EARSHOT_CONFIG=")
	w.good("keys", "create", "--name", "studio", "--data", "d")
	w.refused(2, "limits.streams", "accounts", "create", "radio", "--streams", "-1", "--data", "d")
	w.refused(2, "this one is in the past", "keys", "limits", "studio", "--expires", "2020-01-01", "--data", "d")
	w.refused(2, "for a file write sqlite:", "keys", "list", "--store", w.path("d/earshot.db"))
	w.good("accounts", "create", "radio", "--data", "d")
	w.refused(1, `there is an account with the name "radio" already`, "accounts", "create", "radio", "--data", "d")
	if r := w.run("", "console", "--expires", "1d", "--data", "d"); r.code != 0 || !strings.Contains(r.err, "within 24h") {
		t.Errorf("%+v", r)
	}
	for i, note := range []string{"", `note: 2 API keys have the name "web"`} {
		if r := w.run("", "api-keys", "create", "--name", "web", "--data", "d"); r.code != 0 || strings.Contains(r.err, "note:") != (i > 0) || !strings.Contains(r.err, note) {
			t.Errorf("API key %d of a name: %+v", i+1, r)
		}
	}
	if r := w.run("", "keys", "create", "--name", "studio", "--data", "d"); r.code != 0 || !strings.Contains(r.err, `2 access keys have the name "studio"`) {
		t.Errorf("a second key of the name: %+v", r)
	}
	w.write("earshot.yaml", []byte("data: "+w.path("far")+"\n"))
	w.env = append(w.env, "EARSHOT_CONFIG="+w.path("earshot.yaml"))
	if r := w.run("", "presign"); r.code == 0 || !strings.Contains(r.err, "whose first start makes one in "+w.path("far")) {
		t.Errorf("the folder of the configuration: %+v", r)
	}
}
