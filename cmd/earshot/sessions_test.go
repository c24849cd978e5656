package main_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The streams of a server that runs are listed and ended; who may write to its store needs no token, and leaves none.
func TestSessions(t *testing.T) {
	w := newWorld(t)
	w.env = append(w.env, "EARSHOT_DATA="+w.path("d"))
	p, address := w.serve()
	if r := w.run("", "sessions"); r.code != 0 || r.out != "" || r.err != "there are no open streams\n" {
		t.Fatalf("without streams: %+v", r)
	}
	client := w.start("transcribe", "--url=ws://"+address, "--credentials", w.path("d/credentials"), "--format=json", "--raw", "-")
	client.say(1200 * time.Millisecond)
	client.out.await("Good morning everybody")

	var list struct {
		Items []struct {
			ID, Key, Protocol string
			Audio             float64 `json:"audio_seconds"`
		}
	}
	if err := json.Unmarshal([]byte(w.good("sessions", "list", "--format", "json")), &list); err != nil || len(list.Items) != 1 || list.Items[0].Audio <= 0 {
		t.Fatalf("%v: %+v", err, list)
	}
	one := list.Items[0]
	for _, args := range [][]string{nil, {"list"}, {"--account=default"}, {"--key=" + one.Key}, {"--url=http://" + address + "/"}} {
		if out := w.good(append([]string{"sessions"}, args...)...); strings.Count(out, "\n") != 2 || !strings.Contains(out, one.ID) || !strings.Contains(out, one.Protocol) {
			t.Errorf("%q: %s", args, out)
		}
	}
	w.refused(1, `"account"`, "sessions", "--account=radioo")
	w.refused(2, "--url", "sessions", "--url=127.0.0.1:1")
	w.refused(2, "EARSHOT_ADMIN_TOKEN", "sessions", "--url=http://192.0.2.1:1") // which would be sent a token of this store
	w.refused(2, "--ca", "sessions", "--ca="+w.path("talk.wav"))
	w.refused(1, "cannot be reached", "sessions", "--url=http://127.0.0.1:1")
	w.refused(1, "no stream", "sessions", "kill", "nosuch")
	if out := w.good("admin-tokens", "list"); out != "" {
		t.Errorf("tokens are left: %s", out)
	}

	// Another's server is asked with a token; what that may not do is refused.
	token := strings.Fields(w.good("admin-tokens", "create", "--name", "watcher", "--role", "viewer"))[1]
	env := w.env
	w.env = append(env, "EARSHOT_DATA="+w.path("elsewhere"), "EARSHOT_ADMIN_TOKEN="+token)
	if out := w.good("sessions", "--url=http://"+address); !strings.Contains(out, one.ID) {
		t.Errorf("with a token: %s", out)
	}
	w.refused(1, "operator", "sessions", "kill", one.ID, "--url=http://"+address)
	w.env = append(env, "EARSHOT_ADMIN_TOKEN=wrong")
	w.refused(1, "token", "sessions")
	w.env = env

	if r := w.run("", "sessions", "kill", one.ID); r.code != 0 || !strings.Contains(r.err, one.ID+" is being ended") {
		t.Errorf("kill: %+v", r)
	}
	if code := client.end(); code != 1 || !strings.Contains(client.log.String(), "administrator ended") {
		t.Errorf("the client ended with %d: %s", code, client.log)
	}
	if out := w.good("audit", "--operation=end"); !strings.Contains(out, one.ID) || !strings.Contains(out, "token:cli") {
		t.Errorf("the audit log: %s", out)
	}
	if all := p.log.String() + p.out.String() + client.log.String(); strings.Contains(all, token) {
		t.Error("the token is in a log")
	}
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
}
