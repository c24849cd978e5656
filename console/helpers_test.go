package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/console"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// by makes what tests need.
var by = store.Actor{Name: "tester"}

const (
	host     = "localhost:8080"
	password = "correct horse battery"
	refusal  = "that is not right"
)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// folderToken is the token of the data folder.
type folderToken struct{ token string }

func (f *folderToken) CheckAdmin(token string) (auth.Principal, error) {
	if token != f.token {
		return auth.Principal{}, stt.Errorf(stt.Unauthenticated, "another")
	}
	return auth.Principal{Name: "admin", Admin: true}, nil
}

func (f *folderToken) Digest() (sum [32]byte) {
	copy(sum[:], f.token)
	return sum
}

// signer says what it was asked for.
type signer struct{ asked console.Presign }

func (s *signer) Presign(_ context.Context, p console.Presign) (string, error) {
	if p.Parameters.Get("sample-rate") == "1" {
		return "", stt.Errorf(stt.Invalid, "no such rate")
	}
	s.asked = p
	return "ws://" + p.Host + "/stream?X-Amz-Signature=x", nil
}

// throttle counts wrong guesses.
type throttle struct {
	failed int
	closed bool
}

func (t *throttle) Check(string) error {
	if t.closed {
		return &stt.Error{Code: stt.Quota, Msg: "too many", RetryAfter: 3 * time.Second}
	}
	return nil
}
func (t *throttle) Failed(string) { t.failed++ }

// world is a console with a store, and somebody's browser.
type world struct {
	t        *testing.T
	console  *console.Console
	store    *store.Store
	clock    *clock
	token    *folderToken
	signer   *signer
	throttle *throttle
	admins   []string // whom the administration was asked by, and for what
	log      *bytes.Buffer
	account  store.Account
	attempts []console.Attempt // streams that were tried
	refusal  *console.Refusal  // what is said of them

	options console.Options
	url     string
}

func newWorld(t *testing.T, change ...func(*console.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)}, token: &folderToken{"esa_folder"}, signer: &signer{}, throttle: &throttle{}, log: &bytes.Buffer{},
		url: "sqlite:" + filepath.Join(t.TempDir(), "store.db")}
	var err error
	w.store, err = store.Open(t.Context(), w.url, store.Options{Master: store.NewMaster(), Now: w.clock.read})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.account = must(w.store.CreateAccount(t.Context(), by, store.Account{Name: "default"}))(t)
	w.options = console.Options{Version: "v1", Store: w.store, Token: w.token, Passwords: auth.NewPasswords(auth.Cost{Memory: 64, Passes: 1}), Throttle: w.throttle,
		Account: func(context.Context) (string, error) { return w.account.ID, nil }, Pages: somePages(), Client: fstest.MapFS{"index.js": {Data: []byte("export {};")}},
		Plain: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "Earshot, plainly") }),
		Admin: func(rw http.ResponseWriter, r *http.Request, who console.Who) {
			w.admins = append(w.admins, who.Name+" "+string(who.Role)+" "+r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+r.Header.Get("Cookie"))
			rw.WriteHeader(http.StatusNoContent)
		},
		Models: func(context.Context) ([]stt.Model, error) { return []stt.Model{{ID: "m"}}, nil },
		Try: func(_ context.Context, a console.Attempt) (*console.Refusal, error) {
			w.attempts = append(w.attempts, a)
			return w.refusal, nil
		},
		Sign: w.signer, Now: w.clock.read, Log: slog.New(slog.NewTextHandler(w.log, nil))}
	for _, c := range change {
		c(&w.options)
	}
	w.console = w.restart()
	return w
}

// restart makes a console on the same store, as another server would.
func (w *world) restart() *console.Console {
	w.t.Helper()
	c, err := console.New(w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func somePages() fs.FS {
	return fstest.MapFS{"index.html": {Data: []byte("<!doctype html>" + strings.Repeat("<p>hello</p>", 50))}, "app.js": {Data: []byte(strings.Repeat("x();", 100))}, "icon.png": {Data: []byte("png")}}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newUser makes a user with the password.
func (w *world) newUser(name string, role store.Role, account string) store.User {
	w.t.Helper()
	if account == "" {
		account = w.account.ID
	}
	hash := must(w.options.Passwords.Hash(w.t.Context(), password, false))(w.t)
	return must(w.store.CreateUser(w.t.Context(), by, store.User{Account: account, Name: name, Role: role, PasswordHash: hash}))(w.t)
}

// browser is somebody's, with what it keeps.
type browser struct {
	w      *world
	at     *console.Console
	cookie *http.Cookie
	csrf   string
	from   string // the address
}

func (w *world) browser() *browser { return &browser{w: w, at: w.console, from: "192.0.2.1:5000"} }

// answer is what came.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (a answer) code() string {
	problem, _ := a.json["error"].(map[string]any)
	code, _ := problem["code"].(string)
	return code
}

func (a answer) message() string {
	problem, _ := a.json["error"].(map[string]any)
	text, _ := problem["message"].(string)
	return text
}

// request returns one as a browser sends it from the console's own pages.
func (b *browser) request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = host, b.from
	if body != "" || method != http.MethodGet {
		r.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		r.Header.Set("Origin", "http://"+host)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.cookie != nil {
		r.AddCookie(&http.Cookie{Name: b.cookie.Name, Value: b.cookie.Value})
	}
	if b.csrf != "" && method != http.MethodGet {
		r.Header.Set("X-CSRF-Token", b.csrf)
	}
	return r
}

// send sends a request as it is, and keeps a cookie that comes.
func (b *browser) send(r *http.Request) answer {
	b.w.t.Helper()
	rec := httptest.NewRecorder()
	b.at.ServeHTTP(rec, r)
	res := rec.Result()
	a := answer{status: res.StatusCode, header: res.Header, body: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &a.json) // not all answers are JSON
	for _, c := range res.Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return a
}

func (b *browser) do(method, path, body string) answer {
	b.w.t.Helper()
	return b.send(b.request(method, path, body))
}

// signIn signs in and fails the test where that fails.
func (b *browser) signIn(body string) answer {
	b.w.t.Helper()
	a := b.do("POST", "/console/api/signin", body)
	if a.status != http.StatusOK || b.cookie == nil {
		b.w.t.Fatalf("sign-in: %d %s", a.status, a.body)
	}
	b.csrf, _ = a.json["csrf"].(string)
	return a
}

// user signs in somebody who is made for it.
func (w *world) user(name string, role store.Role) *browser {
	w.t.Helper()
	w.newUser(name, role, "")
	b := w.browser()
	b.signIn(`{"user":"` + name + `","password":"` + password + `"}`)
	return b
}

// signedIn asks whether the server thinks so.
func (b *browser) signedIn() bool {
	b.w.t.Helper()
	a := b.do("GET", "/console/api/session", "")
	if a.status != http.StatusOK {
		b.w.t.Fatalf("session: %d %s", a.status, a.body)
	}
	return a.json["signed_in"] == true
}

func (w *world) want(a answer, status int, code, text string) {
	w.t.Helper()
	if a.status != status || a.code() != code || !strings.Contains(a.message(), text) {
		w.t.Errorf("%d %q %q, expected %d %q with %q", a.status, a.code(), a.message(), status, code, text)
	}
}
