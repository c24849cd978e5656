package admin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// sums are what of a secret must not show either.
func sums(secret string) map[string]string {
	sum := sha256.Sum256([]byte(secret))
	return map[string]string{"hash": hex.EncodeToString(sum[:]), "hash in base64": base64.StdEncoding.EncodeToString(sum[:]), "secret in base64": base64.StdEncoding.EncodeToString([]byte(secret))}
}

// pathOf is a path that a route matches.
func pathOf(rt *route) string {
	return strings.NewReplacer("{account}", "123456789012", "{user}", "u", "{id}", "ESHKAAAAAAAAAAAAAAAA", "{model}", "m", "{session}", "s").Replace(rt.path)
}

// token makes an administrator's token.
func (h *house) token(role, more string) (token, id string) {
	h.t.Helper()
	a := h.do(201, "POST", "/admin-tokens", `{"name":`+quoted(role+more)+`,"role":"`+role+`"`+more+`}`)
	return a.get("token"), a.get("admin_token.id")
}

// Whoever has no good token gets the same answer for every operation and every path, and changes nothing.
func TestStrangers(t *testing.T) {
	h := newHouse(t)
	expired, _ := h.token("administrator", `,"expires":"2026-11-21T12:00:01Z"`)
	disabled, id := h.token("administrator", "")
	h.do(200, "PATCH", "/admin-tokens/"+id, `{"disabled":true}`)
	gone, id := h.token("operator", "")
	h.do(204, "DELETE", "/admin-tokens/"+id, "")
	h.now = h.now.Add(time.Second)
	key, secret := h.key(h.account("a"), "k")
	api := h.do(201, "POST", "/api-keys", `{"account":"`+h.account("b")+`","name":"n"}`).get("token")
	before, err := h.store.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sums(rootToken)["hash"]
	credentials := map[string]func(*http.Request){
		"nothing":                func(r *http.Request) { r.Header.Del("Authorization") },
		"an empty header":        func(r *http.Request) { r.Header.Set("Authorization", "") },
		"only a scheme":          func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") },
		"no scheme":              func(r *http.Request) { r.Header.Set("Authorization", rootToken) },
		"basic":                  func(r *http.Request) { r.SetBasicAuth("admin", rootToken) },
		"another scheme":         func(r *http.Request) { r.Header.Set("Authorization", "Token "+rootToken) },
		"a signature":            func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/x") },
		"truncated":              func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+rootToken[:len(rootToken)-1]) },
		"with more behind":       func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+rootToken+"x") },
		"in capitals":            func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.ToUpper(rootToken)) },
		"with a space behind":    func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+rootToken+" ") },
		"with a tab":             func(r *http.Request) { r.Header.Set("Authorization", "Bearer\t"+rootToken) },
		"huge":                   func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat(rootToken, 1000)) },
		"its hash":               func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+sum) },
		"twice":                  func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+rootToken) },
		"a wrong and a good one": func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer x", "Bearer " + rootToken} },
		"expired":                func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+expired) },
		"disabled":               func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+disabled) },
		"deleted":                func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+gone) },
		"an access key":          func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) },
		"a secret":               func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) },
		"an API key":             func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+api) },
		"injected SQL":           func(r *http.Request) { r.Header.Set("Authorization", "Bearer ' OR '1'='1") },
		"in the query": func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "access_token=" + rootToken + "&token=" + rootToken
		},
		"in a cookie": func(r *http.Request) { r.Header.Del("Authorization"); r.Header.Set("Cookie", "token="+rootToken) },
		"in other headers": func(r *http.Request) {
			r.Header.Del("Authorization")
			for _, name := range []string{"X-Api-Key", "X-Authorization", "X-Forwarded-Authorization", "Proxy-Authorization", "X-Original-Authorization"} {
				r.Header.Set(name, "Bearer "+rootToken)
			}
		},
	}
	all := h.handler.routes
	targets := map[string]string{"GET /nothing/there": "", "POST /openapi.json": "", "GET /admin-tokens/../accounts": ""}
	for i := range all {
		targets[all[i].method+" "+pathOf(&all[i])] = ""
	}
	for what, change := range credentials {
		for target := range targets {
			method, path, _ := strings.Cut(target, " ")
			r := h.request(method, path, `{}`)
			change(r)
			a := h.send(r, `{}`)
			if a.Code != 401 || a.get("error.code") != "unauthenticated" || a.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %s: %d %s", target, what, a.Code, a.Body)
			}
			if body := a.Body.String(); strings.Contains(body, "expired") || strings.Contains(body, "disabled") || strings.Contains(body, "esa_") {
				t.Errorf("%s tells %s", what, body)
			}
		}
	}
	if after, err := h.store.Revision(t.Context()); err != nil || after != before {
		t.Errorf("strangers made %d changes (%v)", after-before, err)
	}
	h.do(200, "GET", "/accounts", "") // with the good one everything goes on
	r := h.request("GET", "/accounts", "")
	r.Header.Set("Authorization", "bearer  "+rootToken) // RFC 9110: schemes have no case
	if a := h.send(r, ""); a.Code != 200 {
		t.Errorf("in small letters: %d", a.Code)
	}
}

// Each role may do what its operations need, and nothing else.
func TestRoles(t *testing.T) {
	h := newHouse(t)
	h.account("a")
	for _, role := range []Role{Viewer, Operator, Admin} {
		token, _ := h.token(string(role), "")
		all := h.handler.routes
		for i := range all {
			rt := &all[i]
			before, err := h.store.Revision(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := h.request(rt.method, pathOf(rt), `{"name":"`+string(role)+strconv.Itoa(i)+`"}`)
			r.Header.Set("Authorization", "Bearer "+token)
			w := h.handlerOnly(r)
			after, err := h.store.Revision(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			may := ranks[role] >= ranks[rt.role]
			if may == (w.Code == 403) {
				t.Errorf("%s as %s: status %d, needs %s", rt.name, role, w.Code, rt.role)
			}
			if !may && after != before || role == Viewer && after != before {
				t.Errorf("%s as %s changed something", rt.name, role)
			}
		}
	}
	who := Administrator{Role: "root"}
	if who.may(Viewer) || (Administrator{}).may("") {
		t.Error("a role that does not exist may do something")
	}
}

// What is refused is the same whatever stands in a name, and what is taken comes out as it went in.
func TestHostileNames(t *testing.T) {
	good := []string{`'; DROP TABLE accounts; --`, `" OR ""="`, `Robert'); DELETE FROM access_keys WHERE ('1'='1`, `%_\`, `a%00b`, `<script>alert(1)</script>`, `${jndi:ldap://x}`, `{{7*7}}`, `../../etc/passwd`, `level=error msg="x"`,
		`Zoë Ünïcode 日本語`, `\n\r`, `=1+1`, strings.Repeat("ü", 128), `a"b'c` + "`d"}
	bad := []string{"", "a\nb", "a\rtime=x level=ERROR msg=forged", "a\x00b", "a\x1b[31mred", "a\u2028b", strings.Repeat("x", 129), "\u202eevil", "a\u0085b"}
	h := newHouse(t)
	owner := h.account("owner")
	kinds := map[string]func(name string) (method, path, body, get string){
		"account": func(n string) (string, string, string, string) {
			return "POST", "/accounts", `{"name":` + n + `}`, "name"
		},
		"user": func(n string) (string, string, string, string) {
			return "POST", "/users", `{"account":"` + owner + `","name":` + n + `}`, "name"
		},
		"key": func(n string) (string, string, string, string) {
			return "POST", "/access-keys", `{"account":"` + owner + `","name":` + n + `}`, "access_key.name"
		},
		"API key": func(n string) (string, string, string, string) {
			return "POST", "/api-keys", `{"account":"` + owner + `","name":` + n + `}`, "api_key.name"
		},
		"token": func(n string) (string, string, string, string) {
			return "POST", "/admin-tokens", `{"name":` + n + `}`, "admin_token.name"
		},
		"a rename": func(n string) (string, string, string, string) {
			return "PATCH", "/accounts/" + owner, `{"name":` + n + `}`, "name"
		},
	}
	for kind, request := range kinds {
		for i, name := range good {
			if kind == "a rename" || kind == "account" { // names of accounts are unique
				name = string([]rune(name)[:min(len([]rune(name)), 110)]) + kind + strconv.Itoa(i)
			}
			method, path, body, get := request(quoted(name))
			a := h.send(h.request(method, path, body), body)
			if a.Code/100 != 2 || a.get(get) != name {
				t.Errorf("%s %q: %d %s", kind, name, a.Code, a.Body)
			}
		}
		for _, name := range bad {
			method, path, body, _ := request(quoted(name))
			if a := h.send(h.request(method, path, body), body); a.Code != 400 {
				t.Errorf("%s %q was taken: %d %s", kind, name, a.Code, a.Body)
			}
		}
	}
	for line := range strings.Lines(h.log.String()) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line, "level=ERROR") {
			t.Errorf("a name made a line of the log: %q", line)
		}
	}
	for _, name := range append(good, bad...) { // as identifiers, in paths and in queries
		for _, path := range []string{"/accounts/", "/users/", "/access-keys/", "/api-keys/", "/sessions/"} {
			r := h.request("GET", path, "")
			r.URL.Path, r.URL.RawPath = "", ""
			r.URL = r.URL.JoinPath(Prefix, path, "x")
			r.URL.Path = Prefix + path + name
			if a := h.send(r, ""); a.Code != 404 && a.Code != 400 && a.Code != 405 && !(name == "" && a.Code == 404) {
				t.Errorf("GET %s%q: %d %s", path, name, a.Code, a.Body)
			}
		}
		for _, path := range []string{"/access-keys?text=", "/access-keys?account=", "/api-keys?prefix=", "/users?text=", "/audit?actor=", "/usage?key=", "/accounts?after=", "/sessions?key="} {
			r := h.request("GET", "/accounts", "")
			base, parameter, _ := strings.Cut(path, "?")
			r.URL.Path = Prefix + base
			q := r.URL.Query()
			q.Set(strings.TrimSuffix(parameter, "="), name)
			r.URL.RawQuery = q.Encode()
			// What names one account or key is known, or is not.
			unknown := strings.HasPrefix(parameter, "account") || strings.HasPrefix(parameter, "key")
			if a := h.send(r, ""); a.Code != 200 && a.Code != 400 && (a.Code != 404 || !unknown || a.get("error.field") != strings.TrimSuffix(parameter, "=")) {
				t.Errorf("GET %s%q: %d %s", path, name, a.Code, a.Body)
			}
		}
	}
	if a := h.do(200, "POST", "/store:check", ""); a.get("findings") != "[]" {
		t.Errorf("the store has suffered: %s", a.Body)
	}
}

func TestBodies(t *testing.T) {
	h := newHouse(t)
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
		field  string
		part   string
	}{
		"twice":               {`{"name":"a","name":"b"}`, 400, "invalid", "name", "stands twice"},
		"twice, escaped":      {`{"name":"a","\u006eame":"b"}`, 400, "invalid", "name", "stands twice"},
		"twice, deeper":       {`{"name":"a","limits":{"streams":1,"streams":2}}`, 400, "invalid", "limits.streams", "stands twice"},
		"in another case":     {`{"Name":"a"}`, 400, "invalid", "Name", "not known"},
		"unknown":             {`{"name":"a","admin":true}`, 400, "invalid", "admin", `expected one of "name"`},
		"unknown, deeper":     {`{"name":"a","limits":{"stream":1}}`, 400, "invalid", "limits.stream", `"streams"`},
		"two values":          {`{"name":"a"}{"name":"b"}`, 400, "invalid", "", "follows"},
		"rubbish behind":      {`{"name":"a"} x`, 400, "invalid", "", "follows"},
		"empty":               {` `, 400, "invalid", "", "empty"},
		"cut off":             {`{"name":"a"`, 400, "invalid", "", "in the middle"},
		"no JSON":             {`name=a`, 400, "invalid", "", "at byte"},
		"a list":              {`[]`, 400, "invalid", "*", "expected"},
		"a text":              {`"x"`, 400, "invalid", "*", "expected"},
		"a number for a name": {`{"name":1}`, 400, "invalid", "name", "expected a text"},
		"a text for a number": {`{"name":"a","limits":{"streams":"1"}}`, 400, "invalid", "limits.streams", "whole number"},
		"too large a number":  {`{"name":"a","limits":{"streams":99999999999999999999}}`, 400, "invalid", "limits.streams", "whole number"},
		"half a stream":       {`{"name":"a","limits":{"streams":1.5}}`, 400, "invalid", "limits.streams", "whole number"},
		"less than nothing":   {`{"name":"a","limits":{"streams":-1}}`, 400, "invalid", "limits.streams", "0 to"},
		"too many seconds":    {`{"name":"a","limits":{"day_seconds":1000000001}}`, 400, "invalid", "limits.day_seconds", "0 to"},
		"deep":                {`{"name":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 400, "invalid", "*", "in each other"},
		"not UTF-8":           {"{\"name\":\"\xff\"}", 400, "invalid", "", "UTF-8"},
		"a byte order mark":   {"\ufeff{\"name\":\"a\"}", 400, "invalid", "", "at byte"},
		"no name":             {`{}`, 400, "invalid", "*", ""},
		"null":                {`null`, 400, "invalid", "*", ""},
		"huge":                {`{"name":"` + strings.Repeat("x", maxBody) + `"}`, 413, "too-large", "", "1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			h.refused(c.status, c.code, c.field, c.part, "POST", "/accounts", c.body)
		})
	}
	h.t = t
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json;;"} {
		r := h.request("POST", "/accounts", `{"name":"a"}`)
		r.Header.Set("Content-Type", media)
		if a := h.send(r, ""); a.Code != 415 {
			t.Errorf("as %q: %d", media, a.Code)
		}
	}
	r := h.request("POST", "/accounts", `{"name":"a"}`)
	r.Header.Set("Content-Encoding", "gzip")
	if a := h.send(r, ""); a.Code != 415 {
		t.Errorf("compressed: %d", a.Code)
	}
	if a := h.do(200, "GET", "/accounts", ""); a.get("items") != "[]" {
		t.Errorf("something was made: %s", a.Body)
	}
	r = h.request("POST", "/accounts", `{"name":"a"}`)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if a := h.send(r, `{"name":"a"}`); a.Code != 201 {
		t.Errorf("with a charset: %d", a.Code)
	}
}

// A path means one thing, and what means more than one is nothing.
func TestPaths(t *testing.T) {
	h := newHouse(t)
	id := h.account("a")
	for _, path := range []string{"/admin/v1", "/admin/v1/", "/admin/v1//accounts", "/admin/v1/accounts/", "/admin/v1/../v1/accounts", "/admin/v1/./accounts", "/admin/v1/users/../accounts",
		"/admin/v1/%2e%2e/v1/accounts", "/admin/v1/accounts/%2e", "/admin/v1/accounts%2f" + id, "/admin/v1/accounts/" + id + "%2fquota", "/admin/v1/accounts\\" + id, "/admin/v1/accounts%5c" + id,
		"/ADMIN/V1/accounts", "/admin/v1/Accounts", "/admin/v2/accounts", "/admin/v1/accounts;x=1", "/admin/v1/accounts/" + id + "%00", "/admin/v1/accounts/" + id + "%0a", "/x/admin/v1/accounts",
		"/admin/v1/accounts/" + strings.Repeat("a", 2000), "/admin/v1/accounts%3Flimit=1", "/admin/v1/accounts/" + id + "/quota/x", "/admin/v1/accounts/%ff"} {
		for _, method := range []string{"GET", "DELETE"} {
			r := h.request(method, "/accounts", "")
			r.URL = mustURL(t, "http://127.0.0.1:8080"+path)
			if a := h.send(r, ""); a.Code != 404 {
				t.Errorf("%s %s: %d %s", method, path, a.Code, a.Body)
			}
		}
	}
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		r := h.request("GET", "/accounts/"+id, "")
		r.Header.Set(header, "DELETE")
		if a := h.send(r, ""); a.Code != 200 || a.get("id") != id {
			t.Errorf("%s has an effect: %d", header, a.Code)
		}
	}
	r := h.request("GET", "/accounts?_method=DELETE", "")
	if a := h.send(r, ""); a.Code != 400 {
		t.Errorf("_method: %d", a.Code)
	}
	for header, value := range map[string]string{"X-Original-URL": Prefix + "/admin-tokens", "X-Rewrite-URL": Prefix + "/admin-tokens"} {
		r := h.request("GET", "/accounts", "")
		r.Header.Set(header, value)
		if a := h.send(r, ""); a.Code != 200 || !strings.Contains(a.Body.String(), id) {
			t.Errorf("%s has an effect: %s", header, a.Body)
		}
	}
	a := h.do(405, "PUT", "/accounts/"+id, `{}`)
	if a.Header().Get("Allow") != "DELETE, GET, HEAD, PATCH" || a.get("error.code") != "method-not-allowed" {
		t.Errorf("got %q %s", a.Header().Get("Allow"), a.Body)
	}
	h.do(405, "TRACE", "/accounts", "")
	h.do(405, "OPTIONS", "/accounts", "")
	if a := h.do(200, "HEAD", "/accounts", ""); a.Code != 200 {
		t.Errorf("HEAD: %d", a.Code)
	}
	h.do(200, "GET", "/accounts/"+id, "") // still there
}

func TestQueries(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct{ path, field, part string }{
		{"/accounts?limit=0", "limit", "1 to 1000"}, {"/accounts?limit=1001", "limit", "1 to 1000"}, {"/accounts?limit=x", "limit", "1 to 1000"},
		{"/accounts?limit=1&limit=2", "limit", "twice"}, {"/accounts?Limit=1", "Limit", "not known"}, {"/accounts/1?x=1", "x", "there are none"},
		{"/users?text=" + strings.Repeat("x", 600), "text", "at most"}, {"/usage?by=week", "by", "hour"}, {"/usage?group=key,moon", "group", "moon"},
		{"/usage?from=yesterday", "from", "expected a time"}, {"/usage?from=2026-02&to=2026-01", "to", "after"}, {"/usage?format=xml", "format", "csv"}, {"/accounts?after=%00", "after", "control"},
		{"/accounts?limit=1;text=x", "*", "&"},
	} {
		h.refused(400, "invalid", c.field, c.part, "GET", c.path, "")
	}
}

// Pages of other sites get nothing, even with a token; there are no CORS headers.
func TestBrowsers(t *testing.T) {
	any1, named := newHouse(t), newHouse(t, func(o *Options) { o.Hosts = []string{"Earshot.example.com", "alias.example.com:8443"} })
	for _, c := range []struct {
		h       *house
		host    string
		headers string // name=value, separated by |
		good    bool
	}{
		{any1, "127.0.0.1:8080", "", true},
		{any1, "127.0.0.1:8080", "Origin=http://127.0.0.1:8080|Sec-Fetch-Site=same-origin", true},
		{any1, "127.0.0.1:8080", "Origin=https://127.0.0.1:8080", true},
		{any1, "[::1]:8080", "Origin=http://[::1]:8080", true},
		{any1, "localhost:8080", "Sec-Fetch-Site=none", true},
		{any1, "LOCALHOST", "Origin=http://localhost", true},
		{any1, "127.0.0.1:8080", "Origin=http://127.0.0.1:9090", false},
		{any1, "127.0.0.1:8080", "Origin=http://evil.example", false},
		{any1, "127.0.0.1:8080", "Origin=null", false},
		{any1, "127.0.0.1:8080", "Origin=http://127.0.0.1:8080.evil.example", false},
		{any1, "127.0.0.1:8080", "Origin=file://127.0.0.1:8080", false},
		{any1, "127.0.0.1:8080", "Sec-Fetch-Site=cross-site", false},
		{any1, "127.0.0.1:8080", "Sec-Fetch-Site=same-site", false},
		{any1, "earshot.example.com", "", true},                               // a program may use any name
		{any1, "evil.example", "Origin=http://evil.example", false},           // DNS that points here
		{any1, "evil.example", "Sec-Fetch-Site=same-origin", false},           // the same, without Origin
		{any1, "evil.example", "Cookie=a=b", false},                           // only browsers have cookies
		{any1, "localhost.evil.example", "Sec-Fetch-Site=same-origin", false}, // not localhost
		{any1, "127.0.0.1.evil.example", "Sec-Fetch-Site=same-origin", false},
		{named, "earshot.example.com", "Origin=https://earshot.example.com", true},
		{named, "earshot.example.com:8443", "", true},
		{named, "alias.example.com:8443", "Sec-Fetch-Site=same-origin", true},
		{named, "alias.example.com:9000", "", false},
		{named, "evil.example", "", false},
		{named, "10.0.0.5:8080", "", true},
		{named, "", "", false},
	} {
		r := c.h.request("GET", "/accounts", "")
		r.Host = c.host
		for pair := range strings.SplitSeq(c.headers, "|") {
			if name, value, ok := strings.Cut(pair, "="); ok {
				r.Header.Set(name, value)
			}
		}
		a := c.h.send(r, "")
		if c.good != (a.Code == 200) || !c.good && a.get("error.code") != "denied" {
			t.Errorf("Host %q, %s: %d %s", c.host, c.headers, a.Code, a.Body)
		}
		for name := range a.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s", name, a.Header().Get(name))
			}
		}
	}
	r := any1.request("OPTIONS", "/accounts", "")
	r.Header.Set("Origin", "http://evil.example")
	r.Header.Set("Access-Control-Request-Method", "DELETE")
	if a := any1.send(r, ""); a.Code != 403 {
		t.Errorf("a preflight was answered with %d", a.Code)
	}
}

// Who guesses is slowed down, and who has the token is not.
func TestThrottle(t *testing.T) {
	guard := &throttle{}
	h := newHouse(t, func(o *Options) { o.Throttle = guard })
	wrong := func() answer {
		r := h.request("GET", "/accounts", "")
		r.Header.Set("Authorization", "Bearer esa_wrong")
		return h.send(r, "")
	}
	if a := wrong(); a.Code != 401 || len(guard.failed) != 1 || guard.failed[0] != "192.0.2.7:4711" {
		t.Errorf("%d, noted %q", a.Code, guard.failed)
	}
	guard.refuse = &stt.Error{Code: stt.Quota, Msg: "wait", RetryAfter: 2500 * time.Millisecond}
	if a := wrong(); a.Code != 429 || a.Header().Get("Retry-After") != "3" || len(guard.failed) != 2 {
		t.Errorf("%d, Retry-After %q", a.Code, a.Header().Get("Retry-After"))
	}
	h.do(200, "GET", "/accounts", "")
	r := h.request("GET", "/accounts", "")
	r.Header.Del("Authorization")
	if a := h.send(r, ""); a.Code != 401 || len(guard.failed) != 2 {
		t.Errorf("without anything: %d, noted %q", a.Code, guard.failed)
	}
}
