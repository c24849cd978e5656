package admin

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// secrets are texts that one answer may show, or none.
type secrets map[string]string

func (s secrets) add(what, value string) {
	if len(value) < 16 {
		panic(what + " is no secret: " + value)
	}
	s[what] = value
}

// TestEverything administers a server from nothing to its end, calls every operation, and then looks for the secrets that came up:
// each shows in the one answer that made it, and nowhere else.
func TestEverything(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		o.System.Models = nil
	})
	hidden := secrets{"administrator's token": rootToken}
	h.everyAccount()
	account := h.account("ACME")
	user := h.do(201, "POST", "/users", `{"account":"`+account+`","name":"alice","role":"operator"}`).get("id")
	id := h.everyAccessKey(account, user, hidden)
	h.everyAPIKey(account, hidden)
	h.everyToken(hidden)
	h.everyUser(user, account)
	h.everyUsage(account, id)
	h.everySession(account, id)
	h.everySystem()
	h.do(200, "GET", "/openapi.json", "")

	for i := range h.handler.routes {
		if name := h.handler.routes[i].name; !h.doc.used[name] {
			t.Errorf("%s was not called with success", name)
		}
	}
	h.grep(hidden)
}

func (h *house) everyAccount() {
	id := h.do(201, "POST", "/accounts", `{"name":"one","limits":{"streams":3,"rate":1.5,"burst":4,"day_seconds":60,"month_seconds":600,"warn_only":true}}`).get("id")
	a := h.do(200, "GET", "/accounts/"+id, "")
	if a.get("limits") != `{"burst":4,"day_seconds":60,"month_seconds":600,"rate":1.5,"streams":3,"warn_only":true}` || a.get("name") != "one" || a.get("disabled") != "false" {
		h.t.Errorf("got %s", a.Body)
	}
	a = h.do(200, "PATCH", "/accounts/"+id, `{"name":"two","disabled":true,"limits":{"streams":5}}`)
	if a.get("limits") != `{"burst":4,"day_seconds":60,"month_seconds":600,"rate":1.5,"streams":5,"warn_only":true}` || a.get("name") != "two" || a.get("disabled") != "true" {
		h.t.Errorf("got %s", a.Body)
	}
	if a = h.do(200, "PATCH", "/accounts/"+id, `{"limits":null}`); a.get("limits.streams") != "0" || a.get("name") != "two" {
		h.t.Errorf("got %s", a.Body)
	}
	h.do(200, "GET", "/accounts/"+id+"/quota", "")
	h.do(200, "GET", "/accounts?limit=1", "")
	h.do(204, "DELETE", "/accounts/"+id, "")
	h.refused(404, "not-found", "*", "", "GET", "/accounts/"+id, "")
}

func (h *house) everyAccessKey(account, user string, hidden secrets) (id string) {
	a := h.do(201, "POST", "/access-keys", `{"account":"`+account+`","user":"`+user+`","name":"app","policy":`+onlyWebSocket+`,"limits":{"streams":2},"expires":"2027-01-01T00:00:00Z"}`)
	id = a.get("access_key.id")
	hidden.add("secret", a.get("secret_access_key"))
	if a = h.do(200, "GET", "/access-keys/"+id, ""); a.get("expires") != "2027-01-01T00:00:00Z" || a.get("user") != user || !strings.Contains(a.get("policy"), "WebSocket") {
		h.t.Errorf("got %s", a.Body)
	}
	if a = h.do(200, "PATCH", "/access-keys/"+id, `{"policy":null,"expires":null,"disabled":true,"limits":{"rate":9}}`); a.get("policy") != "null" || a.get("expires") != "null" || a.get("limits.streams") != "2" || a.get("limits.rate") != "9" {
		h.t.Errorf("got %s", a.Body)
	}
	h.refused(409, "conflict", "*", "disabled", "POST", "/access-keys/"+id+"/temporary", `{"ttl_seconds":60}`)
	h.do(200, "PATCH", "/access-keys/"+id, `{"disabled":false}`)
	hidden.add("second secret", h.do(200, "POST", "/access-keys/"+id+"/rotate", `{"grace_seconds":60}`).get("secret_access_key"))
	a = h.do(201, "POST", "/access-keys/"+id+"/temporary", `{"ttl_seconds":3600,"name":"for a browser","policy":`+onlyWebSocket+`}`)
	hidden.add("temporary secret", a.get("secret_access_key"))
	hidden.add("session token", a.get("session_token"))
	if a.get("access_key.parent") != id || a.get("access_key.limits.streams") != "2" || a.get("access_key.expires") != "2026-11-21T13:00:00Z" {
		h.t.Errorf("got %s", a.Body)
	}
	if a = h.do(200, "GET", "/access-keys?parent="+id+"&account="+account, ""); strings.Count(a.Body.String(), `"parent"`) != 1 {
		h.t.Errorf("got %s", a.Body)
	}
	h.do(200, "GET", "/access-keys/"+id+"/quota", "")
	other := h.do(201, "POST", "/access-keys", `{"account":"`+account+`","name":"to go"}`)
	hidden.add("secret of a key that went", other.get("secret_access_key"))
	h.do(204, "DELETE", "/access-keys/"+other.get("access_key.id"), "")
	return id
}

func (h *house) everyAPIKey(account string, hidden secrets) {
	a := h.do(201, "POST", "/api-keys", `{"account":"`+account+`","name":"web","origins":["https://example.com"],"models":["m"],"operations":["transcribe"],"expires":"2027-01-01T00:00:00Z"}`)
	hidden.add("API key", a.get("token"))
	id := a.get("api_key.id")
	if !strings.HasPrefix(a.get("token"), a.get("api_key.prefix")) {
		h.t.Errorf("%s does not begin like that", a.Body)
	}
	if a = h.do(200, "GET", "/api-keys/"+id, ""); a.get("origins") != `["https://example.com"]` {
		h.t.Errorf("got %s", a.Body)
	}
	if a = h.do(200, "PATCH", "/api-keys/"+id, `{"origins":[],"models":null,"operations":["stream"],"expires":null,"limits":{"streams":1}}`); a.get("origins") != "null" || a.get("models") != "null" || a.get("operations") != `["stream"]` {
		h.t.Errorf("got %s", a.Body)
	}
	h.do(200, "GET", "/api-keys?prefix=esk_", "")
	h.do(200, "GET", "/api-keys/"+id+"/quota", "")
	h.do(204, "DELETE", "/api-keys/"+id, "")
}

func (h *house) everyToken(hidden secrets) {
	a := h.do(201, "POST", "/admin-tokens", `{"name":"ci","role":"operator","expires":"2027-01-01T00:00:00Z"}`)
	hidden.add("second administrator's token", a.get("token"))
	id := a.get("admin_token.id")
	h.do(200, "GET", "/admin-tokens", "")
	if a = h.do(200, "PATCH", "/admin-tokens/"+id, `{"role":"viewer","expires":null,"disabled":true,"name":"robot"}`); a.get("role") != "viewer" || a.get("disabled") != "true" || a.get("expires") != "null" {
		h.t.Errorf("got %s", a.Body)
	}
	h.do(204, "DELETE", "/admin-tokens/"+id, "")
}

func (h *house) everyUser(id, account string) {
	if a := h.do(200, "PATCH", "/users/"+id, `{"role":"administrator","name":"alice b"}`); a.get("role") != "administrator" || a.get("password") != "false" {
		h.t.Errorf("got %s", a.Body)
	}
	h.do(200, "GET", "/users/"+id, "")
	if a := h.do(200, "GET", "/users?account="+account+"&text=ALICE", ""); !strings.Contains(a.Body.String(), id) {
		h.t.Errorf("got %s", a.Body)
	}
	h.refused(409, "conflict", "*", "", "DELETE", "/users/"+id, "") // there is a key
	other := h.do(201, "POST", "/users", `{"account":"`+account+`","name":"bob"}`)
	if other.get("role") != "viewer" {
		h.t.Errorf("without a role: %s", other.Body)
	}
	h.do(204, "DELETE", "/users/"+other.get("id"), "")
}

func (h *house) everyUsage(account, key string) {
	h.do(200, "PUT", "/prices/*", `{"per_minute_micros":6000,"currency":"EUR"}`)
	h.do(200, "PUT", "/prices/gone", `{"per_minute_micros":1,"currency":"USD"}`)
	h.do(204, "DELETE", "/prices/gone", "")
	h.do(200, "GET", "/prices", "")
	if err := h.store.AddUsage(h.t.Context(), []store.Usage{{Session: "x", Sequence: 1, At: h.now, Account: account, Key: key, Model: "m", Protocol: "p", Language: "en", Audio: 90 * time.Second, Streams: 1, Requests: 2, Errors: 1}}); err != nil {
		h.t.Fatal(err)
	}
	if a := h.do(200, "GET", "/usage?by=day&group=key&from=2026-11-01&to=2026-12", ""); !strings.Contains(a.get("items"), `"cost":"0.009","currency":"EUR"`) {
		h.t.Errorf("got %s", a.Body)
	}
	if a := h.do(200, "GET", "/usage?group=key&top=1&from=2026-11", ""); !strings.Contains(a.get("items"), key) || a.get("from") == "" {
		h.t.Errorf("got %s", a.Body)
	}
	h.refused(400, "invalid", "top", "1 to 1000", "GET", "/usage?group=key&top=0", "")
	if a := h.do(200, "GET", "/access-keys/"+key+"/quota", ""); a.get("key.day.used_seconds") != "90" || a.get("account.month.used_seconds") != "90" || a.get("key.day.resets") != "2026-11-22T00:00:00Z" || a.get("key.month.resets") != "2026-12-01T00:00:00Z" {
		h.t.Errorf("got %s", a.Body)
	}
}

func (h *house) everySession(account, key string) {
	h.sessions.open = append(h.sessions.open, live("one", account, key, h.now), live("two", "000000000000", "k", h.now))
	if a := h.do(200, "GET", "/sessions?account="+account, ""); a.get("total") != "1" || !strings.Contains(a.Body.String(), `"audio_seconds":1.5,"lag_seconds":0.02`) {
		h.t.Errorf("got %s", a.Body)
	}
	if a := h.do(200, "GET", "/sessions?limit=1", ""); a.get("total") != "2" || strings.Contains(a.Body.String(), `"two"`) {
		h.t.Errorf("got %s", a.Body)
	}
	if a := h.do(200, "GET", "/access-keys/"+key+"/quota", ""); a.get("key.streams") != `{"limit":2,"used":1}` || a.get("account.streams.used") != "1" {
		h.t.Errorf("got %s", a.Body)
	}
	h.do(200, "GET", "/sessions/two", "")
	h.do(204, "DELETE", "/sessions/two", "")
	if why := stt.AsError(h.sessions.ended["two"]); why == nil || !strings.Contains(why.Msg, "administrator") || len(h.sessions.ended) != 1 {
		h.t.Errorf("ended %v", h.sessions.ended)
	}
	if !strings.Contains(h.log.String(), "serial=two by=admin remote=192.0.2.7") {
		h.t.Error("the log does not say who ended a stream")
	}
	if a := h.do(200, "GET", "/audit?kind=session&action=end&target=two", ""); !strings.Contains(a.Body.String(), `"actor":"admin","remote":"192.0.2.7"`) || !strings.Contains(a.Body.String(), `"account":"000000000000"`) {
		h.t.Errorf("the audit log does not say who ended a stream: %s", a.Body)
	}
	if code := stt.CodeOf(h.sessions.ended["two"]); code != stt.Closed {
		h.t.Errorf("a client hears %v, after which it may try again", code)
	}
	h.refused(404, "not-found", "", "open", "DELETE", "/sessions/three", "")
}

func (h *house) everySystem() {
	if a := h.do(200, "GET", "/system", ""); a.get("version") != "v1" || a.get("state") != "ready" || a.get("streams") != "2" {
		h.t.Errorf("got %s", a.Body)
	}
	if a := h.do(200, "GET", "/system", ""); !strings.Contains(a.Body.String(), `"slots":{"taken":3,"most":8}`) {
		h.t.Errorf("system: %s", a.Body)
	}
	if a := h.do(200, "GET", "/system/config", ""); strings.Contains(a.Body.String(), "hunter2") || !strings.Contains(a.Body.String(), `"source":"EARSHOT_STORE","secret":true`) {
		h.t.Errorf("got %s", a.Body)
	}
	if a := h.do(200, "POST", "/store:check", ""); a.get("findings") != "[]" {
		h.t.Errorf("got %s", a.Body)
	}
	if a := h.do(200, "POST", "/policy:check", `{"policy":`+onlyWebSocket+`,"action":"transcribe:StartStreamTranscription"}`); a.get("allowed") != "false" || a.get("valid") != "true" {
		h.t.Errorf("got %s", a.Body)
	}
	if a := h.do(200, "GET", "/audit?kind=access-key&action=create&limit=1000", ""); a.get("items") == "[]" || strings.Contains(a.Body.String(), `"api-key"`) {
		h.t.Errorf("got %s", a.Body)
	}
	h.do(200, "GET", "/audit?limit=1000", "")
}

// onlyWebSocket is the policy that Amazon's documentation prints for streaming from a browser.
const onlyWebSocket = `{"Version":"2012-10-17","Statement":[{"Sid":"transcribestreaming","Effect":"Allow","Action":"transcribe:StartStreamTranscriptionWebSocket","Resource":"*"}]}`

// grep looks for secrets and for their hashes: in all answers, in the log, and in the database as it stands on the disk.
func (h *house) grep(hidden secrets) {
	h.t.Helper()
	master, err := os.ReadFile(h.master)
	if err != nil {
		h.t.Fatal(err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(master)))
	if err != nil {
		h.t.Fatal(err)
	}
	hidden.add("master key", strings.TrimSpace(string(master)))
	hidden.add("master key in hexadecimal", hex.EncodeToString(key))
	shown := map[string]int{}
	answers, log := h.answers.String(), h.log.String()
	for what, value := range hidden {
		text, _ := json.Marshal(value)
		once := strings.Trim(string(text), `"`)
		shown[what] = strings.Count(answers, once)
		want := 1
		if strings.Contains(what, "master key") || value == rootToken {
			want = 0
		}
		if shown[what] != want {
			h.t.Errorf("the %s shows in %d places of the answers, expected %d", what, shown[what], want)
		}
		for name, sum := range sums(value) {
			if strings.Contains(answers, sum) || strings.Contains(log, sum) {
				h.t.Errorf("the %s of the %s shows", name, what)
			}
		}
		if strings.Contains(log, value) {
			h.t.Errorf("the %s shows in the log", what)
		}
	}
}

// A policy without which the check of a key would say something else than the server does.
func TestCheckPolicyOfKeys(t *testing.T) {
	h := newHouse(t)
	account := h.account("a")
	id, _ := h.key(account, "k")
	ask := func(key, action string) string {
		return h.do(200, "POST", "/policy:check", `{"access_key":"`+key+`","action":"`+action+`"}`).get("allowed")
	}
	if ask(id, "transcribe:StartStreamTranscription") != "true" || ask(id, "s3:GetObject") != "false" {
		t.Error("a key without a policy does not have the default one")
	}
	child := h.do(201, "POST", "/access-keys/"+id+"/temporary", `{"ttl_seconds":60}`).get("access_key.id")
	if ask(child, "transcribe:StartStreamTranscription") != "true" || ask(child, "s3:GetObject") != "false" {
		t.Error("temporary credentials without a policy do not have that of their key")
	}
	narrow := h.do(201, "POST", "/access-keys/"+id+"/temporary", `{"ttl_seconds":60,"policy":`+onlyWebSocket+`}`).get("access_key.id")
	if ask(narrow, "transcribe:StartStreamTranscription") != "false" || ask(narrow, "transcribe:StartStreamTranscriptionWebSocket") != "true" {
		t.Error("a policy does not narrow temporary credentials")
	}
	h.do(200, "PATCH", "/access-keys/"+id, `{"policy":{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}}`)
	a := h.do(200, "POST", "/policy:check", `{"access_key":"`+narrow+`","action":"transcribe:StartStreamTranscriptionWebSocket"}`)
	if a.get("allowed") != "false" || !strings.Contains(a.get("reason"), "denies") || !strings.Contains(a.Body.String(), `"policy":"parent","number":0`) {
		t.Errorf("the key's policy does not bind its temporary credentials: %s", a.Body)
	}
}

func TestCheckPolicy(t *testing.T) {
	h := newHouse(t)
	check := func(body string) answer { return h.do(200, "POST", "/policy:check", body) }
	if a := check(`{"policy":{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps","Action":"*","Resource":"*"}]}}`); a.get("valid") != "false" || !strings.Contains(a.get("error"), "Effect") {
		t.Errorf("got %s", a.Body)
	}
	if a := check(`{"policy":` + onlyWebSocket + `}`); a.get("valid") != "true" || a.get("reason") != "null" {
		t.Errorf("got %s", a.Body)
	}
	night := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-11-21T12:30:00Z"}}}}`
	if a := check(`{"policy":` + night + `,"action":"transcribe:GetVocabulary"}`); a.get("allowed") != "true" {
		t.Errorf("the time is not that of the clock: %s", a.Body)
	}
	if a := check(`{"policy":` + night + `,"action":"transcribe:GetVocabulary","context":{"AWS:currenttime":"2026-11-21T12:30:01Z"}}`); a.get("allowed") != "false" || !strings.Contains(a.Body.String(), "does not hold") {
		t.Errorf("the time is not the one given: %s", a.Body)
	}
	h.refused(400, "invalid", "policy", "either", "POST", "/policy:check", `{"action":"transcribe:GetVocabulary"}`)
	h.refused(400, "invalid", "policy", "either", "POST", "/policy:check", `{"policy":`+night+`,"access_key":"ESHKAAAAAAAAAAAAAAAA"}`)
	h.refused(400, "invalid", "context.aws:Nonsense", "condition key", "POST", "/policy:check", `{"policy":`+night+`,"context":{"aws:Nonsense":"1"}}`)
	h.refused(400, "invalid", "action", "at most", "POST", "/policy:check", `{"policy":`+night+`,"action":"`+strings.Repeat("a", 3000)+`"}`)
	h.refused(404, "not-found", "*", "", "POST", "/policy:check", `{"access_key":"ESHKAAAAAAAAAAAAAAAA","action":"transcribe:GetVocabulary"}`)
	h.refused(400, "invalid", "action", "transcribe:StartStreamTranscription", "POST", "/policy:check", `{"policy":`+night+`,"action":"StartStreamTranscription"}`)
	h.refused(400, "invalid", "action", "an action of this server", "POST", "/policy:check", `{"policy":`+night+`,"action":"transcribe:Foo"}`)
	const slip = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["transcribe:StartStreamTranscripton","transcribe:GetVocabulary"],"Resource":"*"}}`
	if a := check(`{"policy":` + slip + `}`); a.get("valid") != "true" || !strings.Contains(a.Body.String(), `"notes":["Statement[0].Action: \"transcribe:StartStreamTranscripton\" is none of the actions of this server"]`) {
		t.Errorf("a slip: %s", a.Body)
	}
	if a := check(`{"policy":` + night + `}`); strings.Contains(a.Body.String(), "notes") {
		t.Errorf("no slip: %s", a.Body)
	}
	h.refused(400, "invalid", "policy", "Effect", "POST", "/access-keys", `{"account":"123456789012","name":"x","policy":{"Version":"2012-10-17","Statement":[{"Action":"*","Resource":"*"}]}}`)
	if !policy.KnownKey(policy.SourceIP) {
		t.Error("the table of condition keys has changed")
	}
}

// Temporary credentials end with their key at the latest, and derive from none that is temporary, disabled or over.
func TestDerive(t *testing.T) {
	h := newHouse(t)
	account := h.account("a")
	a := h.do(201, "POST", "/access-keys", `{"account":"`+account+`","name":"k","expires":"2026-11-21T12:10:00Z"}`)
	id := a.get("access_key.id")
	child := h.do(201, "POST", "/access-keys/"+id+"/temporary", `{"ttl_seconds":3600}`)
	if child.get("access_key.expires") != "2026-11-21T12:10:00Z" || child.get("access_key.name") != "k" {
		t.Errorf("got %s", child.Body)
	}
	h.refused(409, "conflict", "", "temporary itself", "POST", "/access-keys/"+child.get("access_key.id")+"/temporary", `{"ttl_seconds":60}`)
	h.refused(409, "conflict", "", "temporary credentials of", "POST", "/access-keys/"+child.get("access_key.id")+"/rotate", `{"grace_seconds":60}`)
	for _, ttl := range []string{"59", "129601", "-1", "0"} {
		h.refused(400, "invalid", "ttl_seconds", "expected 60 to 129600", "POST", "/access-keys/"+id+"/temporary", `{"ttl_seconds":`+ttl+`}`)
	}
	kept, err := h.store.AccessKey(t.Context(), child.get("access_key.id"))
	if err != nil || hex.EncodeToString(kept.TokenHash) != sums(child.get("session_token"))["hash"] {
		t.Errorf("the session token is not the one whose hash is kept (%v)", err)
	}
	h.now = h.now.Add(10 * time.Minute)
	h.refused(409, "conflict", "", "expired", "POST", "/access-keys/"+id+"/temporary", `{"ttl_seconds":60}`)
	h.refused(404, "not-found", "*", "", "POST", "/access-keys/ESHKAAAAAAAAAAAAAAAA/temporary", `{"ttl_seconds":60}`)
}

// Rotation keeps the old secret for as long as was said.
func TestRotate(t *testing.T) {
	h := newHouse(t)
	id, first := h.key(h.account("a"), "k")
	second := h.do(200, "POST", "/access-keys/"+id+"/rotate", `{"grace_seconds":60}`).get("secret_access_key")
	good := func() (all []string) {
		k, err := h.store.AccessKey(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range k.Secrets {
			all = append(all, s.Value)
		}
		return all
	}
	if got := good(); len(got) != 2 || got[0] != second || got[1] != first {
		t.Errorf("%d secrets are good, expected the new and the old one", len(got))
	}
	h.now = h.now.Add(61 * time.Second)
	if got := good(); len(got) != 1 || got[0] != second {
		t.Errorf("%d secrets are good after the time, expected the new one", len(got))
	}
	h.refused(400, "invalid", "grace_seconds", "expected 0 to 2592000", "POST", "/access-keys/"+id+"/rotate", `{"grace_seconds":2592001}`)
	if third := h.do(http.StatusOK, "POST", "/access-keys/"+id+"/rotate", `{}`).get("secret_access_key"); len(good()) != 1 || good()[0] != third {
		t.Error("without grace the old secret is still good")
	}
}
