package server_test

import (
	"regexp"
	"testing"

	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
)

// Who may change accounts makes nobody an administrator by it, and shuts none out: neither at once nor by the next start.
func TestOperatorsChangeNoRoles(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off"})
	s := start(t, cfg)
	s.awaitLine(firstLink)
	root := s.visitor()
	root.signIn(`{"code":"` + firstLink.FindStringSubmatch(s.out.String())[2] + `"}`)
	token := regexp.MustCompile(`(?m)^administrator token, shown this once: (\S+)$`).FindStringSubmatch(s.out.String())[1]
	home := root.must(200, "GET", "/admin/v1/accounts", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	radio := root.must(201, "POST", "/admin/v1/accounts", `{"name":"radio"}`)["id"].(string)
	const password = "correct horse battery"
	user := func(account, name, role string) {
		t.Helper()
		root.must(201, "POST", "/admin/v1/users", `{"account":"`+account+`","name":"`+name+`","role":"`+role+`","password":"`+password+`"}`)
	}
	user(home, "ann", "administrator")
	user(home, "olga", "operator")
	user(radio, "bob", "administrator")
	as := func(s *running, name string) *visitor {
		t.Helper()
		v := s.visitor()
		v.signIn(`{"user":"` + name + `","password":"` + password + `"}`)
		return v
	}
	ann, olga, bob := as(s, "ann"), as(s, "olga"), as(s, "bob")
	at := "/admin/v1/accounts/" + home
	for _, operator := range []*visitor{olga, ann} {
		operator.must(409, "PATCH", at, `{"name":"old"}`)
		operator.must(409, "PATCH", at, `{"disabled":true}`)
		operator.must(409, "DELETE", at, "")
		operator.must(409, "PATCH", "/admin/v1/accounts/"+radio, `{"name":"default"}`)
	}
	ann.must(200, "GET", "/admin/v1/system", "")
	bob.must(403, "GET", "/admin/v1/system", "")
	s.end()

	// An earlier version has let it happen.
	opened, err := state.Open(t.Context(), cfg.Data, cfg, state.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{home, "old"}, {radio, "default"}} {
		if _, err := opened.Store.UpdateAccount(t.Context(), store.Actor{Name: "test"}, change[0], func(a *store.Account) error { a.Name = change[1]; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := opened.Store.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, cfg)
	again.awaitLine(atLine)
	ann, bob = as(again, "ann"), as(again, "bob")
	ann.must(200, "GET", "/admin/v1/system", "")
	bob.must(403, "GET", "/admin/v1/system", "")
	bob.must(403, "POST", "/admin/v1/admin-tokens", `{"name":"mine","role":"administrator"}`)
	root = again.visitor()
	root.signIn(`{"token":"` + token + `"}`)
	root.must(200, "PATCH", "/admin/v1/accounts/"+radio, `{"name":"radio"}`)
	root.must(200, "PATCH", at, `{"name":"default"}`)
}
