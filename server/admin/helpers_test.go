package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

const rootToken = "esa_rootrootrootrootrootrootrootroot"

// house is an administration over a store of its own.
type house struct {
	t        *testing.T
	store    *store.Store
	master   string // the master key's file
	handler  *Handler
	doc      *document
	log      *lockedBuffer
	sessions *sessions
	now      time.Time
	answers  strings.Builder // all of them, headers included
}

// lockedBuffer is a log.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// sessions are streams that a test makes up.
type sessions struct {
	open  []session.Live
	ended map[string]error
}

func (s *sessions) Sessions() []session.Live { return s.open }

func (s *sessions) End(serial string, why error) bool {
	for _, l := range s.open {
		if l.Serial == serial {
			s.ended[serial] = why
			return true
		}
	}
	return false
}

// throttle counts.
type throttle struct {
	refuse error
	failed []string
}

func (t *throttle) Check(string) error   { return t.refuse }
func (t *throttle) Failed(remote string) { t.failed = append(t.failed, remote) }

// newHouse returns one with nothing in the store.
func newHouse(t *testing.T, changes ...func(*Options)) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, log: &lockedBuffer{}, sessions: &sessions{ended: map[string]error{}}, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), master: filepath.Join(dir, "master-key")}
	var err error
	if h.doc, err = openDocument(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(rootToken))
	tokenFile := filepath.Join(dir, "token")
	if err := os.WriteFile(tokenFile, []byte(hex.EncodeToString(sum[:])+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token, err := auth.OpenAdminToken(tokenFile, auth.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	master, _, err := store.EnsureMaster(func(string) string { return "" }, h.master)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return h.now }
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if h.store, err = store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "earshot.db"), store.Options{Master: master, Now: clock, Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	o := Options{Store: h.store, Token: token, Sessions: h.sessions, Now: clock, Log: log, System: System{Version: "v1", Engine: "script", Slots: slotter{3, 8}, Started: h.now,
		State:    func() string { return "ready" },
		Settings: []Setting{{Key: "listen", Value: "127.0.0.1:8080", Source: "default"}, {Key: "store", Value: "postgres://u:hunter2@db/x", Source: "EARSHOT_STORE", Secret: true}}}}
	for _, change := range changes {
		change(&o)
	}
	h.handler = New(o)
	return h
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// get returns a member of the body, such as "access_key.id".
func (a answer) get(path string) string {
	a.t.Helper()
	var v any
	if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(object)
		v = m[name]
	}
	if text, ok := v.(string); ok {
		return text
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// request returns a request of the administrator's, as a program sends it.
func (h *house) request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+Prefix+path, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Authorization", "Bearer "+rootToken)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// send has a request served, and holds what comes to the document.
func (h *house) send(r *http.Request, body string) answer {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	for name, values := range w.Header() {
		h.answers.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
	}
	h.answers.WriteString(w.Body.String() + "\n")
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		h.t.Errorf("%s %s: Cache-Control is %q", r.Method, r.URL, got)
	}
	h.judge(r, body, w)
	return answer{w, h.t}
}

// judge compares request and answer with the document.
func (h *house) judge(r *http.Request, body string, w *httptest.ResponseRecorder) {
	h.t.Helper()
	if w.Code >= 400 {
		if r.Method == http.MethodHead {
			return
		}
		if err := h.doc.judge(h.doc.at("components", "responses", "Failure", "content", jsonMedia, "schema"), w.Body.Bytes()); err != nil {
			h.t.Errorf("%s %s: %d: %v: %s", r.Method, r.URL, w.Code, err, w.Body)
		}
		return
	}
	rt, _, _ := find(h.handler.routes, r.Method, r.URL)
	if rt == nil {
		h.t.Fatalf("%s %s was answered with %d, and there is no such operation", r.Method, r.URL, w.Code)
	}
	op := []string{"paths", rt.path, strings.ToLower(rt.method)}
	if rt.in != nil {
		if err := h.doc.judge(h.doc.at(append(op, "requestBody", "content", jsonMedia, "schema")...), []byte(body)); err != nil {
			h.t.Errorf("%s took what the document does not: %v: %s", rt.name, err, body)
		}
	}
	good := h.doc.at(append(op, "responses", number(w.Code))...)
	switch media := w.Header().Get("Content-Type"); {
	case good == nil:
		h.t.Errorf("%s answered with %d, which the document does not have", rt.name, w.Code)
	case rt.out == nil:
		if w.Body.Len() != 0 {
			h.t.Errorf("%s answered %s", rt.name, w.Body)
		}
	case media == jsonMedia && r.Method != http.MethodHead:
		if err := h.doc.judge(h.doc.at(append(op, "responses", number(w.Code), "content", jsonMedia, "schema")...), w.Body.Bytes()); err != nil {
			h.t.Errorf("%s answered what the document does not have: %v: %s", rt.name, err, w.Body)
		}
	}
	h.doc.used[rt.name] = true
}

// do sends a request of the administrator's and expects a status.
func (h *house) do(status int, method, path, body string) answer {
	h.t.Helper()
	a := h.send(h.request(method, path, body), body)
	if a.Code != status {
		h.t.Fatalf("%s %s %s: status %d, expected %d: %s", method, path, body, a.Code, status, a.Body)
	}
	return a
}

// refused expects an error with a code, for a field ("*": any), whose text has a part.
func (h *house) refused(status int, code, field, part, method, path, body string) {
	h.t.Helper()
	a := h.do(status, method, path, body)
	if got := a.get("error.code"); got != code {
		h.t.Errorf("%s %s: code %q, expected %q", method, path, got, code)
	}
	if got := a.get("error.field"); field != "*" && got != field && !(field == "" && got == "null") {
		h.t.Errorf("%s %s %s: field %q, expected %q", method, path, body, got, field)
	}
	if got := a.get("error.message"); !strings.Contains(got, part) {
		h.t.Errorf("%s %s %s: message %q does not say %q", method, path, body, got, part)
	}
}

// account makes an account and returns its id.
func (h *house) account(name string) string {
	h.t.Helper()
	return h.do(http.StatusCreated, "POST", "/accounts", `{"name":`+quoted(name)+`}`).get("id")
}

// key makes an access key and returns its id and secret.
func (h *house) key(account, name string) (id, secret string) {
	h.t.Helper()
	a := h.do(http.StatusCreated, "POST", "/access-keys", `{"account":"`+account+`","name":`+quoted(name)+`}`)
	return a.get("access_key.id"), a.get("secret_access_key")
}

func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

func live(serial, account, key string, since time.Time) session.Live {
	return session.Live{Serial: serial, Model: "m", Language: "en-US", Since: since, Audio: 1500 * time.Millisecond, Lag: 20 * time.Millisecond,
		Request: &session.Request{ID: "s-" + serial, Request: "r-" + serial, Protocol: "amazon-http2", Caller: key, Account: account, Remote: "192.0.2.9:1", Config: stt.Config{}}}
}

// slotter is an engine with a number of slots: taken, and at most.
type slotter [2]int

func (s slotter) Slots() (taken, most int) { return s[0], s[1] }
