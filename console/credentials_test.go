package console_test

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/console"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// An address is signed with a key of the session's own, which may only stream, and whose usage is that of the console.
func TestPresign(t *testing.T) {
	w := newWorld(t)
	b := w.user("alice", store.RoleMember)
	a := b.do("POST", "/console/api/presign", `{"parameters":{"language-code":"en-US","sample-rate":"16000"},"region":"eu-west-1","medical":true}`)
	if a.status != 200 || !strings.HasPrefix(a.json["url"].(string), "ws://localhost:8080/") || a.json["expires"] != "2026-11-21T15:01:00Z" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	asked := w.signer.asked
	if asked.Expires != time.Minute || asked.Region != "eu-west-1" || !asked.Medical || asked.Host != host || asked.Secure || asked.Parameters.Get("language-code") != "en-US" {
		t.Errorf("asked for %+v", asked)
	}
	key := must(w.store.AccessKey(t.Context(), asked.AccessKeyID))(t)
	parent := must(w.store.AccessKey(t.Context(), key.Parent))(t)
	alice := must(w.store.UserByName(t.Context(), w.account.ID, "alice"))(t)
	token := sha256.Sum256([]byte(asked.SessionToken))
	switch {
	case key.Secrets[0].Value != asked.Secret, string(key.TokenHash) != string(token[:]), key.User != alice.ID, key.Account != w.account.ID,
		!key.LastUsed.Equal(w.clock.read()), !parent.LastUsed.Equal(w.clock.read()), // which Access shows at once
		!key.Expires.Equal(w.clock.read().Add(24 * time.Hour)), parent.Name != "console", parent.ID != "console-"+w.account.ID, parent.User != "":
		t.Errorf("the key is %s %+v, its parent %s", key, key.Expires, parent)
	}
	for _, p := range []string{key.Policy, parent.Policy} {
		var document struct{ Statement []struct{ Action []string } }
		if err := json.Unmarshal([]byte(p), &document); err != nil || len(document.Statement) != 1 || len(document.Statement[0].Action) != 2 {
			t.Errorf("the policy is %s, %v", p, err)
		}
		for _, action := range document.Statement[0].Action {
			if !strings.HasPrefix(action, "transcribe:Start") || !strings.HasSuffix(action, "StreamTranscriptionWebSocket") {
				t.Errorf("the policy allows %s", action)
			}
		}
	}
	// The same key as long as the session lasts, also on another server, so that a stream can be taken up again.
	b.at = w.restart()
	b.do("POST", "/console/api/presign", `{}`)
	if w.signer.asked.AccessKeyID != asked.AccessKeyID || w.signer.asked.SessionToken != asked.SessionToken || w.signer.asked.Region != "us-east-1" {
		t.Errorf("asked for %+v, expected the same key", w.signer.asked)
	}
	other := w.browser()
	other.signIn(`{"token":"esa_folder"}`)
	other.do("POST", "/console/api/presign", `{}`)
	if w.signer.asked.AccessKeyID == asked.AccessKeyID {
		t.Error("two sessions have one key")
	}
	entries, _, err := w.store.Audit(t.Context(), store.AuditFilter{Action: "presign"})
	ok(t, err)
	if len(entries) != 3 || entries[2].Actor != "user:alice" || entries[2].Remote != "192.0.2.1" || entries[2].Target != key.ID || entries[0].Actor != "admin" {
		t.Errorf("the audit log has %+v", entries)
	}
	// By HTTPS it is wss, as the browser says where something in between speaks it.
	r := b.request("POST", "/console/api/presign", `{}`)
	r.Header.Set("Origin", "https://"+host)
	if a := b.send(r); a.status != 200 || !w.signer.asked.Secure {
		t.Errorf("%d %s", a.status, a.body)
	}
	for name, body := range map[string]string{
		"a parameter of the signature": `{"parameters":{"X-Amz-Expires":"604800"}}`, "the same in other letters": `{"parameters":{"x-AMZ-date":"1"}}`,
		"a region of two": `{"region":"a b"}`, "a region with a slash": `{"region":"a/b"}`, "a list": `{"parameters":["a"]}`, "a number": `{"parameters":{"sample-rate":16000}}`,
		"a parameter that is wrong": `{"parameters":{"sample-rate":"1"}}`, "another host": `{"host":"evil.example"}`,
		"a long value": `{"parameters":{"a":"` + strings.Repeat("x", 3000) + `"}}`, "an expiry": `{"expires":"1h"}`,
	} {
		if a := b.do("POST", "/console/api/presign", body); a.status != 400 || a.code() != "invalid" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for _, secret := range []string{asked.Secret, asked.SessionToken, "X-Amz-Signature"} {
		if strings.Contains(w.log.String(), secret) {
			t.Error("the log has a secret")
		}
	}
}

// A ticket is signed by the same key and good for the page that asked.
func TestTicket(t *testing.T) {
	w := newWorld(t)
	b := w.user("alice", store.RoleMember)
	a := b.do("POST", "/console/api/ticket", "")
	text, _ := a.json["api_key"].(string)
	ticket, ok := auth.ParseTicket(text)
	if a.status != 200 || !ok || a.json["expires"] != "2026-11-21T15:01:00Z" || !ticket.Expires.Equal(w.clock.read().Add(time.Minute)) || ticket.Origin != "http://"+host {
		t.Fatalf("%d %s", a.status, a.body)
	}
	key := must(w.store.AccessKey(t.Context(), ticket.Key))(t)
	if !ticket.Signed([]string{key.Secrets[0].Value}) || key.Parent != "console-"+w.account.ID {
		t.Errorf("it is not signed by the key %s", key)
	}
	if parent := must(w.store.AccessKey(t.Context(), key.Parent))(t); !key.LastUsed.Equal(w.clock.read()) || !parent.LastUsed.Equal(w.clock.read()) {
		t.Errorf("the keys were last used %v and %v", key.LastUsed, parent.LastUsed)
	}
	if entries, _, err := w.store.Audit(t.Context(), store.AuditFilter{Action: "ticket"}); err != nil || len(entries) != 1 || entries[0].Target != key.ID {
		t.Errorf("the audit log has %+v, %v", entries, err)
	}
}

// A page learns why a stream was refused. The question is put as the page would put it itself.
func TestWhy(t *testing.T) {
	w := newWorld(t)
	b := w.user("alice", store.RoleMember)
	ask := func() answer { return b.do("POST", "/console/api/why", `{"query":"model=local.m&language=en"}`) }
	if a := ask(); a.status != 200 || strings.TrimSpace(a.body) != `{"refused":false}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.refusal = &console.Refusal{Status: 429, Code: "rate_limit_exceeded", Message: "enough", RetryAfter: 3}
	if a := ask(); a.status != 200 || strings.TrimSpace(a.body) != `{"refused":true,"status":429,"code":"rate_limit_exceeded","message":"enough","retry_after":3}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	tried := w.attempts[0]
	ticket, ok := auth.ParseTicket(tried.Ticket)
	if !ok || tried.Query != "model=local.m&language=en" || tried.Origin != "http://"+host || ticket.Origin != tried.Origin || tried.Remote != b.from || !ticket.Expires.Equal(w.clock.read().Add(time.Minute)) {
		t.Errorf("tried %+v", tried)
	}
	if key := must(w.store.AccessKey(t.Context(), ticket.Key))(t); !ticket.Signed([]string{key.Secrets[0].Value}) || key.Parent != "console-"+w.account.ID {
		t.Errorf("the ticket is not signed by the key %s", key)
	}
	if a := ask(); strings.Contains(a.body, tried.Ticket) || strings.Contains(w.log.String(), tried.Ticket) {
		t.Error("the ticket is told")
	}
	w.want(b.do("POST", "/console/api/why", `{"query":1}`), 400, "invalid", "query")
	r := b.request("POST", "/console/api/why", `{}`)
	r.Header.Del("X-CSRF-Token")
	w.want(b.send(r), 403, "csrf", "")
	for len(w.attempts) < 20 {
		if a := ask(); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	w.want(ask(), 429, "quota", "too many requests") // each begins a stream: it has their pace
	w.options.Try = nil
	b.at = w.restart()
	w.want(ask(), 404, "not-found", "")
}

// Operators decide about the console's key as about any other.
func TestKeyOfTheConsole(t *testing.T) {
	w := newWorld(t)
	b := w.user("alice", store.RoleMember)
	b.do("POST", "/console/api/presign", `{}`)
	parent := "console-" + w.account.ID
	disable := func(id string, disabled bool) {
		t.Helper()
		must(w.store.UpdateAccessKey(t.Context(), by, id, func(k *store.AccessKey) error { k.Disabled = disabled; return nil }))(t)
	}
	disable(parent, true)
	for _, path := range []string{"/console/api/presign", "/console/api/ticket"} {
		w.want(b.do("POST", path, `{}`), 403, "denied", "disabled")
	}
	disable(parent, false)
	own := w.signer.asked.AccessKeyID
	disable(own, true)
	w.want(b.do("POST", "/console/api/presign", `{}`), 403, "denied", "has disabled the key")
	disable(own, false)
	must(w.store.RotateAccessKey(t.Context(), by, own, time.Hour))(t)
	if a := b.do("POST", "/console/api/presign", `{}`); a.status != 200 {
		t.Errorf("while the old secret is good: %d %s", a.status, a.body)
	}
	w.clock.move(time.Hour)
	w.want(b.do("POST", "/console/api/presign", `{}`), 403, "denied", "another secret")
	ok(t, w.store.DeleteAccessKey(t.Context(), by, parent))
	if a := b.do("POST", "/console/api/presign", `{}`); a.status != 200 {
		t.Errorf("when it was deleted: %d %s", a.status, a.body)
	}
	w.options.Account = nil
	if k, err := w.store.DescribeAccessKey(t.Context(), parent); err != nil || k.Disabled {
		t.Errorf("the key is %v, %v", k, stt.CodeOf(err))
	}
}
