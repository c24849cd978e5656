package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/store"
)

// The audit log is listed by what one asks for, the newest first, for people and for programs.
func TestAudit(t *testing.T) {
	w, id := furnished(t)
	w.good("accounts", "create", "radio", "--data", "d")
	w.good("keys", "create", "--name", "studio", "--account", "radio", "--data", "d", "--format", "credentials")
	w.good("keys", "disable", "studio", "--data", "d")
	audit := func(args ...string) string { return w.good(append([]string{"audit", "--data", "d"}, args...)...) }
	all := audit()
	newest, oldest := strings.Index(all, "update"), strings.Index(all, "create")
	if !strings.HasPrefix(all, "TIME") || newest < 0 || oldest < newest || !strings.Contains(all, id) || !strings.Contains(all, "cli:") {
		t.Errorf("got %s", all)
	}
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal([]byte(audit("--operation=create", "--kind=access-key", "--account=radio", "--format=json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0]["action"] != "create" || list.Items[0]["kind"] != "access-key" || list.Items[0]["detail"] == nil {
		t.Errorf("got %v", list.Items)
	}
	who, _ := list.Items[0]["actor"].(string)
	target, _ := list.Items[0]["target"].(string)
	rows := func(args ...string) int { return strings.Count(audit(append(args, "--since=1h")...), "\n") - 1 }
	if got := rows("--who=" + who); got != strings.Count(all, "\n")-1-strings.Count(all, "  server  ") {
		t.Errorf("of one administrator: %d of %s", got, all)
	}
	if got := rows("--target=" + target); got != 2 {
		t.Errorf("of one thing: %d", got)
	}
	if got := rows("--limit=1"); got != 1 {
		t.Errorf("the newest: %d", got)
	}
	if got, most := rows("--limit=0"), strings.Count(all, "\n")-1; got != most {
		t.Errorf("all: %d of %d", got, most)
	}
	for _, args := range [][]string{{"--since=2099-01"}, {"--until=2020-01-01"}, {"--who=nobody"}, {"--until=1h"}} {
		if r := w.run("", append([]string{"audit", "--data", "d"}, args...)...); r.code != 0 || r.out != "" || r.err != "there are no such entries in the audit log\n" {
			t.Errorf("%q: %+v", args, r)
		}
	}
	w.refused(2, "--since", "audit", "--data", "d", "--since=yesterday")
	w.refused(2, "--limit", "audit", "--data", "d", "--limit=-1")
	w.refused(1, `"radioo"`, "audit", "--data", "d", "--account=radioo")

	// What is deleted is known by what the log has of it.
	account := member(t, w.good("accounts", "show", "radio", "--data", "d", "--format", "json"), "id")
	w.good("keys", "delete", "studio", "--yes", "--data", "d")
	w.good("accounts", "delete", "radio", "--yes", "--data", "d")
	if got := rows("--account=" + account); got != 5 {
		t.Errorf("of an account that is gone: %d: %s", got, audit("--account="+account))
	}
}

// Whatever a store holds, a row is a line.
func TestAuditIsLines(t *testing.T) {
	w, _ := furnished(t)
	s, err := store.Open(t.Context(), "sqlite:"+w.path("d/earshot.db"), store.Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	long := map[string]any{"text": "one\ntwo " + strings.Repeat("x", 5000)}
	if err := s.Note(t.Context(), store.Actor{Name: "tester"}, store.AuditEntry{Action: "note", Kind: "thing", Target: "t"}, long); err != nil {
		t.Fatal(err)
	}
	out := w.good("audit", "--data", "d", "--operation", "note")
	if strings.Count(out, "\n") != 2 || len(out) > 600 || !strings.Contains(out, "…") {
		t.Errorf("got %s", out)
	}
	if out := w.good("audit", "--data", "d", "--operation", "note", "--format", "json"); !strings.Contains(out, strings.Repeat("x", 5000)) {
		t.Error("JSON is cut")
	}
}
