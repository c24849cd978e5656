package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// What changes something asks for the cookie, the token against forged requests, and the role, in that order.
func TestAttacks(t *testing.T) {
	w := newWorld(t)
	alice, viewer := w.user("alice", store.RoleMember), w.user("victor", store.RoleViewer)
	for name, c := range map[string]struct {
		method, path, body string
		change             func(r *http.Request)
		status             int
		code               string
	}{
		"as it should be":  {"POST", "/presign", `{}`, func(*http.Request) {}, 200, ""},
		"no cookie":        {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Del("Cookie") }, 401, "unauthenticated"},
		"another's cookie": {"POST", "/presign", `{}`, swap(viewer.cookie), 403, "csrf"},
		"a cookie under its old name": {"POST", "/presign", `{}`, func(r *http.Request) {
			r.Header.Set("Cookie", strings.Replace(r.Header.Get("Cookie"), "earshot-8080", "earshot", 1))
		}, 401, "unauthenticated"},
		"a long cookie":           {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Set("Cookie", "earshot-8080="+strings.Repeat("x", 8000)) }, 401, "unauthenticated"},
		"the hash for the cookie": {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Set("Cookie", "earshot-8080=%00") }, 401, "unauthenticated"},
		"no token":                {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Del("X-CSRF-Token") }, 403, "csrf"},
		"another's token":         {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Set("X-CSRF-Token", viewer.csrf) }, 403, "csrf"},
		"two tokens":              {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Add("X-CSRF-Token", viewer.csrf) }, 403, "csrf"},
		"the token in the query":  {"POST", "/presign?X-CSRF-Token=" + alice.csrf + "&csrf=" + alice.csrf, `{}`, func(r *http.Request) { r.Header.Del("X-CSRF-Token") }, 403, "csrf"},
		"the cookie for a token":  {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Set("X-CSRF-Token", alice.cookie.Value) }, 403, "csrf"},
		"another origin":          {"POST", "/presign", `{}`, set("Origin", "https://evil.example"), 403, "denied"},
		"another port":            {"POST", "/presign", `{}`, set("Origin", "http://localhost:9090"), 403, "denied"},
		"no origin at all":        {"POST", "/presign", `{}`, set("Origin", "null"), 403, "denied"},
		"an origin in the middle": {"POST", "/presign", `{}`, set("Origin", "http://localhost:8080.evil.example"), 403, "denied"},
		"an origin with a user":   {"POST", "/presign", `{}`, set("Origin", "http://localhost:8080@evil.example"), 403, "denied"},
		"two origins":             {"POST", "/presign", `{}`, func(r *http.Request) { r.Header.Add("Origin", "https://evil.example") }, 403, "denied"},
		"another site":            {"POST", "/presign", `{}`, set("Sec-Fetch-Site", "cross-site"), 403, "denied"},
		"a neighbour":             {"POST", "/presign", `{}`, set("Sec-Fetch-Site", "same-site"), 403, "denied"},
		"another host":            {"POST", "/presign", `{}`, func(r *http.Request) { r.Host = "evil.example"; r.Header.Set("Origin", "http://evil.example") }, 403, "denied"},
		"a host that begins right": {"POST", "/presign", `{}`, func(r *http.Request) {
			r.Host = "localhost.evil.example:8080"
			r.Header.Set("Origin", "http://localhost.evil.example:8080")
		}, 403, "denied"},
		"no host":                            {"POST", "/presign", `{}`, func(r *http.Request) { r.Host = "" }, 403, "denied"},
		"another host, as the proxy says":    {"POST", "/presign", `{}`, func(r *http.Request) { r.Host = "evil.example"; r.Header.Set("X-Forwarded-Host", host) }, 403, "denied"},
		"read from another site":             {"GET", "/session", "", set("Sec-Fetch-Site", "cross-site"), 403, "denied"},
		"read by another origin":             {"GET", "/models", "", set("Origin", "https://evil.example"), 403, "denied"},
		"read by another host":               {"GET", "/session", "", func(r *http.Request) { r.Host = "evil.example" }, 403, "denied"},
		"another method":                     {"GET", "/presign", "", func(*http.Request) {}, 405, "method-not-allowed"},
		"a method of one's own":              {"BREW", "/presign", "", func(*http.Request) {}, 405, "method-not-allowed"},
		"overridden to POST":                 {"GET", "/presign", "", set("X-HTTP-Method-Override", "POST"), 405, "method-not-allowed"},
		"overridden in the query":            {"GET", "/presign?_method=POST", "", func(*http.Request) {}, 405, "method-not-allowed"},
		"sign-out by a link":                 {"GET", "/signout", "", func(*http.Request) {}, 405, "method-not-allowed"},
		"sign-out by a form":                 {"POST", "/signout", "", func(r *http.Request) { r.Header.Del("X-CSRF-Token") }, 403, "csrf"},
		"a password by a form":               {"POST", "/password", `{}`, func(r *http.Request) { r.Header.Del("X-CSRF-Token") }, 403, "csrf"},
		"another media type":                 {"POST", "/presign", `{}`, set("Content-Type", "text/plain"), 415, "unsupported-media-type"},
		"no such path":                       {"POST", "/presigned", `{}`, func(*http.Request) {}, 404, "not-found"},
		"a slash more":                       {"POST", "//presign", `{}`, func(*http.Request) {}, 404, "not-found"},
		"a slash behind":                     {"POST", "/presign/", `{}`, func(*http.Request) {}, 404, "not-found"},
		"an escaped path":                    {"POST", "/pre%73ign", `{}`, func(*http.Request) {}, 404, "not-found"},
		"the administration, GET":            {"GET", "/admin/v1/system", "", func(*http.Request) {}, 204, ""},
		"the administration, DELETE":         {"DELETE", "/admin/v1/accounts/1", "", func(*http.Request) {}, 204, ""},
		"the administration, forged":         {"DELETE", "/admin/v1/accounts/1", "", func(r *http.Request) { r.Header.Del("X-CSRF-Token") }, 403, "csrf"},
		"the administration, from elsewhere": {"GET", "/admin/v1/system", "", set("Sec-Fetch-Site", "cross-site"), 403, "denied"},
		"the administration, nobody":         {"GET", "/admin/v1/system", "", func(r *http.Request) { r.Header.Del("Cookie"); r.Header.Set("Authorization", "Bearer esa_folder") }, 401, "unauthenticated"},
	} {
		t.Run(name, func(t *testing.T) {
			b := *alice
			r := b.request(c.method, "/console/api"+c.path, c.body)
			c.change(r)
			a := b.send(r)
			if a.status != c.status || a.code() != c.code {
				t.Errorf("%d %s, expected %d %s", a.status, a.body, c.status, c.code)
			}
			if c.status != 204 && a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("caches may keep the answer: %v", a.header)
			}
			if a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("another origin may read the answer")
			}
		})
	}
	if !alice.signedIn() {
		t.Error("some attack has signed alice out")
	}
	if len(w.admins) != 2 || w.admins[0][:19] != "user:alice operator" || strings.Contains(strings.Join(w.admins, ""), "earshot-8080") {
		t.Errorf("the administration was asked %q", w.admins)
	}
}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func swap(c *http.Cookie) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Cookie", c.Name+"="+c.Value) }
}

// Each operation with each role.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	browsers := map[string]*browser{"": w.browser(), "viewer": w.user("v", store.RoleViewer), "operator": w.user("o", store.RoleMember), "administrator": w.user("a", store.RoleAdmin)}
	for _, c := range []struct {
		method, path, body string
		status             map[string]int
	}{
		{"GET", "/session", "", map[string]int{"": 200, "viewer": 200, "operator": 200, "administrator": 200}},
		{"GET", "/models", "", map[string]int{"": 200, "viewer": 200, "operator": 200, "administrator": 200}},
		{"POST", "/presign", "{}", map[string]int{"": 401, "viewer": 403, "operator": 200, "administrator": 200}},
		{"POST", "/ticket", "", map[string]int{"": 401, "viewer": 403, "operator": 200, "administrator": 200}},
		{"POST", "/why", "{}", map[string]int{"": 401, "viewer": 403, "operator": 200, "administrator": 200}},
		{"POST", "/password", "{}", map[string]int{"": 401, "viewer": 400, "operator": 400, "administrator": 400}},
		{"GET", "/admin/v1/x", "", map[string]int{"": 401, "viewer": 204, "operator": 204, "administrator": 204}}, // the administration judges itself
		{"POST", "/signout", "", map[string]int{"": 401, "viewer": 204, "operator": 204, "administrator": 204}},
		{"POST", "/presign", "{}", map[string]int{"": 401, "viewer": 401, "operator": 401, "administrator": 401}},
	} {
		for role, b := range browsers {
			if a := b.do(c.method, "/console/api"+c.path, c.body); a.status != c.status[role] {
				t.Errorf("%s %s as %q: %d %s, expected %d", c.method, c.path, role, a.status, a.body, c.status[role])
			}
		}
	}
}

// Nobody asks without end.
func TestPace(t *testing.T) {
	w := newWorld(t)
	stranger, alice := w.browser(), w.user("alice", store.RoleMember)
	for i := range 500 {
		a := stranger.do("GET", "/console/api/models", "")
		if a.status == 200 && i < 200 {
			continue
		}
		w.want(a, 429, "quota", "too many requests")
		if i < 100 || a.header.Get("Retry-After") == "" {
			t.Errorf("stopped after %d, Retry-After %q", i, a.header.Get("Retry-After"))
		}
		break
	}
	for range 20 {
		if a := alice.do("POST", "/console/api/ticket", ""); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	w.want(alice.do("POST", "/console/api/ticket", ""), 429, "quota", "too many requests")
	w.want(alice.do("POST", "/console/api/presign", "{}"), 429, "quota", "too many requests")
	if !alice.signedIn() {
		t.Error("other requests are refused as well")
	}
	w.clock.move(2 * time.Second)
	if a := alice.do("POST", "/console/api/presign", "{}"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
