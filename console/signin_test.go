package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/console"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// What a session looks like, by each way in.
func TestSignIn(t *testing.T) {
	w := newWorld(t)
	w.newUser("alice", store.RoleMember, "")
	_, token, err := w.store.CreateAdminToken(t.Context(), by, store.AdminToken{Name: "robot", Role: store.RoleViewer})
	ok(t, err)
	_, code, err := w.store.CreateConsoleLink(t.Context(), by, store.RoleAdmin, w.clock.read().Add(time.Hour))
	ok(t, err)
	for name, c := range map[string]struct{ body, kind, role, who, actor string }{
		"a user":           {`{"user":"alice","password":"` + password + `"}`, "user", "operator", "alice", "user:alice"},
		"a token":          {`{"token":"` + token + `"}`, "token", "viewer", "robot", "token:robot"},
		"the first token":  {`{"token":"esa_folder"}`, "token", "administrator", "admin", "admin"},
		"a link":           {`{"code":"` + code + `"}`, "link", "administrator", "", "link:"},
		"in another order": {`{"password":"` + password + `","user":"alice"}`, "user", "operator", "alice", "user:alice"},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.browser()
			if b.signedIn() {
				t.Error("signed in before the sign-in")
			}
			a := b.signIn(c.body)
			if a.json["kind"] != c.kind || a.json["role"] != c.role || a.json["signed_in"] != true || a.json["version"] != "v1" || a.json["region"] != "us-east-1" ||
				a.json["must_set_password"] != false || c.who != "" && a.json["name"] != c.who || a.json["expires"] == nil {
				t.Errorf("the answer is %s", a.body)
			}
			k := b.cookie
			if !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || k.Path != "/console" || k.Secure || k.Name != "earshot-8080" || k.MaxAge != 0 || k.Domain != "" {
				t.Errorf("the cookie is %+v", k)
			}
			again := b.do("GET", "/console/api/session", "")
			if again.body != a.body || again.header.Get("Cache-Control") != "no-store" {
				t.Errorf("asked again: %s, expected %s", again.body, a.body)
			}
			if strings.Contains(a.body, k.Value) {
				t.Error("the cookie's value stands in the answer")
			}
			// Another server on the same store knows the session, and so does this one after a restart.
			b.at = w.restart()
			if !b.signedIn() {
				t.Error("not signed in after a restart")
			}
			if got := b.do("POST", "/console/api/signout", ""); got.status != http.StatusNoContent || b.cookie != nil {
				t.Errorf("sign-out: %d, cookie %v", got.status, b.cookie)
			}
			b.cookie, b.at = k, w.console
			if b.signedIn() {
				t.Error("the cookie is good after the sign-out")
			}
			entries, _, err := w.store.Audit(t.Context(), store.AuditFilter{Kind: "console-session", Page: store.Page{Max: 2}})
			ok(t, err)
			for i, action := range []string{"sign-out", "sign-in"} {
				if e := entries[i]; e.Action != action || !strings.HasPrefix(e.Actor, c.actor) || e.Remote != "192.0.2.1" {
					t.Errorf("the audit log has %+v", e)
				}
			}
		})
	}
	for _, secret := range []string{password, token, code, "esa_folder"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// A stranger learns whether there is anybody who might have a password, so that a new server's page asks for none; who is signed in does not.
func TestSessionSaysWhetherThereAreUsers(t *testing.T) {
	w := newWorld(t)
	stranger := w.browser()
	for _, want := range []bool{false, true} {
		if a := stranger.do("GET", "/console/api/session", ""); a.json["users"] != want {
			t.Errorf("expected users %v; got %s", want, a.body)
		}
		if !want {
			w.newUser("alice", store.RoleMember, "")
		}
	}
	known := w.browser()
	known.signIn(`{"token":"esa_folder"}`)
	if a := known.do("GET", "/console/api/session", ""); a.json["users"] != nil {
		t.Errorf("who is signed in is told %s", a.body)
	}
}

// All that is wrong looks the same.
func TestSignInRefused(t *testing.T) {
	w := newWorld(t)
	w.newUser("alice", store.RoleAdmin, "")
	gone := w.newUser("gone", store.RoleAdmin, "")
	must(w.store.UpdateUser(t.Context(), by, gone.ID, func(u *store.User) error { u.Disabled = true; return nil }))(t)
	must(w.store.CreateUser(t.Context(), by, store.User{Account: w.account.ID, Name: "none", Role: store.RoleAdmin}))(t)
	other := must(w.store.CreateAccount(t.Context(), by, store.Account{Name: "other"}))(t)
	w.newUser("carol", store.RoleAdmin, other.ID)
	must(w.store.UpdateAccount(t.Context(), by, other.ID, func(a *store.Account) error { a.Disabled = true; return nil }))(t)
	token, secret, err := w.store.CreateAdminToken(t.Context(), by, store.AdminToken{Name: "off"})
	ok(t, err)
	must(w.store.UpdateAdminToken(t.Context(), by, token.ID, func(a *store.AdminToken) error { a.Disabled = true; return nil }))(t)
	_, expired, err := w.store.CreateAdminToken(t.Context(), by, store.AdminToken{Name: "old", Expires: w.clock.read()})
	ok(t, err)
	_, late, err := w.store.CreateConsoleLink(t.Context(), by, store.RoleAdmin, w.clock.read())
	ok(t, err)
	_, used, err := w.store.CreateConsoleLink(t.Context(), by, store.RoleAdmin, w.clock.read().Add(time.Hour))
	ok(t, err)
	w.browser().signIn(`{"code":"` + used + `"}`)
	bodies := map[string]string{
		"a wrong password": `{"user":"alice","password":"correct horse batterY"}`, "no password": `{"user":"alice","password":""}`,
		"nobody": `{"user":"nobody","password":"` + password + `"}`, "no name": `{"user":"","password":"` + password + `"}`,
		"other letters": `{"user":"Alice","password":"` + password + `"}`, "a disabled user": `{"user":"gone","password":"` + password + `"}`,
		"a user without a password": `{"user":"none","password":""}`, "a disabled account": `{"user":"carol","password":"` + password + `"}`,
		"a wrong token": `{"token":"esa_other"}`, "no token": `{"token":""}`, "a disabled token": `{"token":"` + secret + `"}`, "an expired token": `{"token":"` + expired + `"}`,
		"a wrong code": `{"code":"esl_x"}`, "a code that has expired": `{"code":"` + late + `"}`, "a code that was used": `{"code":"` + used + `"}`,
		"a token for a code": `{"code":"esa_folder"}`, "a code for a token": `{"token":"` + used + `"}`, "SQL": `{"user":"' OR 1=1 --","password":"' OR 1=1 --"}`,
		"zeros": `{"user":"a\u0000","password":"b\u0000"}`,
	}
	first := map[string]string{} // what is answered to each way of signing in
	for name, body := range bodies {
		way, _, _ := strings.Cut(body, ":")
		b := w.browser()
		a := b.do("POST", "/console/api/signin", body)
		w.want(a, 401, "unauthenticated", refusal)
		if first[way] == "" {
			first[way] = a.body
		}
		if b.cookie != nil || a.body != first[way] {
			t.Errorf("%s: cookie %v, answer %s", name, b.cookie, a.body)
		}
	}
	if w.throttle.failed != len(bodies) {
		t.Errorf("%d wrong guesses were counted, expected %d", w.throttle.failed, len(bodies))
	}
	for name, body := range map[string]string{
		"nothing": `{}`, "two ways": `{"token":"a","code":"b"}`, "no password": `{"user":"a"}`, "no user": `{"password":"a"}`, "unknown": `{"token":"a","role":"administrator"}`,
		"a list": `[]`, "two": `{"token":"a"}{}`, "a number": `{"token":1}`, "another case": `{"USER":"alice","password":"` + password + `"}`,
		"twice": `{"user":"nobody","user":"alice","password":"` + password + `"}`, "twice, by an escape": `{"token":"a","tok\u0065n":"esa_folder"}`, "twice, in two cases": `{"token":"a","Token":"esa_folder"}`, "too long": `{"token":"` + strings.Repeat("x", 2000) + `"}`, "null": `{"token":null}`, "none": ``,
	} {
		if a := w.browser().do("POST", "/console/api/signin", body); a.status != 400 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	b := w.browser()
	r := b.request("POST", "/console/api/signin", `{"token":"esa_folder"}`)
	r.Header.Set("Content-Type", "text/plain") // what a form of another page may send
	w.want(b.send(r), 415, "unsupported-media-type", "JSON")
	w.want(b.do("POST", "/console/api/signin", `{"token":"`+strings.Repeat("x", 100<<10)+`"}`), 413, "too-large", "64 KiB")
	w.want(b.do("GET", "/console/api/signin", ""), 405, "method-not-allowed", "POST")
}

// Who guesses passwords is stopped, by address and by name; who has the right token is not.
func TestGuessing(t *testing.T) {
	w := newWorld(t)
	w.newUser("alice", store.RoleAdmin, "")
	right, wrong := `{"user":"alice","password":"`+password+`"}`, `{"user":"alice","password":"wrong"}`
	home := w.browser()
	home.from = "198.51.100.9:1"
	home.signIn(right)

	b := w.browser()
	for i := range 20 {
		b.from = "192.0.2." + string(rune('0'+i%10)) + ":1" // from everywhere
		w.want(b.do("POST", "/console/api/signin", wrong), 401, "unauthenticated", refusal)
	}
	a := b.do("POST", "/console/api/signin", right)
	w.want(a, 429, "quota", "for this name")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.want(b.do("POST", "/console/api/signin", `{"user":"bob","password":"x"}`), 401, "unauthenticated", refusal)
	again := w.browser()
	again.from = "198.51.100.9:2"
	again.signIn(right) // from where alice has signed in before, nobody locks her out
	w.clock.move(30 * time.Second)
	b.signIn(right)
	w.want(w.browser().do("POST", "/console/api/signin", wrong), 401, "unauthenticated", refusal)
	w.want(w.browser().do("POST", "/console/api/signin", wrong), 429, "quota", "for this name")

	w.throttle.closed = true
	a = w.browser().do("POST", "/console/api/signin", `{"user":"carol","password":"x"}`)
	w.want(a, 429, "quota", "too many")
	if a.header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	w.want(w.browser().do("POST", "/console/api/signin", `{"token":"wrong"}`), 429, "quota", "too many")
	w.browser().signIn(`{"token":"esa_folder"}`)
}

// A user has more than one name, and all of them are guessed at together; whether there is such a user makes no difference.
func TestGuessingByOtherNames(t *testing.T) {
	w := newWorld(t)
	w.newUser("alice", store.RoleViewer, "")
	for _, name := range []string{"alice", "nobody"} {
		for i := range 20 {
			b := w.browser()
			b.from = fmt.Sprintf("192.0.2.%d:1", i)
			spelt := []string{name, "default/" + name}[i%2]
			w.want(b.do("POST", "/console/api/signin", `{"user":"`+spelt+`","password":"no"}`), 401, "unauthenticated", refusal)
		}
		for _, spelt := range []string{name, "default/" + name, "elsewhere/" + name} {
			w.want(w.browser().do("POST", "/console/api/signin", `{"user":"`+spelt+`","password":"no"}`), 429, "quota", "for this name")
		}
	}
}

// However many try at once, no more wrong passwords of a name are looked at than are free, nor many more than that of an address; right ones count for nothing.
func TestGuessingAtOnce(t *testing.T) {
	guess := func(w *world, of func(i int) (name, from string)) (looked int64) {
		var all sync.WaitGroup
		var wrong atomic.Int64
		for i := range 60 {
			all.Go(func() { // ends with the answer
				name, from := of(i)
				b := w.browser()
				b.from = from
				if a := b.do("POST", "/console/api/signin", `{"user":"`+name+`","password":"no"}`); a.status == 401 {
					wrong.Add(1)
				}
			})
		}
		all.Wait()
		return wrong.Load()
	}
	w := newWorld(t, func(o *console.Options) { o.Throttle = nil })
	w.newUser("alice", store.RoleViewer, "")
	for range 21 {
		w.browser().signIn(`{"user":"alice","password":"` + password + `"}`)
	}
	if looked := guess(w, func(i int) (name, from string) { return "alice", fmt.Sprintf("198.51.100.%d:1", i) }); looked != 20 {
		t.Errorf("%d wrong passwords of a name were looked at", looked)
	}
	w = newWorld(t, func(o *console.Options) { o.Throttle = &strictThrottle{} })
	if looked := guess(w, func(i int) (name, from string) { return fmt.Sprint("bob", i), "203.0.113.9:1" }); looked < 10 || looked > 20 { // two are at work at a time, and are counted a moment later
		t.Errorf("%d wrong passwords of an address were looked at", looked)
	}
}

// strictThrottle allows an address ten wrong guesses.
type strictThrottle struct{ failed atomic.Int64 }

func (s *strictThrottle) Failed(string) { s.failed.Add(1) }

func (s *strictThrottle) Check(string) error {
	if s.failed.Load() < 10 {
		return nil
	}
	return &stt.Error{Code: stt.Quota, Msg: "too many", RetryAfter: 3 * time.Second}
}

// A session ends with time, and when what it stands on is gone.
func TestSessionEnds(t *testing.T) {
	w := newWorld(t)
	b := w.user("alice", store.RoleViewer)
	for range 3 { // in use
		w.clock.move(7*time.Hour + 59*time.Minute)
		if !b.signedIn() {
			t.Fatal("a session in use has ended")
		}
	}
	w.clock.move(3 * time.Minute) // 24 hours
	kept := b.cookie
	if b.signedIn() || b.cookie != nil {
		t.Errorf("the session has not ended after a day, or the browser keeps its cookie")
	}
	b.cookie = kept
	w.want(b.do("GET", "/console/api/admin/v1/system", ""), 401, "unauthenticated", "sign in")

	b = w.browser()
	b.signIn(`{"user":"alice","password":"` + password + `"}`)
	w.clock.move(8 * time.Hour)
	if b.signedIn() {
		t.Error("an idle session goes on")
	}

	b.signIn(`{"token":"esa_folder"}`)
	w.token.token = "esa_next" // the file was replaced
	if b.signedIn() {
		t.Error("a session of a token that is gone goes on")
	}
	w.token.token = "esa_folder"
	if b.cookie != nil {
		t.Error("the browser keeps the cookie")
	}

	// Signing in again ends what was before in the same browser.
	b.signIn(`{"user":"alice","password":"` + password + `"}`)
	old := b.cookie
	b.signIn(`{"token":"esa_folder"}`)
	if b.cookie, old = old, b.cookie; b.signedIn() {
		t.Error("the session before goes on")
	}
	b.cookie = old
	if b.cookie == nil || !b.signedIn() {
		t.Error("the session after does not")
	}
}

func TestPassword(t *testing.T) {
	w := newWorld(t)
	b := w.user("alice", store.RoleViewer)
	elsewhere := w.browser()
	elsewhere.signIn(`{"user":"alice","password":"` + password + `"}`)
	change := func(before, after string) answer {
		return b.do("POST", "/console/api/password", `{"old":"`+before+`","new":"`+after+`"}`)
	}
	w.want(change("wrong", "another good one"), 403, "denied", "not your password")
	w.want(change(password, "short"), 400, "invalid", `"new"`)
	w.want(change(password, password), 400, "invalid", "another password")
	if a := change(password, "another good one"); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if !b.signedIn() || elsewhere.signedIn() {
		t.Error("expected to stay signed in here and nowhere else")
	}
	w.want(w.browser().do("POST", "/console/api/signin", `{"user":"alice","password":"`+password+`"}`), 401, "unauthenticated", refusal)
	w.browser().signIn(`{"user":"alice","password":"another good one"}`)
	token := w.browser()
	token.signIn(`{"token":"esa_folder"}`)
	w.want(token.do("POST", "/console/api/password", `{"old":"a","new":"another good one"}`), 409, "conflict", "no password")

	// Whoever finds a browser open cannot try passwords without end.
	last := answer{}
	for range 25 {
		last = change("wrong", "yet another good one")
	}
	w.want(last, 429, "quota", "for this name")

	// A password that somebody else has chosen has to be replaced first.
	hash := must(w.options.Passwords.Hash(t.Context(), password, true))(t)
	must(w.store.CreateUser(t.Context(), by, store.User{Account: w.account.ID, Name: "bob", Role: store.RoleAdmin, PasswordHash: hash}))(t)
	b = w.browser()
	if a := b.signIn(`{"user":"bob","password":"` + password + `"}`); a.json["must_set_password"] != true {
		t.Errorf("the answer is %s", a.body)
	}
	for _, path := range []string{"/console/api/presign", "/console/api/admin/v1/users"} {
		w.want(b.do("POST", path, `{}`), 403, "must-set-password", "of your own")
	}
	if a := change(password, "a password of bob's"); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := b.do("GET", "/console/api/session", ""); a.json["must_set_password"] != false {
		t.Errorf("the answer is %s", a.body)
	}
	if a := b.do("POST", "/console/api/presign", `{}`); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	kept := must(w.store.UserByName(t.Context(), w.account.ID, "bob"))(t)
	if auth.TemporaryPassword(kept.PasswordHash) {
		t.Error("the new password is temporary")
	}
}

// Names are unique within an account only.
func TestNamesOfAccounts(t *testing.T) {
	w := newWorld(t)
	radio := must(w.store.CreateAccount(t.Context(), by, store.Account{Name: "radio"}))(t)
	w.newUser("alice", store.RoleAdmin, "")
	w.newUser("alice", store.RoleViewer, radio.ID)
	w.newUser("bob", store.RoleAdmin, radio.ID)
	for name, account := range map[string]string{"alice": w.account.ID, "radio/alice": radio.ID, "bob": radio.ID, "radio/bob": radio.ID, "default/alice": w.account.ID} {
		b := w.browser()
		if a := b.signIn(`{"user":"` + name + `","password":"` + password + `"}`); a.json["account"] != account {
			t.Errorf("%s: %s, expected the account %s", name, a.body, account)
		}
		if account != radio.ID {
			continue
		}
		// Users of other accounts stream by their own account, and administer nothing.
		w.want(b.do("GET", "/console/api/admin/v1/access-keys", ""), 403, "denied", "another account")
		if name == "bob" {
			if a := b.do("POST", "/console/api/presign", `{}`); a.status != 200 || !strings.HasPrefix(w.signer.asked.AccessKeyID, "console-ESSN") {
				t.Errorf("%d %s", a.status, a.body)
			}
			if key := must(w.store.DescribeAccessKey(t.Context(), w.signer.asked.AccessKeyID))(t); key.Account != radio.ID || key.Parent != "console-"+radio.ID {
				t.Errorf("the key is %+v", key)
			}
		}
	}
	w.want(w.browser().do("POST", "/console/api/signin", `{"user":"nowhere/alice","password":"`+password+`"}`), 401, "unauthenticated", refusal)
	if len(w.admins) > 0 {
		t.Errorf("the administration was asked: %q", w.admins)
	}
}

// Over plain HTTP from another machine no browser would keep the cookie: that is said, and no session is opened.
func TestPlainHTTP(t *testing.T) {
	w := newWorld(t, func(o *console.Options) { o.Hosts = []string{"speech.example.com"} })
	for _, c := range []struct {
		host, origin string
		secure, ok   bool
	}{
		{"localhost:8080", "http://localhost:8080", false, true}, {"127.0.0.1:8080", "http://127.0.0.1:8080", false, true}, {"[::1]:8080", "http://[::1]:8080", false, true},
		{"192.0.2.5:8080", "http://192.0.2.5:8080", false, false}, {"speech.example.com", "http://speech.example.com", false, false},
		{"speech.example.com", "https://speech.example.com", true, true}, // behind a proxy that speaks TLS
		{"localhost:8443", "https://localhost:8443", true, true},
	} {
		b := w.browser()
		r := b.request("POST", "/console/api/signin", `{"token":"esa_folder"}`)
		r.Host = c.host
		r.Header.Set("Origin", c.origin)
		a := b.send(r)
		if !c.ok {
			w.want(a, 403, "denied", "plain HTTP")
			continue
		}
		if a.status != 200 || b.cookie.Secure != c.secure {
			t.Errorf("%s: %d %s, cookie %v", c.origin, a.status, a.body, b.cookie)
		}
	}
}
