package admin

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// handlerOnly serves a request without holding it to the document.
func (h *house) handlerOnly(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// What was changed since it was seen is not changed or deleted, where the caller says what was seen.
func TestIfMatch(t *testing.T) {
	h := newHouse(t)
	account := h.account("a")
	key, _ := h.key(account, "k")
	api := h.do(201, "POST", "/api-keys", `{"account":"`+account+`","name":"n"}`).get("api_key.id")
	user := h.do(201, "POST", "/users", `{"account":"`+account+`","name":"u"}`).get("id")
	with := func(tag, method, path, body string) answer {
		r := h.request(method, path, body)
		r.Header.Set("If-Match", tag)
		return h.send(r, body)
	}
	for _, path := range []string{"/api-keys/" + api, "/users/" + user, "/access-keys/" + key, "/accounts/" + account} {
		seen := h.do(200, "GET", path, "").Header().Get("ETag")
		changed := h.do(200, "PATCH", path, `{"name":"another"}`)
		if now := changed.Header().Get("ETag"); now == "" || now == seen {
			t.Errorf("%s: the tag was %q and is %q", path, seen, now)
		}
		for _, c := range []struct{ method, body string }{{"PATCH", `{"name":"x"}`}, {"DELETE", ""}} {
			if a := with(seen, c.method, path, c.body); a.Code != 412 || a.get("error.code") != "precondition-failed" {
				t.Errorf("%s %s: %d %s", c.method, path, a.Code, a.Body)
			}
		}
		if got := h.do(200, "GET", path, ""); got.get("name") != "another" || got.Header().Get("ETag") != changed.Header().Get("ETag") {
			t.Errorf("%s has changed: %s", path, got.Body)
		}
		if a := with(`"x", `+changed.Header().Get("ETag"), "PATCH", path, `{"name":"third"}`); a.Code != 200 {
			t.Errorf("%s with the right tag: %d %s", path, a.Code, a.Body)
		}
		if a := with("*", "DELETE", path, ""); a.Code != 204 {
			t.Errorf("%s with *: %d %s", path, a.Code, a.Body)
		}
	}
	if a := with("*", "PUT", "/prices/m", `{"per_minute_micros":1,"currency":"EUR"}`); a.Code != 400 {
		t.Errorf("If-Match was passed over: %d", a.Code)
	}
}

// Of many who have seen the same, one changes it.
func TestIfMatchAtOnce(t *testing.T) {
	h := newHouse(t)
	id := h.account("a")
	seen := h.do(200, "GET", "/accounts/"+id, "").Header().Get("ETag")
	const many = 8
	codes := make([]int, many)
	var all sync.WaitGroup
	for i := range many {
		r := h.request("PATCH", "/accounts/"+id, `{"name":"name `+strconv.Itoa(i)+`"}`)
		r.Header.Set("If-Match", seen)
		all.Go(func() { codes[i] = h.handlerOnly(r).Code }) // owned by the test; ends with the request
	}
	all.Wait()
	slices.Sort(codes)
	if codes[0] != 200 || codes[1] != 412 || codes[many-1] != 412 {
		t.Errorf("got %v", codes)
	}
}

// Having been used is no change.
func TestETagOfUse(t *testing.T) {
	h := newHouse(t)
	id, _ := h.key(h.account("a"), "k")
	before := h.do(200, "GET", "/access-keys/"+id, "")
	if err := h.store.Touch(t.Context(), []store.Use{{ID: id, At: h.now}}); err != nil {
		t.Fatal(err)
	}
	after := h.do(200, "GET", "/access-keys/"+id, "")
	if after.get("last_used") != "2026-11-21T12:00:00Z" || after.Header().Get("ETag") != before.Header().Get("ETag") {
		t.Errorf("got %s with %s, before %s", after.Body, after.Header().Get("ETag"), before.Header().Get("ETag"))
	}
}

// Pages together have everything once, in order.
func TestPages(t *testing.T) {
	h := newHouse(t)
	var want []string
	for _, name := range []string{"e", "d", "c", "b", "a"} {
		h.account(name)
		want = append(want, name)
	}
	slices.Sort(want)
	var got []string
	for after, rounds := "", 0; rounds < 10; rounds++ {
		a := h.do(200, "GET", "/accounts?limit=2&after="+after, "")
		var names []string
		for part := range strings.SplitSeq(a.Body.String(), `"name":"`) {
			if name, _, ok := strings.Cut(part, `"`); ok && len(name) == 1 && name != "{" {
				names = append(names, name)
			}
		}
		got = append(got, names...)
		if after = a.get("next"); after == "null" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, expected %q", got, want)
	}
	h.refused(400, "invalid", "*", "", "GET", "/accounts?after=nonsense", "")
}

// Who did it, and from where, stands in the audit log.
func TestAudit(t *testing.T) {
	h := newHouse(t)
	token, _ := h.token("operator", "")
	r := h.request("POST", "/accounts", `{"name":"x"}`)
	r.Header.Set("Authorization", "Bearer "+token)
	r.RemoteAddr = "[2001:db8::1]:999"
	id := h.send(r, `{"name":"x"}`).get("id")
	a := h.do(200, "GET", "/audit?kind=account&target="+id, "")
	for _, want := range []string{`"actor":"token:operator"`, `"remote":"2001:db8::1"`, `"action":"create"`} {
		if !strings.Contains(a.Body.String(), want) {
			t.Errorf("%s is not in %s", want, a.Body)
		}
	}
	long := h.do(201, "POST", "/admin-tokens", `{"name":"`+strings.Repeat("n", 128)+`","role":"operator"}`) // with what stands before it, it is too long for the log
	r = h.request("POST", "/accounts", `{"name":"y"}`)
	r.Header.Set("Authorization", "Bearer "+long.get("token"))
	if a := h.send(r, `{"name":"y"}`); a.Code != 201 {
		t.Errorf("a token with a long name: %d %s", a.Code, a.Body)
	}
	if a := h.do(200, "GET", "/audit?actor=token:"+long.get("admin_token.id"), ""); a.get("items") == "[]" {
		t.Error("it is not in the audit log by its id")
	}
	if a := h.do(200, "GET", "/audit?actor=admin&to=2026-11-21", ""); a.get("items") != "[]" {
		t.Errorf("before there was anything: %s", a.Body)
	}
	if a := h.do(200, "GET", "/audit?actor=admin&from=2026-11-21&to=2026-11-22", ""); !strings.Contains(a.Body.String(), "admin-token") {
		t.Errorf("got %s", a.Body)
	}
	if log := h.log.String(); !strings.Contains(log, "operation=createAccount by=token:operator remote=2001:db8::1") {
		t.Errorf("the log does not say it: %s", log)
	}
}

func TestUsage(t *testing.T) {
	h := newHouse(t)
	use := func(seq int64, at, account, key, model string, audio time.Duration) store.Usage {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		return store.Usage{Session: "s", Sequence: seq, At: when, Account: account, Key: key, Model: model, Protocol: "p", Language: "en-US", Audio: audio, Streams: 1, Requests: 1}
	}
	if err := h.store.AddUsage(t.Context(), []store.Usage{
		use(1, "2026-11-20T10:00:00Z", "111111111111", "k1", "small", time.Minute),
		use(2, "2026-11-20T11:59:00Z", "111111111111", "k1", "large", time.Minute),
		use(3, "2026-11-21T00:00:00Z", "111111111111", "k2", "large", 30*time.Second),
		use(4, "2026-12-01T00:00:00Z", "222222222222", "k3", "free", time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	items := func(query string) string { return h.do(200, "GET", "/usage?"+query, "").get("items") }
	if got := items(""); !strings.Contains(got, `"audio_seconds":3750`) || strings.Contains(got, "cost") {
		t.Errorf("in all, without prices: %s", got)
	}
	h.do(200, "PUT", "/prices/small", `{"per_minute_micros":1000,"currency":"EUR"}`)
	h.do(200, "PUT", "/prices/large", `{"per_minute_micros":20001,"currency":"EUR"}`)
	if got := items("by=month"); strings.Count(got, `"start"`) != 2 || !strings.Contains(got, `"start":"2026-11-01T00:00:00Z"`) || strings.Contains(got, `"model"`) || !strings.Contains(got, `"cost":"0.031002"`) {
		t.Errorf("by month: %s", got)
	}
	if got := items("by=day&group=model&account=111111111111"); strings.Count(got, `"start"`) != 3 {
		t.Errorf("by day and model: %s", got)
	}
	if got := items("group=key&model=large"); !strings.Contains(got, `"cost":"0.020001","currency":"EUR","errors":0,"key":"k1"`) {
		t.Errorf("of a model, by key: %s", got)
	}
	if got := items("from=2026-11-20T11:00:00Z&to=2026-11-21"); !strings.Contains(got, `"audio_seconds":60`) {
		t.Errorf("of an hour: %s", got)
	}
	h.refused(404, "not-found", "account", `"account"`, "GET", "/usage?account=000000000000", "")
	h.refused(404, "not-found", "key", `"key"`, "GET", "/usage?key=k4", "")
	if got := items("account=111111111111&to=2026-11"); got != "[]" {
		t.Errorf("of a time in which nothing was used: %s", got)
	}
	a := h.do(200, "GET", "/usage?by=day&group=key&account=111111111111&format=csv", "")
	rows, err := csv.NewReader(strings.NewReader(a.Body.String())).ReadAll()
	if err != nil || a.Header().Get("Content-Type") != csvMedia || !strings.Contains(a.Header().Get("Content-Disposition"), "usage.csv") {
		t.Fatalf("%v, %v", err, a.Header())
	}
	if len(rows) != 3 || rows[0][0] != "start" || rows[1][0] != "2026-11-20T00:00:00Z" || rows[1][2] != "k1" || rows[1][6] != "120" || rows[1][10] != "0.021001" {
		t.Errorf("got %q", rows)
	}
	h.do(200, "PUT", "/prices/small", `{"per_minute_micros":1,"currency":"USD"}`)
	h.refused(400, "invalid", "group", "model", "GET", "/usage?account=111111111111", "") // euros and dollars
}

// What nobody outside can explain is told to the log, and to nobody else.
func TestInternalErrors(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.System.Models = func(context.Context) ([]stt.Model, error) { return nil, errors.New("open /srv/secret-path: broken") }
	})
	h.refused(500, "internal", "", "log", "GET", "/system", "")
	if strings.Contains(h.answers.String(), "secret-path") || !strings.Contains(h.log.String(), "secret-path") {
		t.Error("the cause is in the answer, or not in the log")
	}
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	a := h.send(h.request("GET", "/accounts", ""), "")
	if a.Code < 500 || strings.Contains(a.Body.String(), "sql") || strings.Contains(a.Body.String(), ".db") {
		t.Errorf("without a database: %d %s", a.Code, a.Body)
	}
	r := h.request("GET", "/accounts", "")
	r.Header.Set("Authorization", "Bearer esa_another")
	if a := h.send(r, ""); a.Code < 500 {
		t.Errorf("a token that cannot be looked up: %d %s", a.Code, a.Body)
	}
}

// Every code has its status, and no status tells success.
func TestStatuses(t *testing.T) {
	for _, code := range stt.Codes() {
		status, body := translate(stt.Errorf(code, "said"))
		if status < 400 || body.Code != code.String() || body.Message == "" || code != stt.Internal && body.Message != "said" {
			t.Errorf("%v is %d %v", code, status, body)
		}
	}
}

// Without sessions, models and settings there is less to say, and nothing breaks.
func TestBare(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Sessions, o.System, o.Token = nil, System{}, nil })
	a := h.send(h.request("GET", "/system", ""), "")
	if a.Code != 401 {
		t.Errorf("a token that nobody knows: %d", a.Code)
	}
	_, token, err := h.store.CreateAdminToken(t.Context(), store.Actor{Name: "test"}, store.AdminToken{Name: "t", Role: store.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/system", "/system/config", "/sessions"} {
		r := h.request("GET", path, "")
		r.Header.Set("Authorization", "Bearer "+token)
		if a := h.send(r, ""); a.Code != 200 {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
	for _, method := range []string{"GET", "DELETE"} {
		r := h.request(method, "/sessions/x", "")
		r.Header.Set("Authorization", "Bearer "+token)
		if a := h.send(r, ""); a.Code != 404 {
			t.Errorf("%s: %d %s", method, a.Code, a.Body)
		}
	}
}
