package identity

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

var by = store.Actor{Name: "test"}

// folder is a data folder with a store, as a server finds it.
type folder struct {
	t    *testing.T
	path string
	db   *store.Store
	team store.Account
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{t: t, path: t.TempDir()}
	if _, err := auth.FirstStart(f.path); err != nil {
		t.Fatal(err)
	}
	var err error
	f.db, err = store.Open(t.Context(), "sqlite:"+filepath.Join(f.path, "earshot.db"), store.Options{Master: store.NewMaster()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.db.Close() })
	if f.team, err = f.db.CreateAccount(t.Context(), by, store.Account{Name: "default"}); err != nil {
		t.Fatal(err)
	}
	return f
}

// start does what a server does when it starts.
func (f *folder) start() (*Keys, *Imported) {
	f.t.Helper()
	file, err := auth.OpenFile(filepath.Join(f.path, auth.CredentialsFile), auth.FileOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	apiKey, err := auth.OpenAPIKey(filepath.Join(f.path, auth.APIKeyFile), auth.FileOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	done, err := Import(f.t.Context(), f.db, Sources{Keys: file, APIKey: apiKey, Account: f.team.ID}, by)
	if err != nil {
		f.t.Fatal(err)
	}
	k := New(f.db, Options{Files: Files{Keys: file, APIKey: apiKey, Account: f.team.ID, Taken: done.Taken}, Throttle: NewThrottle()})
	f.t.Cleanup(k.Close)
	return k, done
}

func (f *folder) append(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.path, name)
	before, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(before, text...), 0o600)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// secretOf returns what clients sign with.
func secretsOf(t *testing.T, k auth.AccessKeys, id string) (secrets []string, err error) {
	t.Helper()
	_, err = auth.Authenticate(t.Context(), k, id, "", func(s []string) error {
		secrets = s
		return nil
	})
	return secrets, err
}

// The first start with a store takes the files' keys over, and clients notice nothing; from then on the store says what is good,
// and what is deleted there stays deleted.
func TestImport(t *testing.T) {
	f := newFolder(t)
	f.append(auth.CredentialsFile, "[night]\naws_access_key_id = NIGHT\naws_secret_access_key = current\n[evening]\naws_access_key_id = NIGHT\naws_secret_access_key = former\n"+
		"[long]\naws_access_key_id = LONG\naws_secret_access_key = "+strings.Repeat("x", 1000)+"\n")
	raw, err := os.ReadFile(filepath.Join(f.path, auth.APIKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	apiKey := strings.TrimSpace(string(raw))
	k, done := f.start()
	if len(done.AccessKeys) != 2 || !done.APIKey || !slices.Equal(done.Left, []string{"LONG"}) {
		t.Errorf("%+v", done)
	}
	for id, want := range map[string]int{"NIGHT": 2, "LONG": 1, done.AccessKeys[0]: 1} {
		if secrets, err := secretsOf(t, k, id); err != nil || len(secrets) != want || id == "NIGHT" && secrets[0] != "current" {
			t.Errorf("%s: %d secrets, %v; want %d", id, len(secrets), err, want)
		}
	}
	who, err := enter(t.Context(), k, "LONG")
	if err != nil || who.Account != f.team.ID {
		t.Errorf("a key of the file: %+v, %v", who, err)
	}
	if g, err := k.APIKey(t.Context(), apiKey, auth.Origin{Remote: remote}); err != nil || g.Principal.Account != f.team.ID || g.Principal.KeyID == auth.APIKeyID {
		t.Errorf("%+v, %v", g, err)
	}
	row, err := f.db.DescribeAccessKey(t.Context(), "NIGHT")
	if err != nil || row.Name != "night" || row.Account != f.team.ID {
		t.Errorf("%+v, %v", row, err)
	}
	if keys, _, err := f.db.APIKeys(t.Context(), store.KeyFilter{Prefix: apiKey[:12]}); err != nil || len(keys) != 1 || keys[0].Name != auth.APIKeyFile {
		t.Errorf("%v, %v", keys, err)
	}

	// The second start takes over nothing, but what is new in the file.
	if err := f.db.DeleteAccessKey(t.Context(), by, "NIGHT"); err != nil {
		t.Fatal(err)
	}
	f.append(auth.CredentialsFile, "[day]\naws_access_key_id = DAY\naws_secret_access_key = d\n")
	k, done = f.start()
	if !slices.Equal(done.AccessKeys, []string{"DAY"}) || done.APIKey {
		t.Errorf("%+v", done)
	}
	if _, err := secretsOf(t, k, "NIGHT"); stt.CodeOf(err) != stt.Unauthenticated {
		t.Errorf("what was deleted in the store came back: %v", err)
	}
	if _, err := secretsOf(t, k, "DAY"); err != nil {
		t.Error(err)
	}
}

// A store that is new gets all keys of the files, whatever another one has taken over; and what is noted is no secret.
func TestImportIntoAnotherStore(t *testing.T) {
	f := newFolder(t)
	_, first := f.start()
	if err := f.db.DeleteAccessKey(t.Context(), by, first.AccessKeys[0]); err != nil {
		t.Fatal(err)
	}
	secrets, err := os.ReadFile(filepath.Join(f.path, auth.APIKeyFile))
	names, err2 := f.db.Imports(t.Context())
	if err != nil || err2 != nil || len(names) != 2 || !slices.Contains(names, first.AccessKeys[0]) || slices.Contains(names, strings.TrimSpace(string(secrets))) {
		t.Errorf("%q, %v, %v", names, err, err2)
	}
	of := f.db
	f.db, err = store.Open(t.Context(), "sqlite:"+filepath.Join(f.path, "other.db"), store.Options{Master: store.NewMaster()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.db.Close() })
	if f.team, err = f.db.CreateAccount(t.Context(), by, store.Account{Name: "default"}); err != nil {
		t.Fatal(err)
	}
	k, second := f.start()
	if !slices.Equal(second.AccessKeys, first.AccessKeys) || !second.APIKey {
		t.Errorf("%+v", second)
	}
	if _, err := secretsOf(t, k, first.AccessKeys[0]); err != nil {
		t.Error(err)
	}
	if _, err := k.APIKey(t.Context(), strings.TrimSpace(string(secrets)), auth.Origin{Remote: remote}); err != nil {
		t.Error(err)
	}
	// And the first one still knows what it has had.
	f.db = of
	k, third := f.start()
	if third.AccessKeys != nil || third.APIKey {
		t.Errorf("%+v", third)
	}
	if _, err := secretsOf(t, k, first.AccessKeys[0]); stt.CodeOf(err) != stt.Unauthenticated {
		t.Errorf("what was deleted came back: %v", err)
	}
}

// A start that was killed before it wrote down what it had taken over does the rest.
func TestImportAfterKill(t *testing.T) {
	f := newFolder(t)
	file, err := auth.OpenFile(filepath.Join(f.path, auth.CredentialsFile), auth.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := Import(t.Context(), forgetful{f.db}, Sources{Keys: file, Account: f.team.ID}, by)
	if stt.CodeOf(err) != stt.Unavailable {
		t.Fatal(err)
	}
	if names, err := f.db.Imports(t.Context()); err != nil || len(names) != 0 {
		t.Fatalf("%q, %v", names, err)
	}
	k, second := f.start()
	id := file.All()[0].ID
	if first != nil || second.AccessKeys != nil || !second.APIKey || !second.Taken(id) {
		t.Errorf("%+v", second)
	}
	if _, err := secretsOf(t, k, id); err != nil {
		t.Error(err)
	}
}

// forgetful is a store that dies before anything is noted.
type forgetful struct{ *store.Store }

func (forgetful) NoteImports(context.Context, []string) error { return errDown }

// refusing is a store that takes nothing.
type refusing struct{ err error }

func (r refusing) CreateAccessKey(context.Context, store.Actor, store.AccessKey) (store.AccessKey, error) {
	return store.AccessKey{}, r.err
}

func (r refusing) CreateAPIKey(context.Context, store.Actor, store.APIKey) (store.APIKey, string, error) {
	return store.APIKey{}, "", r.err
}

func (r refusing) Imports(context.Context) ([]string, error) { return nil, nil }

func (r refusing) NoteImports(context.Context, []string) error { return nil }

func TestImportFails(t *testing.T) {
	f := newFolder(t)
	file, err := auth.OpenFile(filepath.Join(f.path, auth.CredentialsFile), auth.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Import(t.Context(), refusing{errDown}, Sources{Keys: file, Account: f.team.ID}, by); stt.CodeOf(err) != stt.Unavailable {
		t.Error(err)
	}
}

// What an administrator does in the store is so here as soon as its revision has been looked at.
func TestKeysOverStore(t *testing.T) {
	f := newFolder(t)
	key, err := f.db.CreateAccessKey(t.Context(), by, store.AccessKey{Account: f.team.ID, Name: "laptop", Limits: store.Limits{Streams: 3},
		Policy: `{"Statement":{"Effect":"Allow","Action":"transcribe:*","Resource":"*"}}`})
	if err != nil {
		t.Fatal(err)
	}
	k, _ := f.start()
	revision := k.look(t.Context(), -1)
	if secrets, err := secretsOf(t, k, key.ID); err != nil || !slices.Equal(secrets, []string{key.Secrets[0].Value}) {
		t.Fatalf("%d secrets, %v", len(secrets), err)
	}
	if l, err := k.Limits(t.Context(), f.team.ID, key.ID); err != nil || l != (quota.Limits{Key: store.Limits{Streams: 3}}) {
		t.Errorf("%+v, %v", l, err)
	}
	for _, step := range []struct {
		name   string
		change func() error
		code   stt.Code
	}{
		{"key disabled", func() error {
			_, err := f.db.UpdateAccessKey(t.Context(), by, key.ID, func(k *store.AccessKey) error { k.Disabled = true; return nil })
			return err
		}, stt.Unauthenticated},
		{"key enabled", func() error {
			_, err := f.db.UpdateAccessKey(t.Context(), by, key.ID, func(k *store.AccessKey) error { k.Disabled = false; return nil })
			return err
		}, 0},
		{"account disabled", func() error {
			_, err := f.db.UpdateAccount(t.Context(), by, f.team.ID, func(a *store.Account) error { a.Disabled = true; return nil })
			return err
		}, stt.Unauthenticated},
		{"account enabled", func() error {
			_, err := f.db.UpdateAccount(t.Context(), by, f.team.ID, func(a *store.Account) error { a.Disabled = false; return nil })
			return err
		}, 0},
		{"key rotated", func() error { _, err := f.db.RotateAccessKey(t.Context(), by, key.ID, 0); return err }, 0},
		{"key deleted", func() error { return f.db.DeleteAccessKey(t.Context(), by, key.ID) }, stt.Unauthenticated},
	} {
		if err := step.change(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		revision = k.look(t.Context(), revision)
		secrets, err := secretsOf(t, k, key.ID)
		if stt.CodeOf(err) != step.code {
			t.Errorf("%s: %v, want %v", step.name, err, step.code)
		}
		if step.name == "key rotated" && (len(secrets) != 1 || secrets[0] == key.Secrets[0].Value) {
			t.Errorf("rotated: %d secrets", len(secrets))
		}
	}
}
