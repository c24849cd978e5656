package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

func nothing(string) string { return "" }

// at returns a configuration whose data folder is in a place of its own, and the folder.
func at(t *testing.T) (*config.Config, string) {
	t.Helper()
	cfg := config.Default()
	cfg.Data = filepath.Join(t.TempDir(), "far", "data")
	folder, err := Folder(cfg, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, folder
}

func open(t *testing.T, cfg *config.Config, folder string, getenv func(string) string) *Opened {
	t.Helper()
	o, err := Open(t.Context(), folder, cfg, Options{Getenv: getenv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Store.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

var by = store.Actor{Name: "test"}

// The first one makes what is missing, for its owner only; the second finds it, while the first has it open.
func TestFirstAndSecond(t *testing.T) {
	cfg, folder := at(t)
	first := open(t, cfg, folder, nothing)
	db, key := filepath.Join(folder, DatabaseFile), filepath.Join(folder, MasterKeyFile)
	if !slices.Equal(first.Made, []string{db, key}) || first.Database != "sqlite:"+db {
		t.Errorf("made %q of %q", first.Made, first.Database)
	}
	for path, mode := range map[string]fs.FileMode{folder: 0o700 | fs.ModeDir, db: 0o600, key: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	account, err := Account(t.Context(), first.Store, by, DefaultAccount)
	if err != nil {
		t.Fatal(err)
	}
	made, err := first.Store.CreateAccessKey(t.Context(), by, store.AccessKey{Account: account.ID, Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	second := open(t, cfg, folder, nothing)
	if len(second.Made) != 0 {
		t.Errorf("made again: %q", second.Made)
	}
	if k, err := second.Store.AccessKey(t.Context(), made.ID); err != nil || k.Secrets[0].Value != made.Secrets[0].Value {
		t.Errorf("the key is not the same: %v", err)
	}
}

// Several that begin at once agree on one master key and one default account.
func TestAtOnce(t *testing.T) {
	cfg, folder := at(t)
	const many = 8
	var all sync.WaitGroup
	ids, keys := make([]string, many), make([]string, many)
	for i := range many {
		all.Go(func() { // owned by the test; ends with its Open
			o, err := Open(t.Context(), folder, cfg, Options{Getenv: nothing})
			if err != nil {
				t.Error(err)
				return
			}
			defer o.Store.Close()
			a, err := Account(t.Context(), o.Store, by, DefaultAccount)
			if err != nil {
				t.Error(err)
				return
			}
			k, err := o.Store.CreateAccessKey(t.Context(), by, store.AccessKey{Account: a.ID, Name: "k"})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i], keys[i] = a.ID, k.ID
		})
	}
	all.Wait()
	o := open(t, cfg, folder, nothing)
	for i := range many {
		if ids[i] != ids[0] {
			t.Errorf("accounts %q", ids)
		}
		if _, err := o.Store.AccessKey(t.Context(), keys[i]); err != nil {
			t.Errorf("a key that was made cannot be used: %v", err)
		}
	}
}

// The configuration may name other places.
func TestOtherPlaces(t *testing.T) {
	cfg, folder := at(t)
	elsewhere := t.TempDir()
	cfg.Store = "sqlite:" + filepath.Join(elsewhere, "x.db")
	cfg.MasterKeyFile = filepath.Join(elsewhere, "x.key")
	if o := open(t, cfg, folder, nothing); !slices.Equal(o.Made, []string{cfg.MasterKeyFile}) {
		t.Errorf("made %q", o.Made)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("the data folder has %v (%v)", files, err)
	}
	key, err := os.ReadFile(cfg.MasterKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(cfg.MasterKeyFile); err != nil {
		t.Fatal(err)
	}
	fromEnv := func(name string) string {
		if name == store.MasterVariable {
			return string(key)
		}
		return ""
	}
	if o := open(t, cfg, folder, fromEnv); len(o.Made) != 0 {
		t.Errorf("made %q although the variable has the key", o.Made)
	}
}

// Whoever lost the master key is told what to do, and finds no new one in its place.
func TestWrongMaster(t *testing.T) {
	cfg, folder := at(t)
	open(t, cfg, folder, nothing)
	key := filepath.Join(folder, MasterKeyFile)
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	refused := func(text string) {
		t.Helper()
		_, err := Open(t.Context(), folder, cfg, Options{Getenv: nothing})
		if err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, which does not say %q", err, text)
		}
		if stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), store.MasterVariable) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "expected the key with the id") {
			t.Errorf("got %v", err)
		}
	}
	refused("there is no master key here")
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a master key that opens nothing: %v", err)
	}
	if err := store.NewMaster().WriteFile(key); err != nil {
		t.Fatal(err)
	}
	refused("got the key with the id")
	if _, err := os.Stat(key); err != nil {
		t.Errorf("a master key that was there has gone: %v", err)
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	open(t, cfg, folder, nothing)
}

func TestErrors(t *testing.T) {
	cfg, folder := at(t)
	key := filepath.Join(folder, MasterKeyFile)
	if err := os.WriteFile(key, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), folder, cfg, Options{Getenv: nothing}); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), key) {
		t.Errorf("a file that is no key: %v", err)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	cfg.Store = "sqlite:" + folder // a folder
	if _, err := Open(t.Context(), folder, cfg, Options{Getenv: nothing}); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("a folder for a database: %v", err)
	}
	cfg.Data = filepath.Join(key, "below")
	if _, err := Folder(cfg, nothing); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("a folder below a file: %v", err)
	}
	cfg.Data = ""
	if _, err := Folder(cfg, nothing); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("no folder: %v", err)
	}
}

func TestAccount(t *testing.T) {
	cfg, folder := at(t)
	s := open(t, cfg, folder, nothing).Store
	made, err := s.CreateAccount(t.Context(), by, store.Account{Name: "ACME"})
	if err != nil {
		t.Fatal(err)
	}
	for _, which := range []string{"ACME", made.ID} {
		if a, err := Account(t.Context(), s, by, which); err != nil || a.ID != made.ID {
			t.Errorf("%q: %v, %v", which, a, err)
		}
	}
	if _, err := FindAccount(t.Context(), s, DefaultAccount); stt.CodeOf(err) != stt.NotFound {
		t.Errorf("looking makes an account: %v", err)
	}
	for _, which := range []string{"acme2", "000000000000", "x", "", "a\nb"} {
		if _, err := Account(t.Context(), s, by, which); stt.CodeOf(err) != stt.NotFound || !strings.Contains(err.Error(), strconv.Quote(which)) {
			t.Errorf("%q: %v", which, err)
		}
	}
}
