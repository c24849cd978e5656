package main_test

import (
	"os"
	"strings"
	"testing"
)

// furnished returns a world with an account and a key in a store in the folder "d", and the id of the key.
func furnished(t *testing.T) (*world, string) {
	w := bareWorld(t)
	return w, idPattern.FindString(w.good("keys", "create", "--data", "d", "--name", "app"))
}

func TestStoreBackupAndRestore(t *testing.T) {
	w, id := furnished(t)
	r := w.run("", "store", "backup", "--data", "d", "b.gz")
	if r.code != 0 || !strings.Contains(r.err, "1 access keys") || !strings.Contains(r.err, "is not in the backup") {
		t.Fatalf("exit code %d: %q", r.code, r.err)
	}
	if info, err := os.Stat(w.path("b.gz")); err != nil || info.Mode() != 0o600 {
		t.Errorf("expected a file of mode 0600; got %v, %v", info, err)
	}
	if secret := secretPattern.FindString(w.read("d/master-key")); secret == "" || strings.Contains(w.read("b.gz"), secret) {
		t.Error("the master key is in the backup")
	}
	w.refused(2, "not there yet", "store", "backup", "--data", "d", "b.gz")

	// What a backup that was killed has left goes with the next of the same name.
	for _, name := range []string{"c.gz.partial-17", "c.gz.partial-17x", "c.gz.18"} {
		w.write(name, []byte("half"))
	}
	w.good("store", "backup", "--data", "d", "c.gz")
	for name, there := range map[string]bool{"c.gz": true, "c.gz.partial-17": false, "c.gz.partial-17x": true, "c.gz.18": true} {
		if _, err := os.Stat(w.path(name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}

	// The key comes with its own ways, not with the backup.
	w.refused(2, "--without-master-key", "store", "restore", "--data", "e", "b.gz")
	w.refused(2, "is not the one that sealed", "store", "restore", "--data", "e", "--master-key-file", w.other("f/master-key"), "b.gz")
	w.write("e/master-key", []byte(w.read("d/master-key")))
	r = w.run("", "store", "restore", "--data", "e", "b.gz")
	before, after, _ := strings.Cut(r.err, "need the master key")
	if r.code != 0 || !strings.Contains(before, "1 access keys") || !strings.Contains(after, "earshot restored") {
		t.Errorf("exit code %d: %q; expected what is needed, then what was done", r.code, r.err)
	}
	if out := w.good("keys", "show", "--data", "e", "app"); !strings.Contains(out, id) {
		t.Errorf("the key is not in the restored store: %s", out)
	}
	w.good("store", "check", "--data", "e")
	w.refused(1, "nothing in it", "store", "restore", "--data", "e", "b.gz")

	w.good("store", "restore", "--without-master-key", "--data", "g", "b.gz")
	w.write("half.gz", []byte(w.read("b.gz")[:200]))
	w.refused(1, "line ", "store", "restore", "--without-master-key", "--data", "h", "half.gz")
	if _, err := os.Stat(w.path("h/earshot.db")); !os.IsNotExist(err) {
		t.Errorf("expected no database of a restore that failed; got %v", err)
	}
}

// other makes a master key and returns the name of its file.
func (w *world) other(name string) string {
	w.good("accounts", "create", "one", "--data", strings.TrimSuffix(name, "/master-key"))
	return name
}

func TestStoreCheck(t *testing.T) {
	w, _ := furnished(t)
	if out := w.good("store", "check", "--data", "d"); !strings.Contains(out, "is sound: 1 access key secrets") {
		t.Errorf("got %q", out)
	}
	if out := w.good("store", "check", "--data", "d", "--format", "json"); member(t, out, "rows.access_keys") != "1" {
		t.Errorf("got %q", out)
	}
}

func TestStoreRotateMaster(t *testing.T) {
	w, _ := furnished(t)
	before := w.read("d/master-key")
	r := w.run("", "store", "rotate-master", "--data", "d")
	if r.code != 0 || !strings.Contains(r.err, "within a second") {
		t.Fatalf("exit code %d: %q", r.code, r.err)
	}
	after := w.read("d/master-key")
	if after == before {
		t.Error("the master key is the same")
	}
	w.good("store", "check", "--data", "d")
	w.good("keys", "rotate", "--data", "d", "app")

	// Killed after the sealing and before the file had its name: the next run ends it.
	w.write("d/master-key.new", []byte(after))
	w.write("d/master-key", []byte(before))
	w.refused(2, "is not the one that sealed", "keys", "rotate", "--data", "d", "app")
	w.good("store", "rotate-master", "--data", "d")
	if w.read("d/master-key") != after {
		t.Error("expected the key of the rotation that was killed")
	}
	w.good("keys", "rotate", "--data", "d", "app")

	// Killed before the sealing: the key that was made for it is used.
	w.write("d/master-key.new", []byte(before))
	w.good("store", "rotate-master", "--data", "d")
	if w.read("d/master-key") != before {
		t.Error("expected the key that had been made already")
	}
	w.good("store", "check", "--data", "d")

	w.env = append(w.env, "EARSHOT_MASTER_KEY="+strings.TrimSpace(before))
	w.refused(2, "--new-key-file", "store", "rotate-master", "--data", "d")
	w.good("store", "rotate-master", "--data", "d", "--new-key-file", "fresh")
	w.env[len(w.env)-1] = "EARSHOT_MASTER_KEY=" + strings.TrimSpace(w.read("fresh"))
	w.good("store", "check", "--data", "d")
}
