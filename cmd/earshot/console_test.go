package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// signIn signs in at a server and returns the status and who it is.
func signIn(t *testing.T, address, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/console/api/signin", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return resp.StatusCode, out
}

// Whoever may write to the data folder gets in, by a link beside a running server or by a user that he makes.
func TestConsole(t *testing.T) {
	w := newWorld(t)
	if r := w.run("", "console"); r.code != 1 || r.out != "" || !strings.Contains(r.err, "there is no data folder") {
		t.Errorf("without a store: %+v", r)
	}
	made := w.run("correct horse battery\n", "users", "create", "alice", "--role", "operator", "--with-password")
	if made.code != 0 || !strings.Contains(made.out, "password  set") || strings.Contains(made.out+made.err, "battery") {
		t.Errorf("%+v", made)
	}
	link := regexp.MustCompile(`^(http://localhost:\d+/)#/signin\?code=(esl_\w+)\n$`)
	before := w.run("", "console", "--role", "viewer")
	m := link.FindStringSubmatch(before.out)
	if before.code != 0 || m == nil || m[1] != "http://localhost:8080/" || !strings.Contains(before.err, "No server runs") {
		t.Errorf("without a server: %+v", before)
	}
	server, address := w.serve()
	server.out.await(`^console: http://localhost:\d+/$`)
	if status, who := signIn(t, address, `{"code":"`+m[2]+`"}`); status != 200 || who["role"] != "viewer" {
		t.Errorf("by the link that was made before the start: %d %v", status, who)
	}
	beside := w.run("", "console")
	m = link.FindStringSubmatch(beside.out)
	if beside.code != 0 || m == nil || m[1] != "http://localhost:"+address[strings.LastIndexByte(address, ':')+1:]+"/" || strings.Contains(beside.err, "No server") ||
		!strings.Contains(beside.err, "administrator, once, within 15m") {
		t.Fatalf("beside the server: %+v", beside)
	}
	if status, who := signIn(t, address, `{"code":"`+m[2]+`"}`); status != 200 || who["role"] != "administrator" {
		t.Errorf("by the link: %d %v", status, who)
	}
	password := func(text string) (int, any) {
		status, who := signIn(t, address, `{"user":"alice","password":"`+text+`"}`)
		return status, who["must_set_password"]
	}
	if status, must := password("correct horse battery"); status != 200 || must != false {
		t.Errorf("%d %v", status, must)
	}
	for _, c := range []struct {
		stdin, want string
		args        []string
	}{
		{"short\n", `at least 12 characters`, []string{"users", "password", "alice"}},
		{"", `expected a password`, []string{"users", "password", "alice"}},
		{"correct horse battery\n", `no user with the id "eve"`, []string{"users", "password", "eve"}},
		{"", `must be one of`, []string{"users", "role", "alice", "root"}},
		{"", `1m to 24h`, []string{"console", "--expires", "48h"}},
		{"", `must be one of`, []string{"console", "--role", "root"}},
	} {
		if r := w.run(c.stdin, c.args...); r.code == 0 || r.out != "" || !strings.Contains(r.err, c.want) {
			t.Errorf("%q: %+v, expected %q", c.args, r, c.want)
		}
	}
	if r := w.run("another horse battery", "users", "password", "alice", "--temporary"); r.code != 0 || !strings.Contains(r.out, "temporary") {
		t.Errorf("%+v", r)
	}
	if status, _ := password("correct horse battery"); status != 401 {
		t.Errorf("the old password: %d", status)
	}
	if status, must := password("another horse battery"); status != 200 || must != true {
		t.Errorf("the new password: %d, must be set %v", status, must)
	}
	if r := w.run("", "users", "role", "alice", "administrator"); r.code != 0 || !strings.Contains(r.out, "role      administrator") {
		t.Errorf("%+v", r)
	}
	if r := w.run("", "users", "list"); !strings.Contains(r.out, "PASSWORD") || !strings.Contains(r.out, "temporary") {
		t.Errorf("%+v", r)
	}
	if r := w.run("", "users", "password", "alice", "--remove"); r.code != 0 || !strings.Contains(r.out, "password  none") {
		t.Errorf("%+v", r)
	}
	if status, _ := password("another horse battery"); status != 401 {
		t.Errorf("without a password: %d", status)
	}
	if r := w.run("", "console", "--sign-out"); r.code != 0 || r.out != "" || !strings.Contains(r.err, "signed out: 2") { // two links; alice went with her role
		t.Errorf("%+v", r)
	}
	if r := w.run("", "doctor"); !strings.Contains(r.out, "earshot console") || !strings.Contains(r.out, "https://") {
		t.Errorf("doctor says %s", r.out)
	}
	server.signal(syscall.SIGTERM)
	if code := server.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
