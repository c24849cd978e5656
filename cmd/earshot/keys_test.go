package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var (
	idPattern     = regexp.MustCompile(`ESHK[A-Z2-7]{16}`)
	secretPattern = regexp.MustCompile(`[A-Za-z0-9+/]{40}`)
)

// good runs a command that must end well and returns what it printed.
func (w *world) good(args ...string) string {
	w.t.Helper()
	r := w.run("", args...)
	if r.code != 0 {
		w.t.Fatalf("earshot %q: exit code %d: %s", args, r.code, r.err)
	}
	return r.out
}

// refused runs a command that must fail with a text.
func (w *world) refused(code int, text string, args ...string) {
	w.t.Helper()
	r := w.run("", args...)
	if r.code != code || !strings.Contains(r.err, text) || r.out != "" {
		w.t.Errorf("earshot %q: exit code %d, output %q, errors %q; expected %d and %q", args, r.code, r.out, r.err, code, text)
	}
}

// member returns a member of a JSON object, by a path.
func member(t *testing.T, text, path string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return fmt.Sprint(v)
}

func TestKeysCreate(t *testing.T) {
	w := bareWorld(t)
	r := w.run("", "keys", "create", "--data", "d", "--name", "app", "--format", "credentials")
	if want := regexp.MustCompile(`^\[default\]\naws_access_key_id = ESHK[A-Z2-7]{16}\naws_secret_access_key = [A-Za-z0-9+/]{40}\n$`); r.code != 0 || !want.MatchString(r.out) {
		t.Fatalf("exit code %d, %q, errors %q", r.code, r.out, r.err)
	}
	secret := secretPattern.FindString(strings.Split(r.out, "secret_access_key = ")[1])
	if strings.Contains(r.err, secret) || !strings.Contains(r.err, "earshot made ") || !strings.Contains(r.err, "master-key") {
		t.Errorf("errors %q", r.err)
	}
	for name, mode := range map[string]fs.FileMode{"d": 0o700 | fs.ModeDir, "d/master-key": 0o600, "d/earshot.db": 0o600} {
		if info, err := os.Stat(w.path(name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	id := idPattern.FindString(r.out)
	for _, args := range [][]string{{"list"}, {"show", id}, {"show", "app"}, {"list", "--format", "json"}, {"show", id, "--format", "json"}} {
		shown := w.good(append(append([]string{"keys"}, args...), "--data", "d")...)
		if !strings.Contains(shown, id) || strings.Contains(shown, secret) {
			t.Errorf("keys %q: %s", args, shown)
		}
	}
	out := w.good("keys", "create", "--data", "d", "--name", "two", "--format", "json", "--expires", "30d", "--streams", "3", "--rate", "2.5", "--burst", "4", "--day-minutes", "10", "--month-minutes", "100", "--warn-only")
	if got := member(t, out, "access_key.limits"); got != "map[burst:4 day_seconds:600 month_seconds:6000 rate:2.5 streams:3 warn_only:true]" || !secretPattern.MatchString(member(t, out, "secret_access_key")) || member(t, out, "access_key.expires") == "<nil>" {
		t.Errorf("got %s", out)
	}
	out = w.good("keys", "create", "--data", "d", "--name", "three", "--profile", "mine", "--format=credentials")
	if !strings.HasPrefix(out, "[mine]\n") {
		t.Errorf("got %s", out)
	}
	if out = w.good("keys", "create", "--data", "d", "--name", "four"); !regexp.MustCompile(`(?m)^secret access key +[A-Za-z0-9+/]{40}$`).MatchString(out) {
		t.Errorf("got %s", out)
	}
}

func TestKeysLife(t *testing.T) {
	w := bareWorld(t)
	w.env = append(w.env, "EARSHOT_DATA="+w.path("d"))
	w.write("policy.json", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"transcribe:StartStreamTranscriptionWebSocket","Resource":"*"}]}`))
	w.good("accounts", "create", "ACME", "--streams", "5")
	out := w.good("keys", "create", "--name", "app", "--account", "ACME", "--policy", "policy.json", "--format", "json")
	id, first := member(t, out, "access_key.id"), member(t, out, "secret_access_key")
	show := func(path string) string { return member(t, w.good("keys", "show", id, "--format", "json"), path) }
	if show("account") != member(t, w.good("accounts", "show", "ACME", "--format", "json"), "id") || !strings.Contains(show("policy"), "WebSocket") {
		t.Error("account or policy is not what was asked for")
	}
	w.good("keys", "disable", "app")
	if show("disabled") != "true" {
		t.Error("not disabled")
	}
	w.good("keys", "enable", id)
	w.good("keys", "limits", id, "--streams", "2", "--expires", "2099-01-01")
	w.good("keys", "limits", id, "--rate", "7")
	w.good("keys", "policy", id, "default")
	if show("disabled") != "false" || show("limits.streams") != "2" || show("limits.rate") != "7" || show("policy") != "<nil>" || show("expires") != "2099-01-01T00:00:00Z" {
		t.Errorf("got %s", w.good("keys", "show", id))
	}
	second := member(t, w.good("keys", "rotate", id, "--grace", "1d", "--format", "json"), "secret_access_key")
	if second == first || !secretPattern.MatchString(second) {
		t.Error("no new secret")
	}
	temporary := w.good("keys", "temporary", id, "--ttl", "15m", "--format", "credentials")
	if !regexp.MustCompile(`^\[default\]\naws_access_key_id = ESHK\w{16}\naws_secret_access_key = \S{40}\naws_session_token = \S{40}\n$`).MatchString(temporary) {
		t.Errorf("got %s", temporary)
	}
	derived := idPattern.FindString(temporary)
	w.refused(1, "temporary credentials of "+id, "keys", "rotate", derived)
	for _, want := range []string{"enabled, temporary", "none of their own: what " + id + " may", "policy of " + id, "the default: streams"} {
		if out := w.good("keys", "show", derived); !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	w.good("api-keys", "create", "--name", "portal", "--account", "ACME")
	w.good("accounts", "disable", "ACME")
	for _, args := range [][]string{{"keys", "show", id}, {"keys", "show", derived}, {"keys", "list"}, {"api-keys", "list"}, {"api-keys", "show", "portal"}} {
		if out := w.good(args...); !strings.Contains(out, "its account is disabled") || strings.Contains(out, "enabled") {
			t.Errorf("%q while the account is disabled:\n%s", args, out)
		}
	}
	w.good("accounts", "enable", "ACME")
	w.good("api-keys", "delete", "portal", "--yes")
	w.good("keys", "disable", id)
	if out := w.good("keys", "show", derived); !strings.Contains(out, "the key that it derives from is disabled, temporary") {
		t.Errorf("derived of a disabled key:\n%s", out)
	}
	w.good("keys", "enable", id)
	w.refused(2, "--yes", "keys", "delete", id)
	w.refused(1, "still has 1 access key: delete the keys and the users first", "accounts", "delete", "ACME", "--yes", "--with-vocabularies")
	w.good("keys", "delete", id, "--yes")
	w.refused(1, "there is no access key", "keys", "show", id)
	if out := w.good("keys", "list", "--format", "json"); strings.Contains(out, "ESHK") {
		t.Errorf("temporary credentials have outlived their key: %s", out)
	}
	w.good("accounts", "limits", "ACME", "--streams", "0", "--month-minutes", "60")
	w.good("accounts", "disable", "ACME")
	w.good("accounts", "enable", "ACME")
	w.good("accounts", "rename", "ACME", "Acme Ltd")
	if out := w.good("accounts", "list"); !strings.Contains(out, "Acme Ltd") || !strings.Contains(out, "60 min/month") || strings.Contains(out, "streams") {
		t.Errorf("got %s", out)
	}
	w.good("accounts", "delete", "Acme Ltd", "--yes")
}

func TestOtherIdentities(t *testing.T) {
	w := bareWorld(t)
	w.env = append(w.env, "EARSHOT_DATA="+w.path("d"))
	out := w.good("api-keys", "create", "--name", "web", "--origin", "https://a.example", "--origin", "https://b.example", "--format", "json")
	token, id := member(t, out, "token"), member(t, out, "api_key.id")
	if !strings.HasPrefix(token, "esk_") || member(t, out, "api_key.origins") != "[https://a.example https://b.example]" {
		t.Errorf("got %s", out)
	}
	for _, which := range []string{id, "web", token[:12], token} { // whoever pastes the key means it
		if shown := w.good("api-keys", "show", which); !strings.Contains(shown, id) || strings.Contains(shown, token) {
			t.Errorf("api-keys show %q: %s", which, shown)
		}
	}
	if r := w.run("", "api-keys", "show", token[:len(token)-20]+strings.Repeat("x", 20)); strings.Contains(r.err, token[12:]) {
		t.Errorf("a key shows: %s", r.err)
	}
	w.good("api-keys", "limits", "web", "--streams", "1")
	w.good("api-keys", "disable", "web")
	if out := w.good("api-keys", "list"); !strings.Contains(out, "disabled") || !strings.Contains(out, "1 streams") || strings.Contains(out, token) {
		t.Errorf("got %s", out)
	}
	w.good("api-keys", "enable", id)
	w.refused(2, "--yes", "api-keys", "delete", id)
	w.good("api-keys", "delete", id, "--yes")

	w.good("users", "create", "bob", "--role", "operator")
	w.good("users", "disable", "bob")
	if out := w.good("users", "list"); !strings.Contains(out, "operator") || !strings.Contains(out, "disabled") {
		t.Errorf("got %s", out)
	}
	w.good("users", "enable", "bob")
	w.refused(1, `no user with the id "eve"`, "users", "disable", "eve")
	w.good("users", "delete", "bob", "--yes")

	out = w.good("admin-tokens", "create", "--name", "ci", "--role", "viewer", "--format", "json", "--expires", "1h")
	token = member(t, out, "token")
	w.good("admin-tokens", "disable", "ci")
	if out := w.good("admin-tokens", "list"); !strings.Contains(out, "viewer") || !strings.Contains(out, "disabled") || strings.Contains(out, token) {
		t.Errorf("got %s", out)
	}
	w.good("admin-tokens", "enable", "ci")
	w.good("admin-tokens", "delete", "ci", "--yes")
	r := w.run("", "admin-tokens", "list")
	w.check(r, 0, "", "there are no administrators' tokens")
}

func TestKeysErrors(t *testing.T) {
	w := bareWorld(t)
	w.env = append(w.env, "EARSHOT_DATA="+w.path("d"))
	w.write("bad.json", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*"}]}`))
	w.good("keys", "create", "--name", "same")
	w.good("keys", "create", "--name", "same")
	for _, c := range []struct {
		code int
		text string
		args []string
	}{
		{2, "--name", []string{"keys", "create"}},
		{2, "name", []string{"keys", "create", "--name", ""}},
		{2, "name", []string{"keys", "create", "--name", "a\nb"}},
		{1, `no account with the name or id "nobody"`, []string{"keys", "create", "--name", "x", "--account", "nobody"}},
		{2, "Resource", []string{"keys", "create", "--name", "x", "--policy", "bad.json"}},
		{2, "no such file", []string{"keys", "create", "--name", "x", "--policy", "missing.json"}},
		{2, "30d", []string{"keys", "create", "--name", "x", "--expires", "soon"}},
		{2, "to come", []string{"keys", "create", "--name", "x", "--expires", "2001-01-01"}},
		{2, "--profile", []string{"keys", "create", "--name", "x", "--profile", "a]b"}},
		{2, "--day-minutes", []string{"keys", "create", "--name", "x", "--day-minutes=-1"}},
		{2, "limits.streams", []string{"keys", "create", "--name", "x", "--streams=-1"}},
		{2, "--format", []string{"keys", "create", "--name", "x", "--format", "xml"}},
		{2, "--grace", []string{"keys", "rotate", "same", "--grace", "31d"}},
		{2, "--ttl", []string{"keys", "temporary", "same", "--ttl", "1s"}},
		{2, "give the id", []string{"keys", "disable", "same"}},
		{2, "no limit is given", []string{"keys", "limits", "same"}},
		{1, "there is an account with the name", []string{"accounts", "create", "default"}},
		{1, "it cannot be renamed", []string{"accounts", "rename", "default", "old"}},
		{1, "it cannot be disabled", []string{"accounts", "disable", "default"}},
		{1, "it cannot be deleted", []string{"accounts", "delete", "default", "--yes"}},
		{2, "store", []string{"keys", "list", "--store", "mysql://secret@host/db"}},
	} {
		w.refused(c.code, c.text, c.args...)
	}
	if r := w.run("", "keys", "list", "--store", "postgres://u:hunter2@127.0.0.1:1/db?connect_timeout=1"); r.code == 0 || strings.Contains(r.err, "hunter2") {
		t.Errorf("exit code %d, errors %q", r.code, r.err)
	}
}

// A key that is made beside a server that runs is good there at once, until it is disabled; and so is an administrator's token.
func TestKeysBesideServer(t *testing.T) {
	w := newWorld(t)
	w.env = append(w.env, "EARSHOT_DATA="+w.path("d"))
	server, address := w.serve()
	w.write("creds", []byte(w.good("keys", "create", "--name", "app", "--format", "credentials")))
	use := func() result {
		return w.run("", "transcribe", "--url", "ws://"+address, "--credentials", "creds", "talk.wav")
	}
	if r := use(); r.code != 0 || r.out != finalText {
		t.Errorf("exit code %d, %q, errors %q", r.code, r.out, r.err)
	}
	token := member(t, w.good("admin-tokens", "create", "--name", "me", "--format", "json"), "token")
	ask := func(method, path, token string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/admin/v1"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := ask("GET", "/access-keys?text=app", token); status != 200 || !strings.Contains(body, `"name":"app"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := ask("DELETE", "/prices/m", token); status != 403 { // a viewer's
		t.Errorf("status %d", status)
	}
	if status, _ := ask("GET", "/accounts", token+"x"); status != 401 {
		t.Errorf("status %d", status)
	}
	w.good("keys", "disable", "app")
	refusedLater(t, use)
	server.signal(syscall.SIGTERM)
	if code := server.end(); code != 0 {
		t.Errorf("the server ended with %d: %s", code, server.log)
	}
	for _, secret := range []string{token, strings.TrimSpace(readFile(t, filepath.Join(w.dir, "d", "master-key"))), secretPattern.FindString(strings.Split(readFile(t, w.path("creds")), "secret_access_key = ")[1])} {
		if strings.Contains(server.log.String(), secret) || strings.Contains(server.out.String(), secret) {
			t.Error("the server's output has a secret in it")
		}
	}
}

// refusedLater waits for a key to be refused: a server looks once a second what has changed.
func refusedLater(t *testing.T, use func() result) {
	t.Helper()
	for range 100 {
		if r := use(); r.code != 0 {
			return
		}
	}
	t.Error("a disabled key is good for ever")
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A key says until when the secret from before its rotation is good, as long as it is.
func TestKeysShowOldSecret(t *testing.T) {
	w, id := furnished(t)
	good := regexp.MustCompile(`(?m)^old secret +good until \d{4}-\d\d-\d\d \d\d:\d\d UTC$`)
	show := func() string { return w.good("keys", "show", "app", "--data", "d") }
	if out := show(); strings.Contains(out, "old secret") {
		t.Errorf("before: %s", out)
	}
	if out := w.good("keys", "rotate", id, "--grace", "7d", "--data", "d"); !good.MatchString(out) {
		t.Errorf("rotated: %s", out)
	}
	if out := show(); !good.MatchString(out) {
		t.Errorf("shown: %s", out)
	}
	if out := w.good("keys", "show", id, "--data", "d", "--format", "json"); member(t, out, "old_secret_until") == "<nil>" {
		t.Errorf("as JSON: %s", out)
	}
	w.good("keys", "rotate", id, "--data", "d")
	if out := show(); strings.Contains(out, "old secret") {
		t.Errorf("after a rotation without grace: %s", out)
	}
}
