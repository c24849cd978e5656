package admin

import (
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
)

// Passwords go in and never come out; what is kept is a hash that the console takes.
func TestPasswordsOfUsers(t *testing.T) {
	passwords := auth.NewPasswords(auth.Cost{Memory: 64, Passes: 1})
	h := newHouse(t, func(o *Options) { o.Passwords = passwords })
	account := h.do(201, "POST", "/accounts", `{"name":"a"}`).get("id")
	const first, second = "correct horse battery", "another horse battery"
	made := h.do(201, "POST", "/users", `{"account":"`+account+`","name":"alice","password":"`+first+`","temporary_password":true}`)
	id := made.get("id")
	if made.get("password") != "true" || made.get("temporary_password") != "true" {
		t.Errorf("made %s", made.Body)
	}
	good := func(password string) bool {
		t.Helper()
		u, err := h.store.User(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		good, err := passwords.Check(t.Context(), u.PasswordHash, password, nil)
		if err != nil {
			t.Fatal(err)
		}
		return good
	}
	if !good(first) {
		t.Error("the password is not good")
	}
	h.do(200, "PATCH", "/users/"+id, `{"role":"operator"}`)
	if !good(first) {
		t.Error("the password has gone with the role")
	}
	if a := h.do(200, "PATCH", "/users/"+id, `{"password":"`+second+`"}`); a.get("temporary_password") != "false" || good(first) || !good(second) {
		t.Errorf("changed to %s", a.Body)
	}
	for body, field := range map[string]string{
		`{"password":"short"}`:                                "password",
		`{"password":""}`:                                     "password",
		`{"password":"alice1234567890"}`:                      "password",
		`{"name":"somebody","password":"somebody12345"}`:      "password",
		`{"temporary_password":true}`:                         "temporary_password",
		`{"password":null,"temporary_password":true}`:         "temporary_password",
		`{"password":["` + first + `"]}`:                      "password",
		`{"password":"` + strings.Repeat("long ", 100) + `"}`: "password",
	} {
		h.refused(400, "invalid", field, "", "PATCH", "/users/"+id, body)
	}
	h.refused(400, "invalid", "password", "", "POST", "/users", `{"account":"`+account+`","name":"bob","password":"short"}`)
	if !good(second) {
		t.Error("a change that was refused has changed the password")
	}
	if a := h.do(200, "PATCH", "/users/"+id, `{"password":null}`); a.get("password") != "false" || good(second) {
		t.Errorf("removed: %s", a.Body)
	}
	entries, _, err := h.store.Audit(t.Context(), store.AuditFilter{Kind: "user"})
	if err != nil {
		t.Fatal(err)
	}
	audit := ""
	for _, e := range entries {
		audit += e.Detail
	}
	for where, text := range map[string]string{"the answers": h.answers.String(), "the log": h.log.String(), "the audit log": audit} {
		for _, secret := range []string{first, second, "argon2"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q", where, secret)
			}
		}
	}
	without := newHouse(t)
	account = without.do(201, "POST", "/accounts", `{"name":"a"}`).get("id")
	without.refused(400, "unsupported", "", "keeps no passwords", "POST", "/users", `{"account":"`+account+`","name":"bob","password":"`+first+`"}`)
}
